"""The residual networks: other sizes than the papers', blocks by hand, initial weights, and what they refuse."""

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.nn.utils.parametrizations import spectral_norm

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported
from gantk_plugins.networks.residual_blocks import DoubledConvolution, HalvedConvolution

RESIDUAL = {"generator": "wgan-gp", "discriminator": "wgan-gp", "loss": "wgan-gp", "normalization": ("batch", "none")}


@pytest.mark.parametrize(("size", "halvings"), [(8, 1), (28, 2), (32, 2), (48, 3), (64, 3)])
def test_other_sizes(size, halvings, make_build):
    build = make_build(size=size, **RESIDUAL, generator_options={"filters": 4}, discriminator_options={"filters": 4})
    images = build.generator(GeneratorSpec(latent=3, outputs=2, size=size))(torch.randn(2, 3))
    assert images.shape == (2, 2, size, size)
    critic = build.discriminator(DiscriminatorSpec(channels=2, size=size))
    assert critic(images).shape == (2, 1)
    assert critic.features(images)[-1].shape == (2, 4, size // 2**halvings, size // 2**halvings)


def test_blocks_against_hand_computation(factory, make_build):
    make = factory("wgan-gp", "discriminator")
    critic = make(DiscriminatorSpec(channels=1, size=4), make_build(normalization=("none", "none")), filters=1)
    for module in critic.modules():
        if isinstance(module, nn.Conv2d):  # a 3x3 kernel that picks the pixel itself
            nn.init.dirac_(module.weight)
    nn.init.ones_(critic.scores.weight)
    image = torch.randn(1, 1, 4, 4)
    block = lambda x: x + torch.relu(torch.relu(x))  # noqa: E731
    first = nn.functional.avg_pool2d(torch.relu(image) + image, 2)
    expected = torch.relu(block(block(first))).mean()
    torch.testing.assert_close(critic(image), expected.reshape(1, 1))


def test_weights_are_drawn_as_glorots(make_build):
    critic = make_build(**RESIDUAL).discriminator(DiscriminatorSpec(channels=3, size=32)).module
    inner, shortcut = critic.blocks[0].body[2].weight, critic.blocks[0].shortcut[1].weight
    assert inner.std().item() == pytest.approx(2**0.5 * (2 / (2 * 128 * 9)) ** 0.5, rel=0.02)
    assert shortcut.std().item() == pytest.approx((2 / (2 * 128)) ** 0.5, rel=0.02)
    assert not any(module.bias.any() for module in critic.modules() if getattr(module, "bias", None) is not None)


def test_an_image_condition_is_joined_to_the_image(make_build):
    build = make_build(**RESIDUAL, discriminator_options={"filters": 2})
    critic = build.discriminator(DiscriminatorSpec(channels=3, condition_channels=2, size=16))
    image, condition = torch.rand(2, 3, 16, 16), torch.rand(2, 2, 16, 16)
    assert not torch.equal(critic(image, condition), critic(image, 1 - condition))
    scores, features = critic.given(condition).both(image)
    assert torch.equal(scores, critic(image, condition))
    assert torch.equal(features[-1], critic.features(image, condition)[-1])


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"latent": None, "inputs": 3}, "translates no images"),
        ({"latent": None}, "needs a latent vector"),
        ({"domains": 2}, "no target domains"),
        ({"features": True}, "no inner activations"),
        ({"size": 36}, "4, 5, 6 or 7 times a power of two"),
        ({"size": 4}, "4, 5, 6 or 7 times a power of two"),
    ],
)
def test_what_the_generator_cannot_do(asked, reason, make_build):
    with pytest.raises(Unsupported, match=reason):
        make_build(**RESIDUAL).generator(GeneratorSpec(**{"latent": 8, "size": 32} | asked))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"classes": 10}, "under class labels"),
        ({"joint_latent": 8}, "latent vectors"),
        ({"output": "energies"}, "not energies"),
        ({"size": 3}, "at least 4 pixels"),
    ],
)
def test_what_the_critic_cannot_do(asked, reason, make_build):
    with pytest.raises(Unsupported, match=reason):
        make_build(**RESIDUAL).discriminator(DiscriminatorSpec(**{"channels": 3, "size": 32} | asked))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [2, 7, 8])
def test_a_convolution_computed_with_its_resizing_is_the_same_function(size, bias):
    layer = nn.Conv2d(2, 3, 3, padding=1, bias=bias).double()
    x = torch.randn(2, 2, size, size + 1, dtype=torch.float64)
    torch.testing.assert_close(DoubledConvolution(layer)(x), layer(interpolate(x, scale_factor=2)))
    torch.testing.assert_close(HalvedConvolution(layer)(x), avg_pool2d(layer(x), 2))


@pytest.mark.parametrize("kind", [DoubledConvolution, HalvedConvolution])
def test_a_normalized_weight_is_the_one_that_is_used(kind):
    layer = spectral_norm(nn.Conv2d(2, 3, 3, padding=1)).eval()
    with torch.no_grad():
        layer.parametrizations.weight.original.mul_(100)
    x = torch.randn(1, 2, 4, 4)
    plain = nn.Conv2d(2, 3, 3, padding=1)
    plain.load_state_dict({"weight": layer.weight.detach(), "bias": layer.bias.detach()})
    assert torch.equal(kind(layer)(x), kind(plain)(x))
