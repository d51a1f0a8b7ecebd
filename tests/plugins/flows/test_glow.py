"""Glow: exact both ways, its likelihood, its start, and its graphs."""

import math

import pytest
import torch
from torch.distributions import Normal

from gantk import Latent, Scalar, UsageError, Vector
from gantk.parts.context import Context
from gantk_plugins.flows.glow import Flow

SMALL = {"halvings": 2, "flow": 2, "inside": 6}


def worked(flow):
    """Return a flow of random weights."""
    with torch.no_grad():
        for weight in flow.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return flow


def made(shape=(2, 8, 8), **said):
    options = {"levels": 2, "steps": 2, "width": 6, "coupled": "affine", "mixed": "lu"} | said
    return worked(Flow(shape, **options))


@pytest.fixture
def glow(factory, make_build):
    """Return a function that makes a small Glow."""

    def make(size=8, **options):
        build = make_build(kind="images", size=size, channels={"image": 2})
        return factory("glow", "recipe")(build, **SMALL | options)

    return make


@pytest.fixture
def batch():
    return {"image": torch.rand(4, 2, 8, 8) * 2 - 1}


@pytest.mark.parametrize("coupled", ["affine", "additive"])
@pytest.mark.parametrize(("dtype", "exact"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_images_come_back(coupled, dtype, exact):
    flow, image = made(coupled=coupled).to(dtype), (torch.rand(3, 2, 8, 8) * 2 - 1).to(dtype)
    back = flow.reverse(flow(image)[0], torch.ones(3, dtype=dtype))
    assert (back - image).abs().max() < exact


@pytest.mark.parametrize("mixed", ["lu", "shuffle", "reverse"])
def test_the_density_is_noises_times_the_jacobian(mixed):
    flow, image = made((1, 4, 4), mixed=mixed).double(), torch.randn(2, 1, 4, 4).double()
    noise, density = flow(image)
    for row in range(2):
        jacobian = torch.autograd.functional.jacobian(lambda one: flow(one)[0], image[row : row + 1]).reshape(16, 16)
        expected = Normal(0.0, 1.0).log_prob(noise[row]).sum() + torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(density[row], expected)


def test_at_temperature_zero_noise_does_not_matter():
    flow = made()
    one, other = (flow.reverse(torch.randn(2, 128), torch.zeros(2)) for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.allclose(flow.reverse(torch.randn(2, 128), torch.ones(2)), one)


def test_it_begins_by_the_first_images(glow, batch, stream):
    recipe = glow()
    recipe.prepare(stream(batch))
    image = batch["image"]
    norm = recipe.flow.module.steps[0][0].layers[0]
    made, _ = norm(torch.nn.functional.pixel_unshuffle(image, 2))
    torch.testing.assert_close(made.mean((0, 2, 3)), torch.zeros(8), atol=0.01, rtol=0)
    torch.testing.assert_close(made.std((0, 2, 3)), torch.ones(8), atol=0.05, rtol=0)


def test_a_levels_width_makes_bits_of_a_density(glow, batch, stream):
    recipe = glow()
    recipe.context = Context()
    graph = recipe.graphs()["likelihood"]
    torch.manual_seed(3)
    ((player, losses),) = recipe.step(stream(batch))
    torch.manual_seed(3)
    gaps = recipe.gaps.drawn(4)
    nats = graph.network(batch["image"], gaps)
    density = recipe.flow(batch["image"] + gaps / 255)[1]
    torch.testing.assert_close(nats, -density - 128 * math.log(2 / 255))
    torch.testing.assert_close(losses, {"likelihood": nats.mean() / 128})
    total, count = recipe.context.notes["bits"]
    assert (total / count).item() == pytest.approx(nats.mean().item() / 128 / math.log(2))
    assert player == "flow"


def test_all_weights_move(glow, batch, stream, run_steps):
    recipe = glow()
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(batch), steps=3)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_it_learns_what_is_likely(glow, stream, run_steps):
    image = torch.full((16, 2, 8, 8), 0.5) + 0.05 * torch.randn(16, 2, 8, 8)
    log = run_steps(glow(), stream({"image": image}), steps=30)
    assert log[-1]["flow"]["likelihood"] < log[0]["flow"]["likelihood"]


def test_graphs_make_encode_and_score(glow, batch):
    recipe = glow()
    worked(recipe)
    generator, encoder, likelihood = (recipe.graphs()[name] for name in ("generator", "encoder", "likelihood"))
    temperature = Scalar(name="temperature", default=0.7, low=0, high=2)
    assert generator.inputs == (Latent(length=128), temperature)
    assert encoder.outputs == (Vector(name="latent", length=128),)
    assert likelihood.outputs == (Vector(name="nats_bound"),)
    code = encoder.network(batch["image"])
    torch.testing.assert_close(generator.network(code, torch.ones(4)), batch["image"], atol=1e-4, rtol=0)


def test_the_preview_is_of_fixed_noise(glow, batch):
    recipe = glow()
    first, second = recipe.preview(batch), recipe.preview(batch)
    assert list(first) == ["real", "generated"]
    assert torch.equal(first["generated"], second["generated"])


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"flow": 0}, "halvings, flow and inside of at least 1, .* not halvings=2, flow=0"),
        ({"temperature": -1.0}, "temperature=-1.0"),
        ({"size": 6}, "halves images 2 times, which those of 6 pixels cannot be: say a --size that is a multiple of 4"),
    ],
)
def test_options_that_cannot_be(said, line, glow):
    with pytest.raises(UsageError, match=line):
        glow(**said)
