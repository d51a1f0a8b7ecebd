"""Levels of images, the likelihood of images of levels, and images drawn value by value; no plugin by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gantk import Iterated, UsageError

MOST = 256
"""Levels that images of bytes have."""


def check_levels(levels: int) -> None:
    """Raise UsageError where values cannot have so many levels."""
    if not 2 <= levels <= MOST:
        raise UsageError(f"values have from 2 to {MOST} levels, not {levels}")


def leveled(image: Tensor, levels: int) -> Tensor:
    """Return the nearest levels, int64 from 0 on, of values in [-1, 1]; of two levels, 0 and more is the upper."""
    return ((image + 1) / 2 * (levels - 1) + 0.5).floor().long().clamp(0, levels - 1)


def values(level: Tensor, levels: int) -> Tensor:
    """Return the values in [-1, 1] of levels."""
    return level.float() * (2 / (levels - 1)) - 1


def nats(logits: Tensor, level: Tensor) -> Tensor:
    """Return -log p of images of levels (N, C, H, W) in nats, (N,); logits are (N, C, levels, H, W)."""
    chosen = logits.log_softmax(2).gather(2, level[:, :, None])
    return -chosen.flatten(1).sum(1)


class Nats(nn.Module):
    """The -log p of images (N, C, H, W) in nats, (N,), as their nearest levels have it."""

    def __init__(self, network: nn.Module, levels: int) -> None:
        super().__init__()
        self.network, self.levels = network, levels

    def forward(self, image: Tensor) -> Tensor:
        level = leveled(image, self.levels)
        return nats(self.network(values(level, self.levels)), level)


class ValueByValue(Iterated):
    """Images drawn value by value, in as many steps as they have values, of uniform noise for each.

    A step asks the network of no more rows than it reads, and of those below the value's own not at all.

    Args:
        network: tells logits (N, C, levels, H, W) of images, each of those before it.
        shape: channels, height and width.
        levels: that a value can have.
        reach: rows above a pixel that the network reads.
    """

    places: Tensor
    rows: Tensor

    def __init__(self, network: nn.Module, shape: tuple[int, int, int], levels: int, reach: int) -> None:
        channels, height, width = shape
        super().__init__(channels * height * width)
        self.network, self.shape, self.levels = network, shape, levels
        # In the order in which they are drawn: a pixel's channels follow each other.
        places = torch.arange(self.count).view(height, width, channels).permute(2, 0, 1)
        self.register_buffer("places", places.contiguous(), persistent=False)
        self.register_buffer("rows", torch.arange(min(reach + 1, height)), persistent=False)

    def start(self, *given: Tensor) -> Tensor:
        """Begin with an image of which nothing is known."""
        return torch.zeros_like(given[0])

    def advance(self, x: Tensor, index: Tensor, *given: Tensor) -> Tensor:
        """Draw a value: the first level whose share of the probability, with those below it, reaches the noise."""
        (noise, temperature), (channels, _, width) = given, self.shape
        row, column, channel = index // (width * channels), index // channels % width, index % channels
        begin = (row - (len(self.rows) - 1)).clamp(min=0)
        logits = self.network(x.index_select(2, begin + self.rows))
        logits = logits.index_select(3, (row - begin)[None]).index_select(4, column[None])
        logits = logits.index_select(1, channel[None])[:, 0, :, 0, 0] / temperature[:, None]
        here = self.places == index
        wanted = (torch.where(here, noise, 0.0).flatten(1).sum(1) + 1) / 2
        below = logits.softmax(1).cumsum(1) < wanted[:, None]
        drawn = values(below.sum(1).clamp(max=self.levels - 1), self.levels)
        return torch.where(here, drawn[:, None, None, None], x)
