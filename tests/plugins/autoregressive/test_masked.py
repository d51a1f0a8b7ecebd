"""Masked networks: what each value reads, and what it must not."""

from itertools import product

import pytest
import torch

from gantk_plugins.autoregressive.levels import nats, values
from gantk_plugins.autoregressive.masked import GatedPixelCNN, PixelCNN, channel_mask, gated
from support.autoregressive import dependence

BOTH = pytest.mark.parametrize("network", [PixelCNN, GatedPixelCNN])


def made(network, channels=1, levels=2, residuals=2):
    """Return a small network of random weights in float64, none of them zero."""
    return network(channels, levels, features=4, residuals=residuals, last=16).double()


@BOTH
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_no_value_reads_itself_or_what_comes_later(network, channels):
    hangs = dependence(made(network, channels), channels, 4)
    assert torch.equal(hangs.triu(), torch.zeros_like(hangs))
    # The channels before it, at the pixel itself, it reads.
    assert all(hangs[value, value - value % channels : value].ne(0).all() for value in range(channels * 16))


def test_the_gated_network_has_no_blind_spot_and_plain_masks_have_one():
    side, last = 9, 4 * 9 + 2
    plain, gates = (dependence(made(network, residuals=4), 1, side)[last] for network in (PixelCNN, GatedPixelCNN))
    # Of the rows above, within reach, the pixel reads all to the right.
    assert (gates[:last] != 0).all()
    assert plain.reshape(side, side)[2, 8] == 0
    assert plain.reshape(side, side)[2, 2] != 0


@BOTH
def test_nothing_is_read_beyond_the_reach(network):
    small = made(network, residuals=1)
    image = torch.randn(8, 1, 8, 8).double().requires_grad_()
    small(image)[:, 0, :, 7].sum().backward()
    first = int(image.grad.abs().sum((0, 1, 3)).nonzero()[0])
    assert 7 - first == small.reach


@BOTH
def test_the_probabilities_of_all_images_are_one_together(network):
    images = torch.tensor(list(product((0, 1), repeat=9))).reshape(512, 1, 3, 3)
    with torch.no_grad():
        total = (-nats(made(network)(values(images, 2).double()), images)).exp().sum()
    assert total.item() == pytest.approx(1, abs=1e-12)


def test_channels_are_masked_in_equal_shares():
    assert channel_mask(3, 6, 3, "A").int().tolist() == [[0, 0, 0]] * 2 + [[1, 0, 0]] * 2 + [[1, 1, 0]] * 2
    assert channel_mask(3, 3, 3, "B").int().tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_gates_are_equation_2():
    x = torch.randn(2, 6, 1, 1)
    torch.testing.assert_close(gated(x), x[:, :3].tanh() * x[:, 3:].sigmoid())
