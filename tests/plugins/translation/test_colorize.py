"""Colorization: lightness and colours in closed form, and what the colorizer keeps."""

import pytest
import torch
from torch import nn

from gantk import UsageError
from gantk_plugins.translation.colorize import Colorizer, to_image, to_lightness_and_colours

SMALL = {"generator": "unet", "generator_options": {"filters": 4}, "discriminator_options": {"filters": 4}}
GAME = {"loss": "non-saturating", "normalization": ("batch", "batch")}


@pytest.fixture
def batch(pictures):
    return {"image": pictures("3d", 2)}


@pytest.fixture
def colorize(factory, make_build):
    """Return a function that builds the recipe for images of so many channels."""
    return lambda channels=3: factory("colorize", "recipe")(make_build(channels={"image": channels}, **SMALL, **GAME))


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1.0, 1.0, 1.0), (100.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((1.0, 0.0, 0.0), (53.24, 80.09, 67.20)),
        ((0.0, 0.0, 1.0), (32.30, 79.19, -107.86)),
    ],
)
def test_colours_of_the_srgb_standard(rgb, lab):
    image = torch.tensor(rgb).view(1, 3, 1, 1) * 2 - 1
    lightness, colours = to_lightness_and_colours(image)
    found = torch.cat([(lightness + 1) * 50, colours * 110], 1).flatten()
    torch.testing.assert_close(found, torch.tensor(lab), atol=0.05, rtol=0)


def test_an_image_comes_back_from_its_lightness_and_colours(batch):
    torch.testing.assert_close(to_image(*to_lightness_and_colours(batch["image"])), batch["image"], atol=2e-3, rtol=0)


def test_the_colorizer_keeps_the_lightness_and_sees_no_colour(batch):
    class Grey(nn.Module):
        def forward(self, lightness):
            return lightness.new_zeros(len(lightness), 2, *lightness.shape[2:])

    colorizer, image = Colorizer(Grey()), batch["image"]
    made = colorizer(image)
    torch.testing.assert_close(to_lightness_and_colours(made)[0], to_lightness_and_colours(image)[0], atol=2e-3, rtol=0)
    assert (made.amax(1) - made.amin(1)).max() < 1e-2
    torch.testing.assert_close(colorizer(made), made, atol=2e-3, rtol=0)


def test_the_game_is_about_colours_beside_their_lightness(colorize, batch, stream, run_steps):
    recipe = colorize()
    assert recipe.discriminator.module.stages[0][0].in_channels == 3
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    lightness, colours = to_lightness_and_colours(batch["image"])
    recipe.train()
    state = torch.get_rng_state()
    with torch.no_grad():
        expected = 100 * (recipe.generator(lightness) - colours).abs().mean()
    torch.set_rng_state(state)
    (moves,) = run_steps(recipe, stream(batch))
    torch.testing.assert_close(moves["generator"]["l1"], expected)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_it_learns_in_batches_that_are_not_jittered(colorize):
    settings = colorize().settings
    assert (settings.batch_size, settings.jitter, settings.flip, settings.learning_rate) == (4, 1.0, True, 2e-4)


def test_images_without_colours_are_refused(colorize):
    with pytest.raises(UsageError, match="learns from RGB images, of 3 channels, not of 1"):
        colorize(1)
