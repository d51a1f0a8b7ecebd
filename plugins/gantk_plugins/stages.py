"""Networks that work in stages and offer what stands between these; no plugin by itself."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


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
