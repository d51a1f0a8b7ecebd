"""Averages that batch norms settle on, in closed form."""

import pytest
import torch
from torch import nn

from gantk import Graph, Latent, Network, Player, Recipe
from gantk.errors import GantkError
from gantk.parts.context import Progress
from gantk.parts.networks import Generator
from gantk.parts.specs import GeneratorSpec
from gantk.plan.course import images_a_pass, inference_of
from gantk.plan.resolve import resolve
from gantk.recipe.graph import Inference
from gantk.runs.config import Config
from gantk.training import statistics
from gantk.training.inference import ImageNorm
from gantk.training.optimizers import Averages
from gantk.training.shipped import shipped_settled
from gantk.training.state import load_settled
from gantk.training.statistics import APART, distance, settle, warning


class Two(Recipe):
    """A translator and a maker of images, each a batch norm; the translator reads other images besides its own."""

    kind = "images"

    def __init__(self, graph_of_images=True):
        super().__init__()
        spec = GeneratorSpec(inputs=1, outputs=1, size=2)
        self.translator = Generator(nn.Sequential(nn.Dropout(0.5), nn.BatchNorm2d(1, affine=False)), "a", spec, "x")
        self.maker = Generator(nn.BatchNorm2d(1, affine=False), "b", GeneratorSpec(latent=1, outputs=1, size=2), "x")
        self.unused = Network(nn.BatchNorm2d(1), "c")
        self.graph_of_images = graph_of_images

    def players(self):
        return {"all": Player(self.translator, self.maker, self.unused)}

    def step(self, batches):
        image = next(batches)["image"]
        torch.rand(1)
        yield "all", {"loss": self.translator(image).sum()}
        mean = yield self.everywhere(image.mean())
        yield "all", {"loss": self.translator(image + 100).sum() + self.maker(mean + image).sum()}

    def preview(self, batch):
        return {"made": self.translator(batch["image"])}

    def graphs(self):
        noise = Latent(length=1)
        graphs = {"maker": Graph(network=self.maker, task="generate", inputs=(noise,), outputs=("image",))}
        inputs = ("image",) if self.graph_of_images else ("image", noise)
        return graphs | {"translator": Graph(network=self.translator, inputs=inputs, outputs=("image",))}


class Levels:
    """Batches of two images, whose levels are 0 and 2 at first, and each time one more."""

    def __init__(self):
        self.number = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.number += 1
        level = float(self.number - 1)
        return {"image": torch.stack([torch.full((1, 2, 2), level), torch.full((1, 2, 2), level + 2)])}


@pytest.fixture(autouse=True)
def _four(monkeypatch):
    monkeypatch.setattr(statistics, "MOST", 4)


def means(found, name):
    return found[f"{name}.running_mean"].item(), found[f"{name}.running_var"].item()


def test_averages_are_those_of_the_passes_of_steps_at_weights_that_stand_still():
    recipe = Two(graph_of_images=False)
    found = settle(recipe, Levels(), 2)
    # Batches have means 1, 2, 3, 4, and the unbiased variance of 4 zeros and 4 twos, 8/7; the maker gets mean + image.
    assert means(found, "translator.module.1") == pytest.approx(((2.5 + 102.5) / 2, 8 / 7))
    assert means(found, "maker.module") == pytest.approx((5.0, 8 / 7))
    assert not any(name.startswith("unused") for name in found)
    assert (recipe.unused.module.running_mean, recipe.unused.module.momentum) == (0.0, 0.1)
    assert recipe.translator.module[1].momentum == 0.1


def test_a_network_that_a_graph_calls_on_images_settles_on_these():
    found = settle(Two(), Levels(), 2)
    assert means(found, "translator.module.1") == pytest.approx((6.5, 8 / 7))
    assert means(found, "maker.module") == pytest.approx((5.0, 8 / 7))


def test_everything_settles_at_a_turn_where_all_move():
    recipe = Two()
    recipe.context.critic_steps = 3
    steps = []
    recipe.translator.register_forward_hook(lambda *_: steps.append(recipe.context.is_due(critic=False)))
    settle(recipe, Levels(), 2)
    assert True in steps


