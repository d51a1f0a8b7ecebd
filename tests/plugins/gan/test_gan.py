"""The GAN: its losses, who moves what, how it begins, and what it refuses."""

from math import log

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from gantk import Unsupported, UsageError
from gantk.parts.context import Progress
from gantk.parts.scheduled import value_at
from gantk.plan.settings import RunSettings


@pytest.fixture
def gan(factory):
    return factory("gan", "recipe")


class Fixed(nn.Module):
    """A network that scores images with the sum of their pixels times a weight."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, image):
        return self.weight * image.sum((1, 2, 3))


def test_the_step_is_the_papers(gan, build_gan):
    """D(x) = sigmoid(w sum(x)): the discriminator's loss comes first, of fresh noise, then the generator's."""
    recipe = gan(build_gan(), latent=5)
    recipe.discriminator.module = Fixed(0.5)
    recipe.generator.module = nn.Sequential(nn.Linear(5, 3 * 8 * 8), nn.Unflatten(1, (3, 8, 8)))
    real = torch.rand(4, 3, 8, 8)

    torch.manual_seed(7)
    body = recipe.step(iter([{"image": real}]))
    player, judged = next(body)
    other, fooled = next(body)
    assert (player, other) == ("discriminator", "generator")
    assert next(body, None) is None

    torch.manual_seed(7)
    first, second = (recipe.generator(torch.randn(4, 5)).sum((1, 2, 3)) for _ in range(2))
    expected = softplus(-0.5 * real.sum((1, 2, 3))).mean() + softplus(0.5 * first).mean()
    assert torch.allclose(judged["game"], expected)
    assert torch.allclose(fooled["game"], softplus(-0.5 * second).mean())


def test_each_player_moves_its_own_network(gan, build_gan, pictures, stream, run_steps):
    recipe = gan(build_gan(size=32))
    batches = stream({"image": pictures("3d", 4)})
    recipe.prepare(batches)
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (losses,) = run_steps(recipe, batches)
    assert list(losses) == ["discriminator", "generator"]
    assert all(not torch.equal(value, before[name]) for name, value in recipe.named_parameters())
    assert set(recipe.state_dict()) == set(before)  # it has no state but its weights


def test_the_generator_begins_at_the_mean_image(gan, build_gan, pictures, stream):
    images, options = pictures("3d", 8), {"units": 6, "spread": 1e-6}
    batches = stream({"image": images})
    recipe = gan(build_gan(size=32, generator_options=options))
    recipe.prepare(batches)
    assert batches.taken == 1000 / 8
    first = recipe.generator(torch.randn(1, 100))[0]
    assert torch.allclose(first, images.mean(0), atol=2 / 255 + 1e-4)
    assert first.abs().max() < 1  # where a sigmoid could not learn

    linear = gan(build_gan(size=32, generator_options=options | {"output": "linear"}))
    linear.prepare(batches)
    assert linear.generator(torch.randn(1, 100)).abs().max() < 1e-3


def test_the_generator_waits_for_the_critic_steps(gan, build_gan, pictures, stream, run_steps):
    recipe = gan(build_gan(size=32))
    log = run_steps(recipe, stream({"image": pictures("3d", 2)}), steps=4, critic_steps=2)
    assert [list(losses) for losses in log] == [["discriminator"], ["discriminator", "generator"]] * 2


def test_at_its_start_the_game_is_undecided(gan, build_gan, pictures, stream, run_steps):
    """The paper's initial weights are so small that D(x) is a half: its loss is 2 log 2, the generator's log 2."""
    build = build_gan(size=32, discriminator_options={"units": 24}, generator_options={"units": 24})
    (losses,) = run_steps(gan(build), stream({"image": pictures("3d", 8)}))
    assert losses["discriminator"]["game"].item() == pytest.approx(2 * log(2), abs=1e-2)
    assert losses["generator"]["game"].item() == pytest.approx(log(2), abs=1e-2)


def test_previews_show_the_same_noise_at_every_call(gan, build_gan):
    recipe = gan(build_gan()).eval()
    real = torch.rand(8, 3, 8, 8)
    first, second = (recipe.preview({"image": real}) for _ in range(2))
    assert list(first) == ["generated", "real"]
    assert torch.equal(first["generated"], second["generated"])
    assert torch.allclose(first["generated"][8], recipe.generator(recipe.latent.fixed(9, seed=0))[8], atol=1e-6)
    assert first["real"] is real


def test_its_graph_makes_images_of_noise(gan, build_gan):
    recipe = gan(build_gan(), latent=7)
    (graph,) = recipe.graphs().values()
    (latent,) = graph.inputs
    assert (graph.task, graph.outputs, latent.length, latent.distribution) == ("generate", ("image",), 7, "normal")
    assert graph.network(latent.drawn(2)).shape == (2, 3, 8, 8)


@pytest.mark.parametrize("name", ["batch", "layer", "spectral", "none"])
def test_normalizes_dense_layers(name, gan, build_gan, pictures, stream, run_steps):
    recipe = gan(build_gan(size=32, normalization=(name, name)))
    (losses,) = run_steps(recipe, stream({"image": pictures("3d", 4)}))
    assert all(value.isfinite() for moved in losses.values() for value in moved.values())


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_refuses_a_norm_over_pixels(role, gan, build_gan):
    chosen = {"generator": ("instance", "none"), "discriminator": ("none", "instance")}[role]
    with pytest.raises(
        Unsupported,
        match="has dense layers, .* takes statistics over each image's pixels; say --normalization none",
    ):
        gan(build_gan(normalization=chosen))


@pytest.mark.parametrize(
    ("part", "options", "message"),
    [
        ("generator", {"units": 0}, "units >= 1"),
        ("generator", {"layers": 0}, "layers >= 1"),
        ("generator", {"spread": 0.0}, "spread above 0"),
        ("discriminator", {"pieces": 0}, "pieces >= 1"),
        ("discriminator", {"dropout": 1.0}, r"dropouts in \[0, 1\)"),
        ("discriminator", {"input_dropout": -0.1}, r"dropouts in \[0, 1\)"),
    ],
)
def test_wrong_options(part, options, message, gan, build_gan):
    with pytest.raises(UsageError, match=message):
        gan(build_gan(**{f"{part}_options": options}))


def test_settings_of_the_authors(gan):
    said = gan.settings.said()
    assert (said["optimizer"], said["learning_rate"], said["batch_size"]) == ("sgd", 0.1, 100)


def test_rate_and_momentum_follow_the_authors_schedules(gan):
    # 250 passes over 50,000 digits in batches of 100.
    points = [Progress(step, 125_000) for step in (0, 62_500, 125_000)]
    factor, momentum = RunSettings(**gan.settings.said()).rate_factor, gan.settings.betas[0]
    assert [value_at(factor, point) for point in points] == pytest.approx([1.0, 1.000004**-62_500, 1.000004**-125_000])
    assert value_at(factor, Progress(10**7, 10**7)) * 0.1 == pytest.approx(1e-6)
    # Between epoch 1, where it is 0.5, and epoch 250.
    assert [value_at(momentum, point) for point in points] == pytest.approx([0.5, 0.5 + 0.2 * 124 / 249, 0.7])
