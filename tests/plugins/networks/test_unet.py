"""The U-Net generator: the reference's size, its depth, its reach, and what it refuses."""

import pytest
import torch
from torch import nn

from gantk import GeneratorSpec, Unsupported, UsageError


def spec(size=32, **asked):
    return GeneratorSpec(**{"inputs": 3, "size": size} | asked)


@pytest.mark.parametrize(("size", "parameters"), [(128, 41_828_995), (256, 54_413_955)])
def test_size_of_the_reference(size, parameters, make_build):
    with torch.device("meta"):
        network = make_build(generator="unet", normalization=("batch", "batch")).generator(spec(size))
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize(
    ("size", "depth"), [(4, 2), (12, 2), (32, 5), (96, 5), (64, 6), (128, 7), (256, 8), (512, 8), (768, 8)]
)
def test_depth_follows_size(size, depth, factory, make_build):
    with torch.device("meta"):
        network = factory("unet", "generator")(spec(size), make_build(), filters=2)
    assert len(network.downs) == len(network.ups) == depth
    assert network.multiple == network.minimum == 2**depth


@pytest.mark.parametrize(("size", "depth"), [(64, 2), (256, 7), (512, 9), (96, 5)])
def test_depth_can_be_said(size, depth, factory, make_build):
    with torch.device("meta"):
        network = factory("unet", "generator")(spec(size), make_build(), filters=2, depth=depth)
    assert len(network.downs) == len(network.ups) == depth
    assert network.multiple == network.minimum == 2**depth


@pytest.mark.parametrize(("size", "dropouts"), [(256, 3), (128, 3), (64, 2), (32, 1), (16, 0)])
def test_dropout_stands_in_the_first_decoder_blocks_of_full_width(size, dropouts, factory, make_build):
    def blocks(**options):
        network = factory("unet", "generator")(spec(size), make_build(), filters=2, **options)
        return [any(isinstance(layer, nn.Dropout) for layer in up) for up in network.ups]

    with torch.device("meta"):
        assert blocks() == [number < dropouts for number in range(len(blocks()))]
        assert not any(blocks(dropout=0.0))


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("norm", ["instance", "batch", "layer", "spectral", "none"])
@pytest.mark.parametrize(("size", "height", "width"), [(32, 32, 32), (8, 24, 40), (4, 4, 12)])
def test_gives_the_size_it_takes_in_training(upsampling, norm, size, height, width, factory, make_build):
    """At its smallest size the bottleneck is one pixel, which instance norm would refuse."""
    build = make_build(normalization=(norm, "none"))
    network = factory("unet", "generator")(spec(size, inputs=1, outputs=2), build, filters=2, upsampling=upsampling)
    image = network(torch.rand(1, 1, height, width))
    assert image.shape == (1, 2, height, width)
    assert image.abs().max() <= 1


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_halo_is_what_an_aligned_tile_reads(upsampling, factory, make_build, averaging):
    build = make_build(normalization=("none", "none"))
    network = factory("unet", "generator")(spec(8), build, filters=2, upsampling=upsampling).double().eval()
    start, stop = 40 - network.halo, 48 + network.halo
    image = torch.rand(1, 3, 96, 96, dtype=torch.float64)
    tile = network(image[:, :, start:stop, start:stop])[
        :, :, network.halo : -network.halo, network.halo : -network.halo
    ]
    assert torch.allclose(tile, network(image)[:, :, 40:48, 40:48], rtol=0, atol=1e-12)

    image.requires_grad_()
    averaging(network)(image)[:, :, 40:48, 40:48].sum().backward()
    rows = image.grad[0].sum((0, 2)).nonzero()
    assert start <= rows.min() < start + 8
    assert stop - 8 <= rows.max() < stop


def test_skips_join_layers_of_one_size(factory, make_build):
    network = factory("unet", "generator")(spec(16), make_build(), filters=2).eval()
    image = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        skipped = network.downs[0](image).relu()
        network.ups[-1][1].weight[skipped.shape[1] :] = 0  # cut what comes from below
        from_skip = network.ups[-1][1](torch.cat([skipped, torch.zeros_like(skipped)], 1)).tanh()
        assert torch.allclose(network(image), from_skip)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"inputs": None, "latent": 100}, "no latent vector"),
        ({"latent": 8}, "no latent vector"),
        ({"classes": 10}, "no class labels"),
        ({"domains": 3}, "no target domains"),
        ({"features": True}, "no inner activations"),
        ({"size": 30}, "multiple of 4, not 30"),
        ({"size": 2}, "multiple of 4, not 2"),
    ],
)
def test_what_it_cannot_do(asked, reason, make_build):
    with pytest.raises(Unsupported, match=reason):
        make_build(generator="unet").generator(spec(**asked))


def test_a_depth_that_cannot_be(factory, make_build):
    with pytest.raises(UsageError, match="unet needs depth >= 2, not 1"):
        factory("unet", "generator")(spec(), make_build(), depth=1)
    with pytest.raises(Unsupported, match="multiple of 64, not 96"):
        factory("unet", "generator")(spec(96), make_build(), depth=6)


@pytest.mark.parametrize("options", [{"filters": 0}, {"dropout": 1.0}, {"dropout": -0.1}])
def test_wrong_options(options, factory, make_build):
    with pytest.raises(UsageError, match=r"filters >= 1 and 0 <= dropout < 1"):
        factory("unet", "generator")(spec(), make_build(), **options)
