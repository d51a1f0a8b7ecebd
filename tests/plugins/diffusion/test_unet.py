"""The U-Net of denoising diffusion: its size, what it is told, and how it begins."""

import math

import pytest
import torch

from gantk import UsageError
from gantk_plugins.diffusion.unet import UNet, embedded, norm

SMALL = {"channels": 8, "multiples": (1, 2), "depth": 1, "attention": (4,), "dropout": 0.0}


def test_the_papers_network_has_its_weights():
    with torch.device("meta"):
        network = UNet(3, 3, 32, channels=128, multiples=(1, 2, 2, 2), depth=2, attention=(16,), dropout=0.1)
    assert sum(weight.numel() for weight in network.parameters()) == 35_746_307


@pytest.mark.parametrize(("size", "fold"), [(8, 1), (12, 2), (28, 2)])
def test_what_is_told_has_the_images_size_and_begins_at_zero(size, fold):
    network = UNet(2, 3, size, **SMALL, fold=fold)
    assert torch.equal(network(torch.randn(2, 2, size, size), torch.tensor([0, 5])), torch.zeros(2, 3, size, size))


def test_it_reads_the_time_and_every_place():
    network = UNet(1, 1, 8, **SMALL)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    image = torch.randn(1, 1, 8, 8, requires_grad=True)
    told = network(image, torch.tensor([3]))
    assert not torch.allclose(told, network(image, torch.tensor([4])))
    told[0, 0, 0, 0].backward()
    assert (image.grad != 0).all()


def test_times_are_waves():
    waves = embedded(torch.tensor([0, 3]), 6)
    rates = torch.tensor([1, 1e-2, 1e-4])
    assert waves[0].tolist() == [0, 0, 0, 1, 1, 1]
    torch.testing.assert_close(waves[1], torch.cat([(3 * rates).sin(), (3 * rates).cos()]))
    assert embedded(torch.tensor([2]), 5).shape == (1, 5)


@pytest.mark.parametrize(("channels", "groups"), [(128, 32), (256, 32), (48, 4), (24, 2), (4, 1)])
def test_groups_have_four_channels_at_least(channels, groups):
    layer = norm(channels)
    assert layer.num_groups == groups
    assert channels // groups >= 4
    assert math.isclose(layer.eps, 1e-6)


@pytest.mark.parametrize(
    ("said", "size", "line"),
    [
        ({"channels": 6}, 8, "channels that are a multiple of 4, .* not channels=6, multiples=1,2, depth=1, fold=1"),
        ({"multiples": ()}, 8, "multiples, depth and fold of at least 1"),
        ({"depth": 0}, 8, "depth=0"),
        ({"dropout": 1.0}, 8, "a dropout from 0 to below 1, not 1.0"),
        ({"fold": 2}, 6, "makes images 4 times smaller, which those of 6 pixels cannot be: say a --size"),
    ],
)
def test_networks_that_cannot_be(said, size, line):
    with pytest.raises(UsageError, match=line):
        UNet(1, 1, size, **SMALL | said)
