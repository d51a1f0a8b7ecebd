"""The U-Net of denoising diffusion (Ho et al. 2020, arXiv:2006.11239, appendix B, and its authors' code).

Residual blocks of two 3x3 convolutions, each behind a group norm and SiLU, at several sizes; the blocks up read what
those down left at the same size. Every block is told the time by what is added between its convolutions. At some sizes,
and in the middle, places attend to each other. Each block's last convolution, each attention's and the network's begin
at zero, the others as Glorot's uniform ones.

Where few cores have few minutes, the network reads maps of half the size whose channels are squares of 2 x 2 pixels
(`fold=2`; Hoogeboom et al. 2023, arXiv:2301.11093, section 3.2, has such a step at the entrance of large images).

A group has at least four channels, the paper's 32 groups of 128 channels, and of narrower maps as many as divide them.
"""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gantk import UsageError

GROUPS, LEAST = 32, 4
"""Groups of a norm at most, and channels of a group at least."""


def embedded(time: Tensor, length: int) -> Tensor:
    """Return sines and cosines (N, length) of times (N,), at wavelengths from 2 pi to 20,000 pi."""
    half = length // 2
    rates = torch.exp(torch.arange(half, device=time.device) * (-math.log(10_000) / max(half - 1, 1)))
    angles = time.float()[:, None] * rates
    return functional.pad(torch.cat([angles.sin(), angles.cos()], 1), (0, length % 2))


