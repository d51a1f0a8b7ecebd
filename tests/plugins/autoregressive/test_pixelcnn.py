"""PixelCNN: its loss and notes, its graphs, and what it refuses."""

import math

import pytest
import torch

from gantk import Latent, Scalar, UsageError, Vector
from gantk.parts.context import Context
from gantk_plugins.autoregressive.masked import GatedPixelCNN, PixelCNN
from gantk_plugins.autoregressive.pixelcnn import binarized

SMALL = {"features": 4, "residuals": 1, "last": 4}


@pytest.fixture
def pixelcnn(factory, make_build):
    """Return a function that makes a small PixelCNN."""

    def make(channels=1, **options):
        build = make_build(kind="images", size=4, channels={"image": channels})
        return factory("pixelcnn", "recipe")(build, **SMALL | options)

    return make


@pytest.fixture
def batch():
    return {"image": torch.rand(3, 1, 4, 4) * 2 - 1}


def test_the_network_is_plain_or_gated(pixelcnn):
    assert type(pixelcnn().network.module) is PixelCNN
    assert type(pixelcnn(gated=True).network.module) is GatedPixelCNN


@pytest.mark.parametrize("levels", [2, 256])
def test_the_loss_is_nats_a_value_and_notes_are_an_images(levels, pixelcnn, batch, stream):
    recipe = pixelcnn(levels=levels)
    recipe.context = Context()
    ((player, losses),) = recipe.step(stream(batch))
    score = recipe.graphs()["likelihood"].network(batch["image"]).mean()
    torch.testing.assert_close(losses, {"likelihood": score / 16})
    notes = {name: (total / count).item() for name, (total, count) in recipe.context.notes.items()}
    assert notes == pytest.approx({"nats": score.item(), "bits": score.item() / 16 / math.log(2)})
    assert player == "network"


@pytest.mark.parametrize(("gated", "channels"), [(False, 1), (True, 3)])
def test_all_weights_move(gated, channels, pixelcnn, stream, run_steps):
    recipe = pixelcnn(channels, gated=gated)
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream({"image": torch.rand(3, channels, 4, 4) * 2 - 1}), steps=2)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_pixels_are_on_as_often_as_they_are_light():
    image, noise = torch.full((20_000,), 0.5), torch.rand(20_000) * 2 - 1
    assert binarized(image, noise).add(1).div(2).mean().item() == pytest.approx(0.75, abs=0.01)
    assert binarized(torch.tensor([-1.0, 1]), torch.tensor([-0.999, 0.999])).tolist() == [-1, 1]


def test_drawn_images_are_scored_by_what_is_drawn(pixelcnn, batch, stream):
    recipe = pixelcnn(levels=2, draws=True)
    graph = recipe.graphs()["likelihood"]
    chance = Latent(name="binarization", shape=(1, 4, 4), distribution="uniform")
    assert graph.inputs == ("image", chance)
    noise = chance.fixed(3)
    plain = pixelcnn(levels=2)
    plain.load_state_dict(recipe.state_dict())
    on = torch.where(noise < batch["image"], 1.0, -1.0)
    torch.testing.assert_close(graph.network(batch["image"], noise), plain.graphs()["likelihood"].network(on))
    ((_, losses),) = recipe.step(stream(batch))
    assert losses["likelihood"].isfinite()


def test_graphs_draw_and_score(pixelcnn, batch):
    graphs = pixelcnn(gated=True).graphs()
    generator, likelihood = graphs["generator"], graphs["likelihood"]
    assert (generator.task, likelihood.task) == ("generate", "score")
    noise = Latent(name="noise", shape=(1, 4, 4), distribution="uniform")
    assert generator.inputs == (noise, Scalar(name="temperature", default=1, low=0.01, high=10))
    assert likelihood.outputs == (Vector(name="nats"),)
    made = generator.network(*(port.fixed(2) for port in generator.inputs))
    assert ((made >= -1) & (made <= 1)).all()


def test_the_preview_shows_levels(pixelcnn, batch):
    shown = pixelcnn(levels=2).eval().preview(batch)
    assert list(shown) == ["real", "generated"]
    assert {value.item() for column in shown.values() for value in column.unique()} == {-1, 1}


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"features": 5}, "an even number of features unless it is gated, not features=5"),
        ({"residuals": 0}, "residuals=0"),
        ({"levels": 300}, "from 2 to 256 levels, not 300"),
        ({"draws": True}, "draws is of images of two levels: say -s levels=2, not levels=256"),
    ],
)
def test_options_that_cannot_be(said, line, pixelcnn):
    with pytest.raises(UsageError, match=line):
        pixelcnn(**said)
