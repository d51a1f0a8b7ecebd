"""What label maps and maps of instances say besides classes: borders, and features of each instance; no plugin.

Wang et al. 2018 (arXiv:1711.11585), sections 3.3 and 3.4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad

MOST = 100
"""Instances after which a centre goes on following what comes, as encodings change while they are learned."""


def borders(ids: Tensor) -> Tensor:
    """Return (N, 1, H, W): 1 where a pixel's id (N, H, W) is not that of each of its four neighbours, else 0."""
    across = (ids[:, :, 1:] != ids[:, :, :-1]).float()
    down = (ids[:, 1:] != ids[:, :-1]).float()
    sides = torch.maximum(pad(across, (0, 1, 0, 0)), pad(across, (1, 0, 0, 0)))
    return torch.maximum(sides, torch.maximum(pad(down, (0, 0, 0, 1)), pad(down, (0, 0, 1, 0)))).unsqueeze(1)


def means(features: Tensor, ids: Tensor, count: int) -> Tensor:
    """Return the mean features (N, count, C) of the pixels of each id, of features (N, C, H, W); 0 where none are.

    `ids` are int64 (N, H, W) in [0, count).
    """
    found = one_hot(ids.flatten(1), count).to(features.dtype)
    sums = found.transpose(1, 2) @ features.flatten(2).transpose(1, 2)
    return sums / found.sum(1).clamp(min=1).unsqueeze(2)


def spread(vectors: Tensor, ids: Tensor) -> Tensor:
    """Return (N, C, H, W): at each pixel the vector (N, count, C) of its id (N, H, W)."""
    places = ids.flatten(1).unsqueeze(2).expand(-1, -1, vectors.shape[2])
    height, width = ids.shape[1:]
    return vectors.gather(1, places).transpose(1, 2).reshape(len(ids), -1, height, width)


class Looks(nn.Module):
    """Centres of the features that instances of each class have, found while they come (MacQueen 1967).

    Attributes:
        centres: (classes, count, channels).
    """

    centres: Tensor
    gathered: Tensor

    def __init__(self, classes: int, count: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("centres", torch.zeros(classes, count, channels))
        self.register_buffer("gathered", torch.zeros(classes, count))

    @torch.no_grad()
    def gather(self, vectors: Tensor, classes: Tensor) -> None:
        """Move each vector's (M, channels) nearest centre of its class (M,) towards it; unused centres come first."""
        apart = (self.centres[classes] - vectors.unsqueeze(1)).square().sum(2)
        unused = self.gathered[classes] == 0
        nearest = torch.where(unused, -1.0, apart).argmin(1)
        place = classes * self.centres.shape[1] + nearest
        new = torch.zeros_like(self.gathered).view(-1).index_add_(0, place, torch.ones_like(place, dtype=torch.float32))
        sums = torch.zeros_like(self.centres).flatten(0, 1).index_add_(0, place, vectors.float())
        before = self.gathered.view(-1).clamp(max=MOST)
        total = (before + new).clamp(min=1).unsqueeze(1)
        centres = self.centres.flatten(0, 1)
        moved = torch.where(new.unsqueeze(1) > 0, (before.unsqueeze(1) * centres + sums) / total, centres)
        self.centres.copy_(moved.view_as(self.centres))
        self.gathered.add_(new.view_as(self.gathered))

    def of(self, look: Tensor) -> Tensor:
        """Return the centres (N, classes, channels) of numbers (N,) in [0, count)."""
        return self.centres[:, look].transpose(0, 1)
