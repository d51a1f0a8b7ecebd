"""DDPM: its loss, its samplers as graphs, and what it refuses."""

import pytest
import torch

from gantk import Latent, Scalar, UsageError

SMALL = {"channels": 4, "multiples": (1, 2), "depth": 1, "timesteps": 12, "sampling": 5, "dropout": 0.0}


@pytest.fixture
def ddpm(factory, make_build):
    """Return a function that makes a small DDPM."""

    def make(size=8, **options):
        build = make_build(kind="images", size=size, channels={"image": 2})
        return factory("ddpm", "recipe")(build, **SMALL | options)

    return make


@pytest.fixture
def batch():
    return {"image": torch.rand(3, 2, 8, 8) * 2 - 1}


@pytest.mark.parametrize("tells", ["noise", "image", "velocity"])
def test_the_loss_is_equation_14(tells, ddpm, batch, stream):
    recipe = ddpm(tells=tells, noising="cosine")
    torch.manual_seed(3)
    ((player, losses),) = recipe.step(stream(batch))
    torch.manual_seed(3)
    t, noise = torch.randint(1, 13, (3,)), torch.randn(3, 2, 8, 8)
    signal, spread = recipe.process.at(t)
    image = batch["image"]
    # The network begins by telling zero.
    target = {"noise": noise, "image": image, "velocity": signal * noise - spread * image}[tells]
    torch.testing.assert_close(losses, {"simple": target.square().mean()})
    assert player == "denoiser"


def test_all_weights_move(ddpm, batch, stream, run_steps):
    recipe = ddpm()
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(batch), steps=4)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_graphs_are_ddims_sampler_and_the_ancestral_one(ddpm):
    recipe = ddpm(eta=0.25)
    generator, ancestral = (recipe.graphs()[name] for name in ("generator", "ancestral"))
    drawn = (Latent(shape=(2, 8, 8)), Latent(name="noise", shape=(12, 2, 8, 8)))
    eta = Scalar(name="eta", default=0.25, low=0, high=1)
    assert generator.inputs == (*drawn, Scalar(name="steps", default=5, low=1, high=12), eta)
    assert ancestral.inputs == (*drawn, Scalar(name="steps", default=12, low=1, high=12))
    given = [port.fixed(2) for port in ancestral.inputs]
    made = ancestral.network(*given)
    assert not torch.equal(made, generator.network(*given, torch.ones(2)))
    small = ddpm(variance="small").eval()
    torch.testing.assert_close(
        small.graphs()["ancestral"].network(*given), small.graphs()["generator"].network(*given, torch.ones(2))
    )


def test_the_preview_is_of_fixed_noise(ddpm, batch):
    recipe = ddpm().eval()
    first, second = recipe.preview(batch), recipe.preview(batch)
    assert list(first) == ["real", "generated"]
    assert torch.equal(first["generated"], second["generated"])


@pytest.mark.parametrize(
    "said",
    [{"pace": 0.0}, {"eta": 1.5}, {"sampling": 0}, {"timesteps": 1}, {"channels": 3}, {"multiples": (1, 1, 1, 1, 1)}],
)
def test_options_that_cannot_be(said, ddpm):
    with pytest.raises(UsageError):
        ddpm(**said)


def test_settings_are_the_papers(factory):
    settings = factory("ddpm", "recipe").settings
    assert (settings.learning_rate, settings.batch_size, settings.steps, settings.clip) == (2e-4, 128, 800_000, 1.0)
    assert settings.schedule.finish * settings.steps == 5000
