"""What a run is made of: who said what, and what wins."""

from dataclasses import replace

import numpy as np
import pytest

from gantk import ArrayImages, Dataset, Group, PluginError, Split, UsageError
from gantk.plan.assemble import open_training_data
from gantk.plan.course import total_steps
from gantk.plan.quick import is_offered
from gantk.plan.resolve import resolve
from gantk.runs.config import Config, read_config, write_config


class Quick(Dataset):
    """States a quick scale; no image is needed to resolve a run."""

    name = "quick"
    kinds = ("paired",)
    summary = "quick"
    scale = {"size": 64, "steps": 100, "generator.filters": 8, "generator.blocks": 2, "decoder.filters": 5}

    def split(self, kind, test, load):
        raise AssertionError("the images were not asked for")

    def fingerprint(self):
        return "quick"

    def quick(self, kind):
        return self.scale


def values(plugin="cyclegan", **said):
    return stated(resolve(Config(plugins=[plugin], **said), Quick()))


def stated(resolved):
    return {
        **{name: (option.value, option.origin) for name, option in resolved.options.items()},
        **{name: (value, resolved.origins[name]) for name, value in vars(resolved.settings).items()},
    }


def test_the_papers_settings_hold_where_nobody_says_anything():
    found = values()
    assert found["learning_rate"] == (2e-4, "recipe cyclegan")
    assert found["betas"] == ((0.5, 0.999), "recipe cyclegan")
    assert found["schedule"] == ("linear", "recipe cyclegan")
    assert found["cycle"] == (10.0, "default")
    assert found["critic_steps"] == (1, "default")


def test_the_quick_scale_fills_only_what_a_part_declares():
    found = values()
    assert found["size"] == (64, "quick scale of quick")
    assert found["generator.blocks"] == (2, "quick scale of quick")
    assert "decoder.filters" not in found
    assert "generator.blocks" not in values("pix2pix")
    paper = values(scale="paper")
    assert paper["size"] == (256, "default")
    assert paper["generator.filters"] == (64, "default")
    assert paper["steps"] == (None, "default")


class Unnormalized(Quick):
    """Its quick scale takes the norms from a recipe's networks."""

    scale = {"normalization.generator": "none", "normalization.discriminator": "layer", "normalization.encoder": "none"}


@pytest.mark.parametrize(
    ("said", "generator", "discriminator"),
    [
        ({}, "none", "layer"),
        ({"scale": "paper"}, "instance", "instance"),
        ({"normalization": {"generator": "batch"}}, "batch", "layer"),
        ({"generator": "unet"}, "instance", "layer"),
        ({"plugins": ["cyclegan", "unet"]}, "instance", "layer"),
        # Networks that are its own, under the role of generators.
        ({"plugins": ["unit"]}, "none", "layer"),
    ],
)
def test_the_quick_scale_normalizes_a_recipes_default_networks_alone(said, generator, discriminator):
    resolved = resolve(Config(**{"plugins": ["cyclegan"]} | said), Unnormalized())
    parts = {slot: (part.plugin, part.origin) for slot, part in resolved.parts.items() if "normalization" in slot}
    assert [plugin for plugin, _ in parts.values()] == [generator, discriminator]
    assert "normalization.encoder" not in resolved.parts
    if not said:
        assert {origin for _, origin in parts.values()} == {"quick scale of quick"}
    # What is resolved is stated, and then holds as said.
    again = resolve(resolved.complete({}), Unnormalized())
    assert [part.plugin for slot, part in again.parts.items() if "normalization" in slot] == [generator, discriminator]


def test_no_scale_fills_what_a_runs_own_configuration_leaves_out():
    kept = Config(plugins=["cyclegan"], scale="quick", set={"generator.filters": 24})
    resolved = resolve(kept, Unnormalized(), scaled_anew=False)
    found = stated(resolved)
    assert (found["generator.filters"], found["generator.blocks"]) == ((24, "you"), (None, "default"))
    assert resolved.parts["normalization.generator"].plugin == "instance"


