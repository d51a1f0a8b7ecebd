"""SAGAN: the paper's networks and rates, attention where it is said, spectral norms in both networks."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk_plugins.networks.attention import SelfAttention

PARTS = {"generator": "sagan", "discriminator": "sagan", "loss": "hinge", "normalization": ("batch", "spectral")}
SMALL = {"size": 16, "generator_options": {"filters": 8}, "discriminator_options": {"filters": 8}}
CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def sagan(factory, make_build):
    """Return a function that makes a small recipe, of labelled images or of others."""

    def make(kind="labelled", options=(), **changes):
        build = make_build(kind=kind, classes=CLASSES, **PARTS | SMALL | changes)
        return factory("sagan", "recipe")(build, latent=6, **dict(options))

    return make


def widths(network):
    return [
        layer.out_channels
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)
    ]


def test_the_networks_are_the_papers_at_128_pixels(factory, make_build):
    with torch.device("meta"):
        generator = factory("sagan", "generator")(GeneratorSpec(latent=128, outputs=3, size=128), build_of(make_build))
        discriminator = factory("sagan", "discriminator")(DiscriminatorSpec(channels=3, size=128), build_of(make_build))
    assert widths(generator) == [1024, 1024, 512, 512, 256, 256, 128, 128, 64, 64, 3]
    assert generator.linear.out_features == 4 * 4 * 1024
    assert widths(discriminator) == [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1024, 1024, 1024]
    places = [[isinstance(each, SelfAttention) for each in network.between] for network in (generator, discriminator)]
    assert places == [[False, False, True, False, False], [False, True, False, False, False, False]]
    assert generator.between[2].queries.in_channels == 256
    assert discriminator.between[1].queries.in_channels == 128


def build_of(make_build):
    return make_build(kind="images", **PARTS | {"normalization": ("batch", "none")})


def test_all_weights_of_both_networks_are_spectral(sagan):
    recipe = sagan()
    for network in (recipe.generator, recipe.discriminator):
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
        # The conditional norms' scales and shifts are no layers of the paper's.
        kept = [layer for layer in layers if not is_parametrized(layer, "weight")]
        assert all(isinstance(layer, nn.Linear) and layer.in_features == len(CLASSES) for layer in kept)
        assert len(layers) - len(kept) > 8


def test_the_discriminators_rate_is_four_times_the_generators(sagan):
    players = sagan().players()
    assert list(players["discriminator"].scale.values()) == [4.0]
    assert not players["generator"].scale
    assert list(sagan(options={"rates": 2.0}).players()["discriminator"].scale.values()) == [2.0]
    with pytest.raises(UsageError, match="rates above 0, not 0"):
        sagan(options={"rates": 0})


@pytest.mark.parametrize("kind", ["labelled", "images"])
def test_it_plays(sagan, kind, pictures):
    recipe = sagan(kind)
    batch = {"image": pictures("3d", 4)[..., ::2, ::2], "label": torch.tensor([0, 2, 1, 1])}
    moves = dict(recipe.step(iter([batch])))
    assert set(moves) == {"discriminator", "generator"}
    sum(moves["generator"].values()).backward()
    gammas = [attention.gamma.grad for attention in recipe.generator.modules() if isinstance(attention, SelfAttention)]
    assert len(gammas) == 1
    assert gammas[0].abs() > 0


def test_attention_stands_where_it_is_said(sagan):
    said = {
        "generator_options": {"filters": 8, "attention": 16},
        "discriminator_options": {"filters": 8, "attention": 0},
    }
    recipe = sagan(**said)
    assert isinstance(recipe.generator.module.between[-1], SelfAttention)
    assert not any(isinstance(each, SelfAttention) for each in recipe.discriminator.modules())
    with pytest.raises(UsageError, match=r"no block gives a map of 5 pixels to a side: say one of \[8, 16\]"):
        sagan(generator_options={"filters": 8, "attention": 5})


def test_images_of_28_pixels_attend_where_they_can(sagan):
    recipe = sagan("images", size=28)
    assert isinstance(recipe.generator.module.between[0], SelfAttention)
    assert recipe.generator(torch.zeros(2, 6)).shape[2:] == (28, 28)


def test_a_size_that_no_blocks_give_is_refused(sagan):
    with pytest.raises(Unsupported, match="such as 16 or 20, not 18"):
        sagan("images", size=18)
