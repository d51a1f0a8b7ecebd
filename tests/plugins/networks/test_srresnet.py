"""SRResNet: the paper's size, what its skips carry, its reach, and what it refuses."""

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from gantk import GeneratorSpec, Unsupported, UsageError

NONE = ("none", "none")


def spec(**asked):
    return GeneratorSpec(**{"inputs": 3, "size": 24, "scale": 4} | asked)


@pytest.fixture
def build(factory, make_build):
    """Return a function that builds the network by its options."""

    def build(normalization=NONE, asked=None, **options):
        return factory("srresnet", "generator")(
            spec(**asked or {}), make_build(generator="srresnet", normalization=normalization), **options
        )

    return build


def test_size_of_the_paper(build):
    """1,549,462 with biases before the 33 batch norms, which have biases of their own."""
    with torch.device("meta"):
        network = build(("batch", "batch"))
    assert sum(p.numel() for p in network.parameters()) == 1_549_462 - 33 * 64
    assert sum(isinstance(module, nn.PReLU) for module in network.modules()) == 1 + 16 + 2


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 7), (8, 5)])
def test_enlarges_images_of_any_size(scale, height, width, build):
    network = build(asked={"inputs": 1, "outputs": 2, "scale": scale}, filters=4, blocks=1).eval()
    image = network(torch.rand(2, 1, height, width))
    assert image.shape == (2, 2, scale * height, scale * width)


def test_four_channels_become_the_four_pixels_of_a_square(build):
    """Channel c r^2 + i r + j is pixel (i, j): the order in which weights of other programs lie."""
    doubling = build(asked={"scale": 2}, filters=2, blocks=0).doublings[0]
    channels = torch.arange(8.0).view(1, 8, 1, 1)
    assert torch.equal(doubling[1](channels)[0], torch.arange(8.0).view(2, 2, 2))


def test_blocks_that_add_nothing_leave_the_skips(build):
    torch.manual_seed(1)
    network = build(filters=4, blocks=2).eval()
    for block in network.inner[:2]:
        for parameter in block.body[-2].parameters():
            nn.init.zeros_(parameter)
    image = torch.rand(1, 3, 5, 5) * 2 - 1
    x = network.first((image + 1) / 2)
    assert torch.equal(network.inner[:2](x), x)
    nn.init.zeros_(network.inner[2].weight)
    nn.init.zeros_(network.inner[2].bias)
    assert torch.equal(network(image), network.last(network.doublings(x)).clamp(-1, 1))


def test_an_added_input_is_the_enlarged_image_at_first(build, pictures):
    image = pictures("3d", 2)
    network = build(filters=8, blocks=1, adds_input=True).eval()
    apart = (network(image) - interpolate(image, scale_factor=4.0, mode="bilinear")).abs().mean()
    assert 0 < apart < 0.05


@pytest.mark.parametrize("added", [False, True])
def test_values_out_of_range_are_seen_in_training_alone(added, build):
    network = build(filters=4, blocks=0, adds_input=added)
    nn.init.constant_(network.last.bias, 5.0)
    image = torch.rand(1, 3, 6, 6)
    assert network(image).max() > 2
    assert network.eval()(image).abs().max() <= 1


@pytest.mark.parametrize("blocks", [0, 2])
@pytest.mark.parametrize("scale", [2, 4])
def test_halo_covers_what_a_pixel_reads(scale, blocks, build, reach):
    network = build(asked={"inputs": 1, "scale": scale}, filters=1, blocks=blocks)
    assert network.halo - 2 <= reach(network, scale) <= network.halo


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"inputs": None, "latent": 8}, "takes no latent vector"),
        ({"scale": 1}, "needs an image to enlarge"),
        ({"scale": 3}, "enlarges 2, 4, 8, ... times, not 3 times"),
        ({"classes": 10}, "takes no class labels"),
        ({"features": True}, "no inner activations"),
    ],
)
def test_what_it_cannot_do(asked, reason, build):
    with pytest.raises(Unsupported, match=reason):
        build(asked=asked)


def test_an_added_input_needs_the_channels_of_the_output(build):
    with pytest.raises(Unsupported, match="with adds_input needs as many channels as it gives, 3, not 1"):
        build(asked={"inputs": 1}, adds_input=True)


@pytest.mark.parametrize("options", [{"filters": 0}, {"blocks": -1}])
def test_wrong_options(options, build):
    with pytest.raises(UsageError, match="srresnet needs filters >= 1 and blocks >= 0"):
        build(**options)
