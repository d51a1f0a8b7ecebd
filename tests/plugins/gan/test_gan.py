"""The GAN: how it begins, what it refuses, and the authors' schedules."""

from math import log

import pytest
import torch

from gantk import Unsupported, UsageError
from gantk.parts.context import Progress
from gantk.parts.scheduled import value_at
from gantk.plan.settings import RunSettings


@pytest.fixture
def gan(factory):
    return factory("gan", "recipe")


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


def test_at_its_start_the_game_is_undecided(gan, build_gan, pictures, stream, run_steps):
    """The paper's initial weights are so small that D(x) is a half: its loss is 2 log 2, the generator's log 2."""
    build = build_gan(size=32, discriminator_options={"units": 24}, generator_options={"units": 24})
    (losses,) = run_steps(gan(build), stream({"image": pictures("3d", 8)}))
    assert losses["discriminator"]["game"].item() == pytest.approx(2 * log(2), abs=1e-2)
    assert losses["generator"]["game"].item() == pytest.approx(log(2), abs=1e-2)


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
