"""Layers of Karras et al.: equalized rates, pixel norm, the minibatch deviation, low-pass filters."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import conv_transpose2d

from gantk.parts.networks import declares_mixing
from gantk_plugins.style.layers import (
    Doubled,
    EqualizedConv,
    EqualizedLinear,
    MinibatchDeviation,
    Smooth,
    active,
    inverse_root,
    pixel_norm,
)


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_a_dense_layer_keeps_the_deviation_whatever_its_rate(rate):
    layer = EqualizedLinear(256, 512, gain=math.sqrt(2), rate=rate, bias=0.5)
    assert float(layer.weight.detach().std() * rate) == pytest.approx(1, rel=0.02)
    made = layer(torch.randn(64, 256)).detach() - 0.5
    assert float(made.square().mean()) == pytest.approx(2, rel=0.05)


def test_a_rate_of_a_hundredth_moves_the_function_by_a_hundredth():
    x = torch.randn(8, 16)
    changes = []
    for rate in (1.0, 0.01):
        torch.manual_seed(1)
        layer = EqualizedLinear(16, 4, rate=rate)
        optimizer = torch.optim.Adam(layer.parameters(), 1e-3)
        before = layer(x)
        before.sum().backward()
        optimizer.step()
        changes.append(layer(x) - before)
    torch.testing.assert_close(changes[1], changes[0] * 0.01, rtol=1e-2, atol=1e-6)


def test_a_convolution_divides_its_weight_by_the_root_of_its_inputs():
    layer = EqualizedConv(8, 5, 3, gain=3.0)
    x = torch.randn(2, 8, 6, 6)
    plain = nn.functional.conv2d(x, layer.weight * 3 / math.sqrt(72), padding=1)
    torch.testing.assert_close(layer(x), plain)
    assert not layer.bias.any()


def test_pixel_norm_gives_each_pixel_a_mean_square_of_one():
    x = torch.randn(2, 7, 3, 3)
    normalized = pixel_norm(x)
    torch.testing.assert_close(normalized.square().mean(1), torch.ones(2, 3, 3))
    torch.testing.assert_close(normalized * x.square().mean(1, keepdim=True).sqrt(), x)
    torch.testing.assert_close(pixel_norm(5 * x), normalized)


def test_a_leaky_relu_keeps_the_mean_square_nearly():
    x = torch.randn(100_000)
    assert float(active(x).square().mean()) == pytest.approx(2 * (1 + 0.04) / 2, rel=0.02)


def test_equal_samples_deviate_by_a_ten_thousandth():
    maps = MinibatchDeviation()(torch.randn(1, 3, 2, 2).expand(8, -1, -1, -1))
    torch.testing.assert_close(maps[:, 3], torch.full((8, 2, 2), 1e-4))


def test_the_deviation_is_that_of_samples_that_lie_apart():
    x = torch.zeros(8, 2, 2, 2)
    # Groups are 0, 2, 4, 6 and 1, 3, 5, 7; only the second differs, in one of two channels: by 3, half of them.
    x[[3, 7], 0] = 6.0
    maps = MinibatchDeviation()(x)
    assert maps.shape == (8, 3, 2, 2)
    torch.testing.assert_close(maps[:, 2, 0, 0], torch.tensor([1e-4, 1.50005] * 4), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(maps[:, :2], x)


@pytest.mark.parametrize(("count", "size"), [(6, 3), (2, 2), (5, 1)])
def test_groups_are_smaller_where_four_do_not_divide_a_batch(count, size):
    x = torch.randn(count, 3, 2, 2)
    groups = x.reshape(size, count // size, -1)
    wanted = (groups.var(0, correction=0) + 1e-8).sqrt().mean(1)
    torch.testing.assert_close(MinibatchDeviation()(x)[:, 3, 0, 0], wanted.repeat(size))


def test_once_trained_a_sample_is_scored_by_itself():
    layer = MinibatchDeviation()
    assert declares_mixing(layer)
    for _ in range(60):
        layer(2 * torch.randn(64, 16, 4, 4))
    layer.eval()
    x = torch.randn(3, 16, 4, 4)
    assert torch.equal(layer(x)[1:2], layer(x[1:2]))
    # Of four normal numbers, the expected root of the mean square about their mean is 0.7979 of the deviation.
    assert float(layer(x)[0, 16, 0, 0]) == pytest.approx(2 * 0.798, rel=0.02)


def test_a_low_pass_filter_keeps_what_is_even():
    even = torch.full((1, 2, 9, 9), 3.0)
    torch.testing.assert_close(Smooth((1, 3, 3, 1))(even)[..., 1:-1, 1:-1], torch.full((1, 2, 6, 6), 3.0))
    torch.testing.assert_close(Smooth((1, 2, 1))(even)[..., 1:-1, 1:-1], torch.full((1, 2, 7, 7), 3.0))
    torch.testing.assert_close(Doubled((1, 3, 3, 1))(even)[..., 1:-1, 1:-1], torch.full((1, 2, 16, 16), 3.0))


def test_doubling_is_zeros_between_pixels_and_a_filter():
    x = torch.randn(2, 3, 5, 5)
    between = conv_transpose2d(x, torch.ones(3, 1, 1, 1), stride=2, groups=3, output_padding=1)
    # Two zeros before and one behind: four taps have no middle.
    padded = nn.functional.pad(between, (2, 1, 2, 1))
    torch.testing.assert_close(Doubled((1, 3, 3, 1))(x), Smooth((1, 3, 3, 1), gain=4.0, pad=0)(padded))


def test_what_is_nothing_is_divided_by_a_ten_thousandth():
    squares = torch.tensor([0.0, 1e-8, 3e-8, 4.0])
    torch.testing.assert_close(inverse_root(squares), torch.tensor([1e4, 1e4 / math.sqrt(2), 5e3, 0.5]))
    assert torch.equal(pixel_norm(torch.zeros(1, 3, 2, 2)), torch.zeros(1, 3, 2, 2))
