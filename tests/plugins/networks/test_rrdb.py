"""RRDB networks: the size of the authors' code, what blocks add, their reach, and what they refuse."""

import pytest
import torch
from torch import nn

from gantk import GeneratorSpec, Unsupported, UsageError
from gantk.parts.valueless import without_values


def spec(**asked):
    return GeneratorSpec(**{"inputs": 3, "size": 24, "scale": 4} | asked)


@pytest.fixture
def build(factory, make_build):
    """Return a function that builds the network by its options."""

    def build(asked=None, **options):
        return factory("rrdb", "generator")(spec(**asked or {}), make_build(normalization=("batch", "none")), **options)

    return build


def test_size_of_the_authors_code_without_a_norm(build):
    with without_values():
        network = build()
    assert sum(p.numel() for p in network.parameters()) == 16_697_987
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("scale", [2, 8])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 7)])
def test_enlarges_images_of_any_size(scale, height, width, build):
    network = build({"inputs": 1, "outputs": 2, "scale": scale}, filters=4, blocks=1, growth=2).eval()
    image = network(torch.rand(2, 1, height, width))
    assert image.shape == (2, 2, scale * height, scale * width)
    assert image.abs().max() <= 1


def test_what_a_block_adds_is_a_fifth_of_it_inside_and_outside(build):
    """Where each dense block computes a constant 1, three of them come to 0.6, and their block to 0.2 of that."""
    block = build(filters=4, blocks=1, growth=2).inner[0]
    for dense in block.blocks:
        nn.init.zeros_(dense.layers[-1].weight)
        nn.init.ones_(dense.layers[-1].bias)
    x = torch.rand(1, 4, 3, 3)
    torch.testing.assert_close(block.blocks[0](x), x + 0.2)
    torch.testing.assert_close(block(x), x + 0.2 * (x + 0.6))


def test_dense_layers_read_all_before_them_and_begin_small(build):
    torch.manual_seed(0)
    dense = build(blocks=1).inner[0].blocks[0]
    assert [layer.in_channels for layer in dense.layers] == [64, 96, 128, 160, 192]
    deviations = [layer.weight.std().item() for layer in dense.layers]
    assert deviations == pytest.approx([0.1 * (2 / (9 * layer.in_channels)) ** 0.5 for layer in dense.layers], rel=0.05)


@pytest.mark.parametrize("blocks", [0, 1])
@pytest.mark.parametrize("scale", [2, 4])
def test_halo_covers_what_a_pixel_reads(scale, blocks, build, reach):
    network = build({"inputs": 1, "scale": scale}, filters=1, blocks=blocks, growth=1)
    assert network.halo - 2 <= reach(network, scale) <= network.halo


@pytest.mark.parametrize(
    ("asked", "reason"),
    [({"scale": 1}, "needs an image to enlarge"), ({"scale": 6}, "enlarges 2, 4, 8, ... times, not 6 times")],
)
def test_what_it_cannot_do(asked, reason, build):
    with pytest.raises(Unsupported, match=reason):
        build(asked)


@pytest.mark.parametrize("options", [{"filters": 0}, {"blocks": -1}, {"growth": 0}])
def test_wrong_options(options, build):
    with pytest.raises(UsageError, match="rrdb needs filters >= 1, blocks >= 0 and growth >= 1"):
        build(**options)
