import pytest

from gantk import Defaults
from gantk.errors import PluginError, Unsupported, UsageError
from gantk.plugins.alternatives import alternatives
from gantk.plugins.manager import load_plugins
from gantk.plugins.selection import Part, UnsupportedPart, leading_recipe, select
from gantk.plugins.slots import named_in
from gantk.runs.config import Config

RECIPE = "from gantk import Recipe\nclass Mine(Recipe): ...\n@hookimpl\ndef recipe(): return Mine\n"
GENERATOR = "def {0}(spec, build): ...\n@hookimpl\ndef generator(): return {0}\n"
LOSS = "from gantk import AdversarialLoss\nclass Game(AdversarialLoss): ...\n@hookimpl\ndef loss(): return Game\n"
NORMALIZATION = (
    "from gantk import Normalization\nclass Norm(Normalization): ...\n@hookimpl\ndef normalization(): return Norm\n"
)
DEFAULTS = Defaults(generator="resnet", discriminator="patchgan", loss="lsgan", normalization={"generator": "instance"})


def chosen(paths, defaults=DEFAULTS, **requested):
    parts = select(load_plugins([str(path) for path in paths]), defaults, named_in(Config(**requested)))
    return {slot: (part.plugin, part.origin) for slot, part in parts.items()}


@pytest.fixture
def lead(plugin_file):
    return plugin_file("lead", RECIPE)


def test_the_recipe_names_what_nobody_else_does(lead):
    assert chosen([lead]) == {
        "recipe": ("lead", "--plugin"),
        "generator": ("resnet", "default of lead"),
        "discriminator": ("patchgan", "default of lead"),
        "loss": ("lsgan", "default of lead"),
        "normalization.generator": ("instance", "default of lead"),
    }


def test_the_last_further_plugin_that_brings_a_part_wins_over_the_default(lead, plugin_file):
    first = plugin_file("first", GENERATOR.format("a"))
    second = plugin_file("second", GENERATOR.format("b") + LOSS)
    third = plugin_file("third", LOSS)
    parts = chosen([lead, first, second, third])
    assert parts["generator"] == ("second", "plugin second")
    assert parts["loss"] == ("third", "plugin third")


def test_the_slot_option_wins_over_all(lead, plugin_file):
    further = plugin_file("further", GENERATOR.format("a"))
    aside = plugin_file("aside", GENERATOR.format("b") + LOSS)
    assert chosen([lead, further], generator="unet")["generator"] == ("unet", "--generator")
    parts = chosen([lead, further], generator=str(aside))
    assert parts["generator"] == ("aside", "--generator")
    assert parts["loss"] == ("lsgan", "default of lead")


def test_a_recipe_that_names_no_default_uses_its_own_parts(plugin_file):
    lead = plugin_file("lead", RECIPE + GENERATOR.format("own"))
    parts = chosen([lead], Defaults())
    assert parts == {"recipe": ("lead", "--plugin"), "generator": ("lead", "default of lead")}


def test_none_names_the_recipes_own_normalization_of_a_role(plugin_file):
    lead = plugin_file("lead", RECIPE + NORMALIZATION)
    parts = chosen([lead], Defaults(normalization={"generator": None, "discriminator": "instance"}))
    assert {slot: plugin for slot, (plugin, _) in parts.items()} == {
        "recipe": "lead",
        "normalization.generator": "lead",
        "normalization.discriminator": "instance",
    }


def test_a_file_can_name_itself_as_default(plugin_file):
    lead = plugin_file("lead", RECIPE + GENERATOR.format("own"))
    assert chosen([lead], Defaults(generator="lead"))["generator"] == ("lead", "default of lead")


def test_a_normalization_for_all_roles_and_for_one(lead):
    both = Defaults(normalization={"generator": "instance", "discriminator": "batch"})
    parts = chosen([lead], both, normalization={"": "layer", "discriminator": "spectral"})
    assert parts["normalization.generator"] == ("layer", "--normalization")
    assert parts["normalization.discriminator"] == ("spectral", "--normalization")
    assert chosen([lead], both, normalization={"discriminator": "spectral"})["normalization.generator"] == (
        "instance",
        "default of lead",
    )


