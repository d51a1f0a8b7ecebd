"""Levels, the likelihood of images of them, and images drawn value by value."""

import math

import pytest
import torch

from gantk import UsageError
from gantk_plugins.autoregressive.levels import Nats, ValueByValue, check_levels, leveled, nats, values
from gantk_plugins.autoregressive.masked import GatedPixelCNN, PixelCNN
from support.autoregressive import drawn_slowly


@pytest.mark.parametrize("levels", [2, 5, 256])
def test_levels_are_the_nearest_ones(levels):
    every = torch.arange(levels)
    assert torch.equal(leveled(values(every, levels), levels), every)
    assert values(every, levels)[[0, -1]].tolist() == [-1, 1]


def test_two_levels_part_at_grey():
    assert leveled(torch.tensor([-1.0, -0.01, 0.0, 0.7]), 2).tolist() == [0, 0, 1, 1]


def test_what_knows_nothing_has_log_levels_nats_a_value():
    level = torch.randint(256, (3, 2, 4, 4))
    torch.testing.assert_close(nats(torch.zeros(3, 2, 256, 4, 4), level), torch.full((3,), 32 * math.log(256)))


def test_nats_are_the_cross_entropy_of_all_values():
    logits, level = torch.randn(2, 3, 5, 2, 2), torch.randint(5, (2, 3, 2, 2))
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), level, reduction="none")
    torch.testing.assert_close(nats(logits, level), each.flatten(1).sum(1))


@pytest.mark.parametrize("network", [PixelCNN, GatedPixelCNN])
def test_a_band_of_rows_gives_what_the_whole_image_would(network):
    shape, levels = (2, 9, 4), 3
    small = network(2, levels, features=4, residuals=1, last=4).double()
    assert small.reach + 1 < 9
    for weight in small.parameters():
        torch.nn.init.normal_(weight, std=0.7)
    noise = torch.rand(3, *shape).double() * 2 - 1
    with torch.no_grad():
        made = ValueByValue(small, shape, levels, small.reach)(noise, torch.full((3,), 0.8).double())
        torch.testing.assert_close(made, drawn_slowly(small, noise, levels, 0.8))
    assert made.std() > 0.3


def test_samples_are_as_frequent_as_they_are_likely():
    small = GatedPixelCNN(1, 2, features=4, residuals=1, last=4)
    for weight in small.parameters():
        torch.nn.init.normal_(weight, std=0.7)
    count = 4000
    with torch.no_grad():
        made = ValueByValue(small, (1, 2, 2), 2, small.reach)(torch.rand(count, 1, 2, 2) * 2 - 1, torch.ones(count))
        expected = (-Nats(small, 2)(made)).exp()
    numbers = (leveled(made, 2).flatten(1) * torch.tensor([8, 4, 2, 1])).sum(1)
    for number in numbers.unique():
        chosen = numbers == number
        p = expected[chosen][0].item()
        assert chosen.double().mean().item() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / count))


def test_a_cold_image_is_the_likeliest_values():
    small = PixelCNN(1, 4, features=4, residuals=1, last=4)
    noise, cold = torch.rand(2, 1, 3, 3) * 2 - 1, torch.full((2,), 1e-4)
    with torch.no_grad():
        made = ValueByValue(small, (1, 3, 3), 4, small.reach)(noise, cold)
        assert torch.equal(small(made).argmax(2), leveled(made, 4))


@pytest.mark.parametrize("levels", [1, 257])
def test_levels_that_there_are_not(levels):
    with pytest.raises(UsageError, match=f"from 2 to 256 levels, not {levels}"):
        check_levels(levels)
