"""The table of the kinds of parts, against the hooks and what is installed."""

from dataclasses import fields
from types import SimpleNamespace

from gantk import Build, Defaults, hookspecs
from gantk.cli.scaffold import TEMPLATES
from gantk.cli.train import train
from gantk.plugins import manager, option_names, selection, slots
from gantk.plugins.entrypoints import default, installed
from gantk.plugins.hooks import hook_arguments
from gantk.plugins.kinds import CHOSEN, KINDS, NETWORKS, PartKind
from gantk.plugins.slots import as_fields, named_in
from gantk.runs.config import Config


def test_the_rows_are_the_hooks_of_which_one_answer_counts():
    assert tuple(KINDS) == tuple(
        hook for hook in hook_arguments() if getattr(hookspecs, hook).gantk_spec["firstresult"]
    )
    assert not any(hook_arguments()[kind] for kind in KINDS)


def test_what_fills_a_slot_is_an_option_a_field_a_default_and_asked_of_build():
    assert CHOSEN == ("generator", "discriminator", "loss", "normalization", "augmentation")
    assert NETWORKS == ("generator", "discriminator")
    options = {parameter.name: parameter for parameter in train.params}
    for kind in CHOSEN:
        assert options[kind].help == KINDS[kind].option
        assert options[kind].multiple == KINDS[kind].by_role == isinstance(getattr(Config(), kind), dict)
        assert callable(getattr(Build, kind))
    assert tuple(field.name for field in fields(Defaults)) == CHOSEN
    assert not {kind for kind in KINDS if kind not in CHOSEN} & Config.model_fields.keys()


def test_every_kind_has_a_template():
    assert {path.stem for path in TEMPLATES.glob("*.py")} == set(KINDS)


def test_what_is_named_for_slots_is_as_a_configuration_holds_it():
    said = {"generator": "unet", "normalization": {"": "layer", "discriminator": "spectral"}}
    named = named_in(Config(**said))
    assert {slot: name for slot, name in named.items() if name} == {
        "generator": "unet",
        "normalization": "layer",
        "normalization.discriminator": "spectral",
    }
    assert as_fields(named) == {"discriminator": None, "loss": None, "augmentation": None, **said}


def test_prefixes_and_examples_tell_kinds_apart():
    prefixes = {kind.prefix.format(role="generator", plugin="kid") for kind in KINDS.values()}
    examples = {kind.example.format(name="NAME", recipe="RECIPE") for kind in KINDS.values()}
    assert len(prefixes) == len(examples) == len(KINDS)
    assert all("NAME" in example for example in examples)


def test_what_new_plugins_begin_with_is_named_by_a_package_that_brings_it():
    known = installed()
    for kind in ("recipe", "generator", "discriminator", "loss", "normalization"):
        assert kind in known[default(kind)].hooks


def test_a_new_kind_is_selected_with_its_options_by_its_row_and_its_hook(monkeypatch, plugin_file):
    row = PartKind(title="", takes=("spec", "build"), prefix="encoder.", example="", option="Whose encoder is used.")
    for module in (manager, option_names, selection, slots):
        monkeypatch.setattr(module, "KINDS", {**KINDS, "encoder": row}, raising=False)
        monkeypatch.setattr(module, "CHOSEN", (*CHOSEN, "encoder"), raising=False)
    monkeypatch.setattr(hookspecs, "encoder", hookspecs.hookspec(firstresult=True)(lambda: None), raising=False)
    lead = plugin_file(
        "lead", "from gantk import Recipe\nclass Mine(Recipe): ...\n@hookimpl\ndef recipe(): return Mine\n"
    )
    aside = plugin_file("aside", "def make(spec, build): ...\n@hookimpl\ndef encoder(): return make\n")
    loaded, defaults = manager.load_plugins([str(lead)]), SimpleNamespace(**vars(Defaults()), encoder=None)
    part = selection.select(loaded, defaults, {"encoder": str(aside)})["encoder"]
    assert (part.plugin, part.origin) == ("aside", "--encoder")
    assert option_names.prefix_of("encoder") == "encoder."