def test_a_role_that_the_recipe_left_unsaid_can_be_asked_for(lead):
    parts = chosen([lead], normalization={"discriminator": "spectral"})
    assert parts["normalization.discriminator"] == ("spectral", "--normalization")


def test_a_further_plugin_normalizes_every_role(lead, plugin_file):
    norm = plugin_file("norm", NORMALIZATION)
    assert chosen([lead, norm])["normalization.generator"] == ("norm", "plugin norm")
    parts = chosen([lead, norm], Defaults())
    assert parts["normalization.generator"] == parts["normalization.discriminator"] == ("norm", "plugin norm")


def test_a_normalization_for_all_roles_of_a_recipe_that_names_none(lead):
    parts = chosen([lead], Defaults(), normalization={"": "layer"})
    assert parts["normalization.generator"] == parts["normalization.discriminator"] == ("layer", "--normalization")


def test_a_misspelled_role_is_refused(lead):
    with pytest.raises(UsageError, match=r"discriminater=spectral: no such role; did you mean 'discriminator'"):
        chosen([lead], normalization={"discriminater": "spectral"})


def test_a_slot_option_naming_a_plugin_without_the_part_lists_those_that_bring_it(lead):
    with pytest.raises(UsageError, match=r"--loss resnet: plugin resnet brings no loss; installed: .*lsgan.*wgan-gp"):
        chosen([lead], loss="resnet")
    with pytest.raises(UsageError, match=r"no plugin is called 'wgangp'; did you mean 'wgan-gp'"):
        chosen([lead], loss="wgangp")


def test_a_leading_plugin_without_a_recipe_lists_the_recipes(plugin_file):
    plugins = load_plugins([str(plugin_file("part", LOSS))])
    with pytest.raises(UsageError, match=r"plugin part brings no recipe, so it cannot lead.*cyclegan.*pix2pix"):
        leading_recipe(plugins)


def test_a_default_that_is_not_installed_names_the_recipe_and_the_nearest(lead):
    with pytest.raises(PluginError, match=r"plugin lead: its default loss 'lsgam' is not installed.*'lsgan'"):
        chosen([lead], Defaults(loss="lsgam"))


def test_a_default_that_brings_no_such_part_names_where_it_was_looked_for(lead, plugin_file):
    shadow = plugin_file("lsgan", GENERATOR.format("a"))
    with pytest.raises(PluginError, match=f"its default loss is 'lsgan', but {shadow} brings none"):
        chosen([lead, shadow])


def test_a_part_is_made_with_its_options():
    part = Part("generator", "mine", lambda spec, build, *, filters=8: (spec, build, filters))
    assert part("spec", "build") == ("spec", "build", 8)
    changed = part.with_options({"filters": 4})
    assert changed("spec", "build") == ("spec", "build", 4)
    assert part.options == {}


def test_the_hint_names_the_others_that_can_do_what_was_asked():
    hint = alternatives(UnsupportedPart(Part("normalization.discriminator", "batch", dict), (), "cannot"))
    assert hint.startswith("; a normalization that can: ")
    assert "instance" in hint
    assert "batch" not in hint.replace("virtual-batch", "")
    assert "(--normalization NAME)" in hint


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("needs 16 pixels, not 8", "own needs 16 pixels, not 8"),
        ("own needs 16 pixels, not 8", "own needs 16 pixels, not 8"),
        ("two of its graphs are called a", "two of its graphs are called a"),
    ],
)
def test_a_recipe_whose_networks_lack_something_is_named_once(reason, said):
    def factory(build):
        raise Unsupported(reason)

    with pytest.raises(Unsupported, match=f"^{said}$"):
        Part("recipe", "own", factory)(None)
