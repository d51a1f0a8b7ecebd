"""Self-attention between the places of a map (Zhang et al. 2018, arXiv:1805.08318, section 3); no plugin by itself.

It is the block that the authors released, which parts from the text: keys and values are of a map halved by maxima,
values have half of the channels, and there are no biases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from gantk import Normalization, UsageError


class SelfAttention(nn.Module):
    """Adds to each place of a map what it asks all others for; at first, nothing.

    Args:
        channels: of the map, a multiple of 8.
        normalization: how weights are normalized.
    """

    def __init__(self, channels: int, normalization: Normalization) -> None:
        super().__init__()
        if channels % 8:
            raise UsageError(f"self-attention needs a multiple of 8 channels, not {channels}: say other filters")
        self.queries = _layer(channels, channels // 8, normalization)
        self.keys = _layer(channels, channels // 8, normalization)
        self.values = _layer(channels, channels // 2, normalization)
        self.answers = _layer(channels // 2, channels, normalization)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Return x + gamma * answers (equation 3), (N, channels, H, W) of the same."""
        height, width = x.shape[2:]
        queries = self.queries(x).flatten(2)
        keys, values = (max_pool2d(layer(x), 2).flatten(2) for layer in (self.keys, self.values))
        shares = torch.softmax(queries.transpose(1, 2) @ keys, 2)
        found = (values @ shares.transpose(1, 2)).reshape(len(x), -1, height, width)
        answers: Tensor = self.answers(found)
        return x + self.gamma * answers


def attend(
    stages: Sequence[nn.Module] | nn.ModuleList,
    sides: list[int],
    widths: list[int],
    side: int,
    normalization: Normalization,
) -> None:
    """Add attention behind the stage, of those that are each an nn.Sequential, whose map has so many pixels to a side.

    Nothing is added for 0. Raises UsageError where no stage gives such a map.
    """
    if not side:
        return
    if side not in sides:
        raise UsageError(f"no layer gives a map of {side} pixels to a side: say one of {sorted(sides)}")
    number = sides.index(side)
    stage = stages[number]
    assert isinstance(stage, nn.Sequential)
    stage.append(SelfAttention(widths[number], normalization))


def attending(side: int, normalization: Normalization) -> dict[int, Callable[[int], nn.Module]]:
    """Return what makes attention of a map of so many pixels to a side, by its channels; nothing for 0."""
    return {side: partial(SelfAttention, normalization=normalization)} if side else {}


def _layer(inputs: int, outputs: int, normalization: Normalization) -> nn.Module:
    layer = nn.Conv2d(inputs, outputs, 1, bias=False)
    nn.init.xavier_uniform_(layer.weight)
    return normalization.weight(layer)
