"""Sizes are taken as stated, or found by trying."""

import pytest
import torch
from torch import nn

from gantk.data.infos import ImageInfo
from gantk.errors import GantkError
from gantk.plan.tensors import port
from gantk_exports.geometry import Geometry, geometry

IMAGE = (port("image", "a", ImageInfo(1, "uint8", (0, 255)), "float"),)


def halvings(count: int) -> nn.Sequential:
    down = [nn.Conv2d(1, 1, 4, 2, 1) for _ in range(count)]
    return nn.Sequential(*down, *(nn.ConvTranspose2d(1, 1, 4, 2, 1) for _ in range(count)))


@pytest.mark.parametrize(("count", "multiple"), [(0, 1), (1, 2), (3, 8), (7, 128), (9, 512)])
def test_the_multiple_is_found(count: int, multiple: int) -> None:
    assert geometry(halvings(count), IMAGE) == Geometry(multiple, multiple, None)


def test_the_minimum_is_found() -> None:
    network = nn.Sequential(nn.ReflectionPad2d(9), nn.Conv2d(1, 1, 19), *halvings(2))
    assert geometry(network, IMAGE) == Geometry(4, 12, None)


def test_instance_norm_needs_more_than_one_pixel() -> None:
    down = nn.Sequential(nn.Conv2d(1, 1, 4, 2, 1), nn.InstanceNorm2d(1), nn.ConvTranspose2d(1, 1, 4, 2, 1))
    assert geometry(down, IMAGE) == Geometry(2, 4, None)


def test_what_a_network_states_is_taken() -> None:
    network = halvings(1)
    network.multiple, network.minimum, network.halo = 4, 9, 5
    assert geometry(network, IMAGE) == Geometry(4, 12, 5)


def test_a_network_that_changes_sizes_is_refused() -> None:
    with pytest.raises(GantkError, match="Conv2d gives back no image of its input's size"):
        geometry(nn.Conv2d(1, 1, 3), IMAGE)


@pytest.mark.parametrize(("length", "padded"), [(1, 12), (12, 12), (13, 16), (16, 16), (33, 36)])
def test_lengths_are_padded_up(length: int, padded: int) -> None:
    assert Geometry(4, 12, None).padded(length) == padded


def test_trying_draws_nothing_from_the_global_generator() -> None:
    network = halvings(2)
    before = torch.get_rng_state()
    geometry(network, IMAGE)
    assert torch.equal(before, torch.get_rng_state())
