"""SPADE's networks: the authors' sizes, where the grid doubles, and what is refused."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from gantk import GeneratorSpec, Unsupported, UsageError
from gantk_plugins.networks.spade import StyleEncoder, encoded_side, initialize_glorot
from gantk_plugins.normalizations.spatial import Spade
from gantk_plugins.normalizations.spectral_instance import SpectralInstance


@pytest.fixture
def make(factory, make_build):
    def made(size=64, latent=None, layout=2, **options):
        spec = GeneratorSpec(layout=layout, latent=latent, outputs=3, size=size)
        return factory("spade", "generator")(spec, make_build(normalization=("spade", "none")), **options)

    return made


@pytest.mark.parametrize(("layout", "millions"), [(184, 97.5), (151, 96.5), (36, 93.0)])
def test_size_of_the_authors_generator(layout, millions, make):
    """Of COCO, ADE20K and Cityscapes, without an encoder."""
    with torch.device("meta"):
        network = make(256, layout=layout)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


def test_a_style_fills_the_authors_grid(make):
    with torch.device("meta"):
        network = make(256, latent=256, layout=36)
    assert (network.first.in_features, network.first.out_features) == (256, 16 * 64 * 8 * 8)


@pytest.mark.parametrize(("doublings", "size", "blocks"), [(5, 64, 7), (6, 128, 7), (7, 256, 8)])
def test_sizes_and_blocks(doublings, size, blocks, make):
    network = make(size, filters=2, doublings=doublings).eval()
    assert len(network.blocks) == blocks
    seen = []
    for block in network.blocks:
        block.register_forward_hook(lambda module, inputs, output: seen.append(output.shape[2]))
    with torch.no_grad():
        assert network(torch.rand(1, 2, size, size)).shape == (1, 3, size, size)
    same = [2, 4, 4] if doublings == 5 else [2, 4, 8]
    assert seen == [*same, *(same[-1] * 2**number for number in range(1, blocks - 2))]


def test_a_style_at_another_size_than_that_of_the_training(make):
    network = make(64, latent=5, filters=2).eval()
    with torch.no_grad():
        assert network(torch.rand(1, 5), torch.rand(1, 2, 96, 64)).shape == (1, 3, 96, 64)


def test_spectral_norm_is_on_the_convolutions_of_blocks_alone(make):
    network = make(filters=2)
    bound = {name.rpartition(".")[0] for name, layer in network.named_modules() if parametrize.is_parametrized(layer)}
    assert all(".layers" in name or ".shortcut" in name for name in bound)
    assert len(bound) == 7 + 4


def test_under_one_class_and_kernels_of_1_it_is_conditional_batch_norm():
    norm = Spade(hidden=3, kernel=1).mapped_activation(4, 2)
    x, layout = torch.randn(5, 4, 6, 6), torch.zeros(5, 2, 3, 3)
    layout[:, 1] = 1
    shared = torch.relu(norm.shared[0].weight[:, 1, 0, 0] + norm.shared[0].bias)
    scale = norm.scale.weight[:, :, 0, 0] @ shared + norm.scale.bias
    shift = norm.shift.weight[:, :, 0, 0] @ shared + norm.shift.bias
    expected = nn.BatchNorm2d(4, affine=False)(x) * (1 + scale.view(-1, 1, 1)) + shift.view(-1, 1, 1)
    torch.testing.assert_close(norm(x, layout), expected)


def test_the_map_is_brought_to_the_activations_by_nearest_neighbour():
    norm = Spade(hidden=1, kernel=1).mapped_activation(1, 1).eval()
    for layer in (norm.shared[0], norm.scale, norm.shift):
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
    layout = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    given = norm(torch.zeros(1, 1, 4, 4), layout)
    torch.testing.assert_close(given, layout.repeat_interleave(2, 2).repeat_interleave(2, 3))


@pytest.mark.parametrize("options", [{"hidden": 0}, {"kernel": 2}])
def test_wrong_options_of_the_norm(options):
    with pytest.raises(UsageError, match="an odd kernel"):
        Spade(**options)


def test_the_encoder_of_the_paper():
    with torch.device("meta"):
        encoder = StyleEncoder(3, 256, 256, SpectralInstance())
    widths = [layer[0].out_channels for layer in encoder.layers]
    assert widths == [64, 128, 256, 512, 512, 512]
    assert (encoder.mean.in_features, encoder.mean.out_features) == (8192, 256)
    assert [encoded_side(sides) for sides in ((256, 512), (1024, 1024), (100, 64), (4, 4))] == [256, 256, 64, 8]


def test_a_picture_of_any_size_has_a_style():
    encoder = StyleEncoder(3, 5, 16, SpectralInstance()).eval()
    mean, log_variance = encoder(torch.rand(2, 3, 20, 33))
    assert mean.shape == log_variance.shape == (2, 5)


def test_first_weights_are_glorots():
    layer = nn.Conv2d(40, 60, 3)
    initialize_glorot(layer)
    assert layer.weight.std().item() == pytest.approx((2 / (100 * 9)) ** 0.5, rel=0.03)
    assert not layer.bias.any()


@pytest.mark.parametrize(
    ("size", "options", "error", "reason"),
    [
        (32, {}, Unsupported, "a multiple of 32 and at least 64, not 32"),
        (96, {"doublings": 6}, Unsupported, "a multiple of 64 and at least 128, not 96"),
        (64, {"doublings": 4}, UsageError, "doublings from 5 to 7"),
        (64, {"filters": 1}, UsageError, "filters >= 2"),
    ],
)
def test_what_it_cannot_be(size, options, error, reason, make):
    with pytest.raises(error, match=reason):
        make(size, **options)
