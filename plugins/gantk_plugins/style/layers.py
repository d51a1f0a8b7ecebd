"""Layers that the generators of Karras et al. share; no plugin by itself.

All weights are drawn from N(0, 1) and multiplied in each call, so that Adam moves them at one relative rate: the
equalized learning rate (Karras et al. 2017, arXiv:1710.10196, section 4.1).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear

from gantk import UsageError
from gantk_plugins.networks.layers import coarsest

SLOPE, GAIN = 0.2, math.sqrt(2)
"""Leaky ReLU's slope below zero, and what keeps the mean square behind a leaky ReLU, as He et al. 2015 say of ReLU."""


class EqualizedLinear(nn.Module):
    """A dense layer (N, inputs) -> (N, outputs) with an equalized learning rate.

    Args:
        inputs: numbers that go in.
        outputs: numbers that come out.
        gain: factor on the output's deviation, which is 1 where the inputs' is.
        rate: factor on the learning rate; the first function does not depend on it.
        bias: what biases are at first; None: there are none.
    """

    def __init__(
        self, inputs: int, outputs: int, *, gain: float = 1.0, rate: float = 1.0, bias: float | None = 0.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = None if bias is None else nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = gain * rate / math.sqrt(inputs), rate

    def forward(self, x: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias * self.rate
        return linear(x, self.weight * self.scale, bias)


class EqualizedConv(nn.Module):
    """A convolution (N, inputs, H, W) -> (N, outputs, H', W') with an equalized learning rate.

    Args:
        inputs: channels that go in.
        outputs: channels that come out.
        kernel: height and width of the kernel.
        gain: factor on the output's deviation, which is 1 where the inputs' is.
        stride: pixels from one place of the kernel to the next.
        padding: zeros around the image; unsaid: those that keep its size at stride 1.
        bias: whether a bias is added, 0 at first.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        gain: float = 1.0,
        stride: int = 1,
        padding: int | None = None,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = gain / math.sqrt(inputs * kernel**2)
        self.stride, self.padding = stride, kernel // 2 if padding is None else padding

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


class Smooth(nn.Module):
    """A fixed low-pass filter of each channel: (N, C, H, W) -> (N, C, H + sum of pads - taps + 1, ...).

    Args:
        taps: the filter along a side; it is made to have the sum 1.
        gain: factor on the outcome.
        pad: zeros on each side.
    """

    kernel: Tensor

    def __init__(self, taps: tuple[float, ...], *, gain: float = 1.0, pad: int = 1) -> None:
        super().__init__()
        line = torch.tensor(taps) / sum(taps)
        self.register_buffer("kernel", gain * line[:, None] * line, persistent=False)
        self.pad = pad

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        return conv2d(x, self.kernel.expand(channels, 1, -1, -1), padding=self.pad, groups=channels)


class Doubled(nn.Module):
    """Images twice as high and wide, by zeros between pixels and a low-pass filter of four taps that sum to 1.

    (N, C, H, W) -> (N, C, 2 H, 2 W).
    """

    kernel: Tensor

    def __init__(self, taps: tuple[float, float, float, float]) -> None:
        super().__init__()
        line = torch.tensor(taps) / sum(taps)
        self.register_buffer("kernel", 4 * line[:, None] * line, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        return conv_transpose2d(x, self.kernel.expand(channels, 1, -1, -1), stride=2, padding=1, groups=channels)


class MinibatchDeviation(nn.Module):
    """One more map, of how much samples differ: (N, C, H, W) -> (N, C + 1, H, W).

    The deviation of each number over a group of samples, averaged over channels and pixels: a number a group, the same
    at all its pixels (arXiv:1710.10196, section 3, in groups of four as in the authors' code, whose members lie apart).
    Where four do not divide N, groups are of the next smaller number that does. Once trained, a sample is scored by
    itself, as one of a group that differs as groups did in training.

    Args:
        group: samples of a group.

    Attributes:
        usual: a moving average of the map's numbers.
    """

    mixes_samples = True
    usual: Tensor

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group
        self.register_buffer("usual", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.deviations(x).to(x.dtype).expand(len(x), -1, *x.shape[2:])], 1)

    def deviations(self, x: Tensor) -> Tensor:
        """Return each sample's number (N, 1, 1, 1), or what is usual (1, 1, 1)."""
        if not self.training:
            return self.usual.view(1, 1, 1)
        count = len(x)
        size = next(size for size in range(min(self.group, count), 0, -1) if count % size == 0)
        groups = x.float().reshape(size, count // size, -1)
        found = (groups.var(0, correction=0) + 1e-8).sqrt().mean(1)
        with torch.no_grad():
            self.usual.lerp_(found.mean(), 0.1)
        return found.repeat(size).view(-1, 1, 1, 1)


def pixel_norm(x: Tensor) -> Tensor:
    """Return x (N, C, ...), each vector over the channels divided by its root mean square (1710.10196, section 4.2)."""
    return x * inverse_root(x.square().mean(1, keepdim=True))


def inverse_root(square: Tensor) -> Tensor:
    """Return 1 / sqrt(square + 1e-8); a sum with 1e-8 itself is left out of exported graphs, as one with 0."""
    return (1e8 * square + 1).rsqrt() * 1e4


def active(x: Tensor, gain: float = GAIN) -> Tensor:
    """Return the leaky ReLU of x, times a gain."""
    return leaky_relu(x, SLOPE) * gain


def widths(size: int, base: int, most: int) -> list[int]:
    """Return the channels of the maps of each size of images, the coarsest first: base / side, from 1 to most.

    Raises Unsupported for a size that no doubling gives, UsageError where maps would have no channels.
    """
    start, doublings = coarsest(size)
    if min(base, most) < 1:
        raise UsageError(f"maps need base >= 1 and most >= 1, not base={base} and most={most}")
    return [max(min(base // (start << doubling), most), 1) for doubling in range(doublings + 1)]
