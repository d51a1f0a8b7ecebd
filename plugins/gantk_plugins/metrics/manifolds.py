"""Balls about features that reach to the k-th neighbour, and which features lie in them."""

import torch
from torch import Tensor

ROWS = 1000
"""Features that are held against all others at once."""


def radii(features: Tensor, neighbours: int) -> Tensor:
    """Return the distance (N,) from each feature (N, d) to its k-th neighbour, itself not counted."""
    return torch.cat(
        [
            torch.cdist(rows, features).topk(neighbours + 1, largest=False).values[:, -1]
            for rows in torch.split(features, ROWS)
        ]
    )


def within(points: Tensor, centres: Tensor, reach: Tensor) -> Tensor:
    """Return for points (M, d) and balls (N, d) of radii (N,) which point lies in which ball, as bool (M, N)."""
    return torch.cat([torch.cdist(rows, centres) <= reach for rows in torch.split(points, ROWS)])