def test_what_is_shipped_is_as_far_from_the_training_as_its_averages():
    recipe = Two()
    for norm in (recipe.translator.module[1], recipe.maker.module):
        norm.running_var.fill_(8 / 7)
    recipe.translator.module[1].running_mean.fill_(1.0)
    # The maker's averages are 0 where its batches' are 2, 6, 10, 14: 8 on average, in units of the deviation.
    form = shipped_settled(recipe, Averages(recipe, {}), Inference("image"), 2, Levels()).form
    assert isinstance(form.maker.module, ImageNorm)
    plain = Two()
    plain.load_state_dict(recipe.state_dict())
    assert distance(recipe.eval(), plain, Levels()) == pytest.approx(8 / (8 / 7) ** 0.5, rel=1e-3)


def test_settled_averages_part_little_and_leave_the_recipe_alone():
    recipe = Two()
    before = {name: value.clone() for name, value in recipe.state_dict().items()}
    random = torch.get_rng_state()
    made = shipped_settled(recipe, Averages(recipe, {}), Inference("running"), 2, Levels())
    assert made.form.maker.module.running_mean.item() == pytest.approx(5.0)
    assert set(made.settled.averages) >= {"maker.module.running_mean", "maker.module.running_var"}
    assert all(torch.equal(before[name], value) for name, value in recipe.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert recipe.training


def test_one_image_at_a_time_has_nothing_to_settle():
    made = shipped_settled(Two(), Averages(Two(), {}), Inference("image"), 1, Levels())
    assert (made.settled.averages, made.settled.apart) == ({}, None)


@pytest.mark.parametrize(("apart", "warns"), [(None, False), (APART - 0.01, False), (APART, True)])
def test_a_warning_is_given_from_the_stated_difference_on(apart, warns):
    assert bool(warning(apart)) is warns


@pytest.mark.parametrize(
    ("said", "images", "reads"),
    [
        ({}, 1, "image"),
        ({"accumulate": 8}, 1, "image"),
        ({"batch_size": 4}, 4, "running"),
        ({"batch_size": 4, "statistics": "image"}, 4, "image"),
        ({"statistics": "running"}, 1, "running"),
    ],
)
def test_what_batch_norm_reads_follows_from_how_many_images_pass_at_a_time(said, images, reads):
    resolved = resolve(Config(plugins=["pix2pix"], data=["emoji:line,flat"], set=said))
    assert images_a_pass(resolved, Progress(1, 1)) == images
    assert inference_of(resolved, Progress(1, 1)).statistics == reads


def test_a_batch_that_grows_ships_what_its_last_steps_trained(plugin_file):
    growing = plugin_file(
        "growing",
        """
        from dataclasses import replace
        from gantk_plugins.translation.pix2pix import Pix2Pix

        class Growing(Pix2Pix):
            settings = replace(Pix2Pix.settings, batch_size=lambda fraction: 1 if fraction < 0.5 else 4)

        @hookimpl
        def recipe():
            return Growing
        """,
    )
    resolved = resolve(Config(plugins=[str(growing)], data=["emoji:line,flat"], scale="paper"))
    assert [inference_of(resolved, Progress(step, 10)).statistics for step in (2, 9)] == ["image", "running"]


def test_a_checkpoint_of_other_networks_is_refused(tmp_path):
    from safetensors.torch import save_file

    (tmp_path / "state.json").write_text('{"step": 1, "positions": {}, "processes": 1}')
    assert load_settled(Two(), tmp_path).averages == {}
    path, other = tmp_path / "statistics.safetensors", {"maker.module.running_mean": torch.zeros(2)}
    save_file(other, path)
    with pytest.raises(GantkError, match="of another network: it has no "):
        load_settled(Two(), tmp_path)
    held = [name for name in Two().state_dict() if ".running_" in name and not name.startswith("unused.")]
    whole = {name: Two().state_dict()[name] for name in held}
    save_file(whole | other, path)
    with pytest.raises(GantkError, match=r"of another network: maker\.module\.running_mean is"):
        load_settled(Two(), tmp_path)
    (tmp_path / "statistics.safetensors").write_bytes(b"no")
    with pytest.raises(GantkError, match="cannot load batch norm.s averages"):
        load_settled(Two(), tmp_path)