def norm(channels: int) -> nn.GroupNorm:
    """Return the group norm of (N, channels, H, W)."""
    return nn.GroupNorm(math.gcd(GROUPS, channels // LEAST), channels, eps=1e-6)


Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def glorot(layer: Layer, scale: float = 1.0) -> Layer:
    """Return a layer whose weights are Glorot's uniform ones, times a scale, and whose biases are zero."""
    nn.init.xavier_uniform_(layer.weight, scale)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


class Block(nn.Module):
    """A residual block: (N, inputs, H, W) -> (N, outputs, H, W), told a vector (N, told)."""

    def __init__(self, inputs: int, outputs: int, told: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Sequential(norm(inputs), nn.SiLU(), glorot(nn.Conv2d(inputs, outputs, 3, padding=1)))
        self.told = nn.Sequential(nn.SiLU(), glorot(nn.Linear(told, outputs)))
        last = glorot(nn.Conv2d(outputs, outputs, 3, padding=1), 0.0)
        self.second = nn.Sequential(norm(outputs), nn.SiLU(), nn.Dropout(dropout), last)
        self.skip = nn.Identity() if inputs == outputs else glorot(nn.Conv2d(inputs, outputs, 1))

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        hidden = self.first(x) + self.told(told)[:, :, None, None]
        answer: Tensor = self.skip(x) + self.second(hidden)
        return answer


class Attention(nn.Module):
    """Each place of a map (N, channels, H, W) adds what it finds in all others, by one head."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = norm(channels)
        self.queries = glorot(nn.Conv2d(channels, 3 * channels, 1))
        self.found = glorot(nn.Conv2d(channels, channels, 1), 0.0)

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        queries, keys, values = (
            part.reshape(n, 1, channels, height * width).transpose(2, 3)
            for part in self.queries(self.norm(x)).chunk(3, 1)
        )
        found = functional.scaled_dot_product_attention(queries, keys, values)
        answer: Tensor = x + self.found(found.transpose(2, 3).reshape(n, channels, height, width))
        return answer


class Level(nn.Module):
    """A block at one size, and what follows it there."""

    def __init__(self, inputs: int, outputs: int, told: int, dropout: float, *, attends: bool) -> None:
        super().__init__()
        self.block = Block(inputs, outputs, told, dropout)
        self.attention = Attention(outputs) if attends else nn.Identity()

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        answer: Tensor = self.attention(self.block(x, told))
        return answer


class Halved(nn.Module):
    """A map of half the height and width, by a strided convolution that looks to the right and down."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = glorot(nn.Conv2d(channels, channels, 3, stride=2))

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.layer(functional.pad(x, (0, 1, 0, 1)))
        return answer


class UNet(nn.Module):
    """Tells of images (N, inputs, size, size) at times (N,) what is wanted of them, (N, outputs, size, size).

    Args:
        inputs: channels of the images.
        outputs: channels of what is told.
        size: height and width in pixels.
        channels: at the whole size.
        multiples: of these at each size, from the whole one down, each half the one before.
        depth: residual blocks a size on the way down; one more on the way up.
        attention: sizes of maps at which places attend to each other.
        dropout: share of a block's inner activations dropped in training.
        fold: pixels to a side of the squares that become channels before all else.

    Raises UsageError where images cannot be halved so often, or groups cannot have four channels.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        *,
        channels: int,
        multiples: tuple[int, ...],
        depth: int,
        attention: tuple[int, ...],
        dropout: float,
        fold: int = 1,
    ) -> None:
        super().__init__()
        check(size, channels, multiples, depth, dropout, fold)
        size, inputs, outputs = size // fold, inputs * fold**2, outputs * fold**2
        self.channels, told = channels, 4 * channels
        self.unfolding, self.folding = nn.PixelShuffle(fold), nn.PixelUnshuffle(fold)
        self.time = nn.Sequential(glorot(nn.Linear(channels, told)), nn.SiLU(), glorot(nn.Linear(told, told)))
        self.into = glorot(nn.Conv2d(inputs, channels, 3, padding=1))
        self.down, self.halved = nn.ModuleList(), nn.ModuleList()
        self.up, self.enlarged = nn.ModuleList(), nn.ModuleList()
        widths = [channels * multiple for multiple in multiples]
        before, left = channels, [channels]
        for number, width in enumerate(widths):
            attends = size // 2**number in attention
            levels = [
                Level(before if place == 0 else width, width, told, dropout, attends=attends) for place in range(depth)
            ]
            self.down.append(nn.ModuleList(levels))
            before, left = width, [*left, *[width] * depth]
            if number < len(widths) - 1:
                self.halved.append(Halved(width))
                left.append(width)
        self.middle = nn.ModuleList(
            [Level(before, before, told, dropout, attends=True), Level(before, before, told, dropout, attends=False)]
        )
        for number, width in reversed(list(enumerate(widths))):
            attends = size // 2**number in attention
            levels = []
            for _ in range(depth + 1):
                levels.append(Level(before + left.pop(), width, told, dropout, attends=attends))
                before = width
            self.up.append(nn.ModuleList(levels))
            if number:
                self.enlarged.append(glorot(nn.Conv2d(width, width, 3, padding=1)))
        self.out = nn.Sequential(norm(before), nn.SiLU(), glorot(nn.Conv2d(before, outputs, 3, padding=1), 0.0))

    def forward(self, image: Tensor, time: Tensor) -> Tensor:
        told = self.time(embedded(time, self.channels).to(image.dtype))
        x = self.into(self.folding(image))
        left = [x]
        for number, levels in enumerate(self.down):
            for level in levels:  # type: ignore[attr-defined]
                x = level(x, told)
                left.append(x)
            if number < len(self.halved):
                x = self.halved[number](x)
                left.append(x)
        for level in self.middle:
            x = level(x, told)
        for number, levels in enumerate(self.up):
            for level in levels:  # type: ignore[attr-defined]
                x = level(torch.cat([x, left.pop()], 1), told)
            if number < len(self.enlarged):
                x = self.enlarged[number](functional.interpolate(x, scale_factor=2.0))
        answer: Tensor = self.unfolding(self.out(x))
        return answer


def check(size: int, channels: int, multiples: tuple[int, ...], depth: int, dropout: float, fold: int) -> None:
    """Raise UsageError where there can be no such network."""
    if not multiples or min(*multiples, depth, fold) < 1 or channels < LEAST or channels % LEAST:
        raise UsageError(
            f"the U-Net needs channels that are a multiple of {LEAST}, and multiples, depth and fold of at least 1, "
            f"not channels={channels}, multiples={','.join(map(str, multiples))}, depth={depth}, fold={fold}"
        )
    if not 0 <= dropout < 1:
        raise UsageError(f"the U-Net needs a dropout from 0 to below 1, not {dropout}")
    least = fold * 2 ** (len(multiples) - 1)
    if size % least:
        raise UsageError(
            f"the U-Net makes images {least} times smaller, which those of {size} pixels cannot be: say a --size that "
            f"is a multiple of {least}, or fewer multiples, -s multiples=1,2"
        )