class Plain(Quick):
    """States no quick scale, as folders do not."""

    name = "plain"
    kinds = ("unpaired", "images")
    scale = {}


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        ("cyclegan", {"size": 64, "steps": 3000, "generator.filters": 24, "generator.upsampling": "resize"}),
        ("dcgan", {"size": 32, "steps": 3000, "batch_size": 32, "generator.filters": 32}),
        ("munit", {"filters": 16, "blocks": 1, "discriminator.layers": 2}),
        ("srgan", {"size": 64, "steps": 3000, "batch_size": 4, "generator.adds_input": True}),
    ],
)
def test_the_quick_scale_is_there_for_any_data_where_it_is_asked_for(plugin, expected):
    resolved = resolve(Config(plugins=[plugin], scale="quick", set={"discriminator.filters": 7}), Plain())
    found = stated(resolved)
    assert {name: found[name] for name in expected} == {
        name: (value, "quick scale") for name, value in expected.items()
    }
    assert found["discriminator.filters"] == (7, "you")
    unasked = resolve(Config(plugins=[plugin]), Plain())
    assert unasked.settings.size == resolve(Config(plugins=[plugin], scale="paper"), Plain()).settings.size > 32
    assert [is_offered(asked, Plain(), "images") for asked in (None, "paper", "quick")] == [True, True, False]
    assert [is_offered(asked, Quick(), "images") for asked in (None, "paper", "quick")] == [False, True, False]


class Wide(Plain):
    """Images of 40 x 100 pixels."""

    kinds = ("images",)

    def split(self, kind, test, load):
        assert load is None
        return Split((Group({"image": ArrayImages(np.zeros((3, 40, 100, 3), np.uint8))}),))


def test_a_picture_is_learned_whole_and_never_enlarged():
    def size(**said):
        return resolve(Config(plugins=["singan"], **said), Wide()).settings.size

    assert size() == (40, 100)
    assert size(set={"size": 50}) == (20, 50)
    assert size(set={"size": "30x60"}) == (30, 60)
    assert size(scale="quick") == (32, 80)
    # What a run's own configuration says stands, of a picture that is as wide as high too.
    assert resolve(Config(plugins=["singan"], set={"size": 50}), Wide(), scaled_anew=False).settings.size == 50


def test_the_user_wins_over_everything():
    found = values(set={"size": 128, "generator.filters": 4, "cycle": 3, "learning_rate": "1e-3"}, loss="wgan-gp")
    assert found["size"] == (128, "you")
    assert found["generator.filters"] == (4, "you")
    assert found["cycle"] == (3.0, "you")
    assert found["learning_rate"] == (1e-3, "you")


def test_a_chosen_loss_wins_over_the_recipe_and_a_default_one_does_not():
    chosen = values(loss="wgan-gp")
    assert chosen["learning_rate"] == (1e-4, "loss wgan-gp")
    assert chosen["betas"] == ((0.0, 0.9), "loss wgan-gp")
    assert chosen["critic_steps"] == (5, "loss wgan-gp")
    assert chosen["batch_size"] == (1, "recipe cyclegan")
    assert values()["betas"][1] == "recipe cyclegan"


def test_a_chosen_loss_wins_over_the_quick_scale():
    class Hasty(Quick):
        scale = {**Quick.scale, "learning_rate": 4e-4}

    def rate(loss):
        return resolve(Config(plugins=["cyclegan"], loss=loss), Hasty()).settings.learning_rate

    assert (rate(None), rate("wgan-gp")) == (4e-4, 1e-4)


@pytest.mark.parametrize("name", ["learning_rate", "batch_size", "epochs", "ema", "flip"])
def test_a_setting_that_must_have_a_value_takes_no_none(name):
    with pytest.raises(UsageError, match=f"option {name}: 'none' is no"):
        values(set={name: "none"})


@pytest.mark.parametrize(
    "said",
    ["batch_size=0", "accumulate=0", "critic_steps=-1", "steps=0", "epochs=0", "size=0", "jitter=0.5", "jitter=.nan",
     "betas=2,3", "learning_rate=-1", "ema={a_to_b: 2}", "clip=0", "decay_from=2"],
)  # fmt: skip
def test_a_setting_out_of_range_is_one_line(said):
    name, value = said.split("=", 1)
    with pytest.raises(UsageError, match=f"setting {name}: .* is not ") as caught:
        values(set={name: value})
    assert "\n" not in str(caught.value)


def test_passes_that_the_user_asks_for_win_over_the_quick_scales_steps():
    def steps(**said):
        return total_steps(resolve(Config(plugins=["cyclegan"], set=said), Quick()), samples=50)

    assert steps() == 100
    assert steps(epochs=3) == 150
    assert steps(epochs=3, batch_size=10, accumulate=2) == 7
    assert steps(epochs=3, steps=5) == 5


