"""SRGAN: its losses in closed form, its two stages, its networks' sizes, and what VGG compares."""

from itertools import pairwise
from math import log
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from gantk import DataInfo, DiscriminatorSpec, UsageError
from gantk.parts.context import Progress, Span
from gantk_plugins.networks.vgg19 import VGG19

SMALL = {
    "kind": "scaled",
    "generator": "srresnet",
    "discriminator": "srgan",
    "loss": "non-saturating",
    "normalization": ("batch", "batch"),
    "generator_options": {"filters": 4, "blocks": 1},
    "discriminator_options": {"filters": 4, "dense": 8},
}


@pytest.fixture
def batch(pictures):
    high = pictures("3d", 2)
    return {"low": avg_pool2d(high, 4), "high": high}


@pytest.fixture
def srgan(factory, make_build):
    """Return a function that builds the recipe with options, for images of so many channels."""

    def build(channels=3, **options):
        made = make_build(**SMALL)
        made.data = DataInfo(
            kind="scaled",
            size=32,
            channels={"low": channels, "high": channels},
            sizes={"low": 8, "high": 32},
        )
        return factory("srgan", "recipe")(made, **options)

    return build


def test_sizes_of_the_papers_discriminator(factory, make_build):
    """Eight convolutions, biases where no norm follows, two numbers a norm, and dense layers over 6 x 6 x 512."""
    with torch.device("meta"):
        network = factory("srgan", "discriminator")(
            DiscriminatorSpec(channels=3, size=96), make_build(normalization=("batch", "batch"))
        )
    widths = [3, 64, 64, 128, 128, 256, 256, 512, 512]
    weights = 9 * sum(before * after for before, after in pairwise(widths))
    assert sum(p.numel() for p in network.parameters()) == (
        weights + 64 + 2 * sum(widths[2:]) + 6 * 6 * 512 * 1024 + 1024 + 1024 + 1
    )
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert [layer.stride[0] for layer in convolutions] == [1, 2] * 4


@pytest.mark.parametrize("size", [16, 17, (40, 20)])
def test_the_discriminator_scores_images_of_any_size_that_it_is_built_for(size, factory, make_build):
    spec = DiscriminatorSpec(channels=1, condition_channels=2, size=size)
    network = make_build(**SMALL).discriminator(spec).eval()
    height, width = spec.sides
    assert network(torch.rand(2, 1, height, width), torch.rand(2, 2, height, width)).shape == (2, 1)


def test_the_squared_error_comes_first_and_alone(srgan, batch, stream, run_steps):
    recipe = srgan()
    assert [(stage.name, stage.share) for stage in recipe.stages()] == [
        ("squared error", pytest.approx(5 / 6)),
        ("game", pytest.approx(1 / 6)),
    ]
    assert list(recipe.players()) == ["generator"]
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    recipe.train()
    with torch.no_grad():
        expected = (recipe.generator(batch["low"]) - batch["high"]).square().mean()
    (moves,) = run_steps(recipe, stream(batch))
    assert list(moves) == ["generator"]
    torch.testing.assert_close(moves["generator"], {"mse": expected})
    moved = {name.split(".")[0] for name, value in recipe.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"generator"}


def test_then_they_play(srgan, batch, stream, run_steps):
    recipe = srgan(pretraining=0)
    (stage,) = recipe.stages()
    assert stage.name == "game"
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    (moves,) = run_steps(recipe, stream(batch))
    assert {player: list(losses) for player, losses in moves.items()} == {
        "discriminator": ["game"],
        "generator": ["game", "mse"],
    }
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_the_stage_follows_from_the_step(srgan):
    recipe = srgan()
    recipe.context.spans = (Span("squared error", 0, 5), Span("game", 5, 6))
    for step, players in ((4, ["generator"]), (5, ["generator", "discriminator"])):
        recipe.context.progress = Progress(step, 6)
        assert list(recipe.players()) == players


def test_srresnet_has_no_discriminator(srgan):
    recipe = srgan(pretraining=1)
    assert [stage.name for stage in recipe.stages()] == ["squared error"]
    assert list(recipe.networks()) == ["generator"]


def test_an_undecided_discriminator_gives_a_thousandth_of_ln_2(srgan, batch, stream, run_steps):
    recipe = srgan(pretraining=0)
    for parameter in recipe.discriminator.module.scores[-1].parameters():
        nn.init.zeros_(parameter)
    body = recipe.step(stream(batch))
    _, judged = next(body)
    _, fooled = next(body)
    assert judged["game"].item() == pytest.approx(2 * log(2))
    assert fooled["game"].item() == pytest.approx(1e-3 * log(2))


def test_vgg_compares_activations_divided_by_12_75(srgan, batch, tmp_path):
    network = VGG19(2, 2)
    torch.save(network.state_dict(), tmp_path / "vgg.pth")
    recipe = srgan(pretraining=0, vgg=tmp_path / "vgg.pth", layer="22")
    recipe.vgg.read(needed=True)
    made = batch["high"].flip(3).requires_grad_()
    losses = recipe.content(made, batch["high"])
    assert list(losses) == ["vgg"]
    expected = (network(made) / 12.75 - network(batch["high"]) / 12.75).square().mean()
    torch.testing.assert_close(losses["vgg"], expected)
    losses["vgg"].backward()
    assert made.grad.abs().sum() > 0


def test_vgg_54_is_what_the_last_convolution_gives(srgan):
    with torch.device("meta"):
        recipe = srgan(vgg=Path("vgg19.pth"))
    assert len(recipe.vgg._network.module.features) == 36
    assert not {name for name in recipe.state_dict() if name.startswith("vgg")}


def test_previews_stand_beside_plain_enlarging(srgan, batch):
    shown = srgan().eval().preview(batch)
    assert list(shown) == ["input", "bicubic", "output", "reference"]
    assert {tuple(images.shape) for images in shown.values()} == {(2, 3, 32, 32)}
    assert torch.equal(shown["input"][:, :, ::4, ::4], batch["low"])
    torch.testing.assert_close(shown["bicubic"], interpolate(batch["low"], (32, 32), mode="bicubic").clamp(-1, 1))


def test_the_graph_says_how_much_it_enlarges(srgan):
    (graph,) = srgan().graphs().values()
    assert (graph.inputs, graph.outputs, graph.scale) == (("low",), ("high",), 4)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pretraining": 1.5}, "srgan needs a pretraining from 0 to 1, not 1.5"),
        ({"vgg": "vgg19.pth", "channels": 4}, "VGG-19 sees RGB or grey images, not 4 channels"),
    ],
)
def test_wrong_options(options, reason, srgan):
    with pytest.raises(UsageError, match=reason):
        srgan(**options)


def test_settings_of_the_paper(srgan):
    said = srgan().settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["size"]) == (1e-4, (0.9, 0.999), 16, 96)
    assert (said["steps"], said["shrink"]) == (1_200_000, 4)
    rates = [said["schedule"].at(Progress(step, 12)) for step in (0, 10, 11)]
    assert rates == pytest.approx([1, 1, 0.1])
