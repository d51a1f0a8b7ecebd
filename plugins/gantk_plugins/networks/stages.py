"""Networks that work in stages, from size to size, and offer what stands between these; no plugin by itself."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from gantk import Unsupported


class Staged(nn.Module):
    """Scores images (N, channels, size, size), image conditions concatenated before them, in stages: (N, 1).

    Args:
        stages: layers, whose outputs are the features.
        scores: what makes a score of the last feature.
    """

    def __init__(self, stages: Iterable[nn.Module], scores: nn.Module) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.scores = scores

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each stage."""
        return activations(self.stages, torch.cat([*conditions, image], 1) if conditions else image)

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores that belong to features."""
        scores: Tensor = self.scores(features[-1])
        return scores


def activations(stages: Iterable[nn.Module], x: Tensor) -> list[Tensor]:
    """Return what x becomes after each stage."""
    found = []
    for stage in stages:
        x = stage(x)
        found.append(x)
    return found


def coarsest(size: int) -> tuple[int, int]:
    """Return the 4 to 7 pixels to a side of the coarsest map of images of a size, and how often it doubles to that.

    Raises Unsupported, with the next sizes that can be, where it never does.
    """
    doublings = max(size // 4, 1).bit_length() - 1
    start = size >> doublings
    if doublings < 1 or start << doublings != size:
        smaller, larger = max(start << doublings, 8), max((start + 1) << doublings, 8)
        nearest = f"{smaller} or {larger}" if smaller < size else str(larger)
        raise Unsupported(f"needs a size that is 4, 5, 6 or 7 times a power of two, such as {nearest}, not {size}")
    return start, doublings