def test_normalization_is_said_for_all_or_for_one_role():
    def chosen(normalization):
        parts = resolve(Config(plugins=["cyclegan"], normalization=normalization), Quick()).parts
        return [parts[f"normalization.{role}"].plugin for role in ("generator", "discriminator")]

    assert chosen({}) == ["instance", "instance"]
    assert chosen({"": "layer"}) == ["layer", "layer"]
    assert chosen({"discriminator": "spectral"}) == ["instance", "spectral"]
    assert chosen({"": "layer", "discriminator": "spectral"}) == ["layer", "spectral"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"set": {"generator.filter": 3}}, "generator.filter.*did you mean 'generator.filters'"),
        ({"set": {"generator.filters": "many"}}, "generator.filters.*'many' is not an int"),
        ({"set": {"generator.upsampling": "bicubic"}}, "transposed.*resize"),
        ({"loss": "unet"}, "unet.*brings no loss; installed: .*wgan-gp"),
        ({"loss": "wgangp"}, "wgangp.*wgan-gp"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_way_out(said, message):
    with pytest.raises(UsageError, match=message) as caught:
        resolve(Config(plugins=["cyclegan"], data=["emoji"], **said))
    assert "\n" not in str(caught.value)


def test_the_complete_configuration_gives_the_same_run_again(tmp_path):
    first = resolve(Config(plugins=["cyclegan"], loss="wgan-gp", set={"cycle": 3}), Quick())
    path = tmp_path / "config.yaml"
    write_config(first.complete({"steps": 7}), path)
    again = resolve(read_config(path), Quick())
    assert {n: v.value for n, v in again.options.items()} == {n: v.value for n, v in first.options.items()}
    assert again.settings.steps == 7
    assert {s: p.plugin for s, p in again.parts.items()} == {s: p.plugin for s, p in first.parts.items()}
    assert all(again.origins[name] == "you" for name in again.settings.said() if name != "precision")


def test_the_precision_is_the_users_then_the_recipes_and_the_complete_configuration_says_it():
    def precision(config):
        resolved = resolve(config, Plain())
        return resolved.settings.precision, resolved.origins["precision"], resolved.complete({}).precision

    assert precision(Config(plugins=["dcgan"], precision="bf16")) == ("bf16", "you", "bf16")
    assert precision(Config(plugins=["dcgan"])) == ("fp32", "recipe dcgan", "fp32")
    assert precision(Config(plugins=["dcgan"], scale="quick")) == ("auto", "quick scale", "auto")
    assert precision(Config(plugins=["cyclegan"])) == ("auto", "default", "auto")
    with pytest.raises(UsageError, match="no option is called precision; say it by --precision"):
        resolve(Config(plugins=["dcgan"], data=["emoji"], set={"precision": "fp32"}))


def test_a_file_plugin_is_found_again_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "thin.py").write_text(
        '"""A game."""\nfrom gantk import AdversarialLoss, hookimpl\n\n\nclass Thin(AdversarialLoss):\n    pass\n\n\n'
        "@hookimpl\ndef loss():\n    return Thin\n"
    )
    monkeypatch.chdir(tmp_path)
    complete = resolve(Config(plugins=["cyclegan", "./thin.py"]), Quick()).complete({})
    assert complete.plugins == ["cyclegan", str(tmp_path / "thin.py")]
    assert complete.loss == str(tmp_path / "thin.py")
    monkeypatch.chdir("/")
    assert resolve(complete, Quick()).parts["loss"].plugin == "thin"


def test_images_of_another_size_than_was_asked_for_name_the_data_set(rows):
    class Stubborn(rows):
        def split(self, kind, test, load):
            return super().split(kind, test, 8)

    resolved = resolve(Config(plugins=["gan"], set={"size": "16"}))
    assert open_training_data(replace(resolved, dataset=rows())).crops.load == 16
    with pytest.raises(PluginError, match=r"data set rows gives 'image' of 10 x 8 pixels; .* load=16"):
        open_training_data(replace(resolved, dataset=Stubborn()))


def test_weight_decay_is_a_setting_or_the_option_of_a_recipe_that_has_one_of_that_name():
    plain = resolve(Config(plugins=["cyclegan"], set={"weight_decay": 0.5}))
    assert plain.settings.weight_decay == 0.5
    own = resolve(Config(plugins=["munit"], set={"weight_decay": 0.5}))
    assert own.settings.weight_decay is None
    assert own.options["weight_decay"].value == own.complete({}).set["weight_decay"] == 0.5
    assert resolve(Config(plugins=["munit"])).options["weight_decay"].value == 1e-4
