"""CariGANs' networks: what translates landmarks, what finds them, and the space in which faces are compared."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gantk import Scalar
from gantk_plugins.networks.warp import warped

STRENGTH = Scalar(name="strength", default=1, low=-1, high=3)
"""The share of the way that landmarks go."""


def principal_components(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the mean (D,) of rows (N, D) and their first components (count, D), of length 1."""
    mean = rows.mean(0)
    _, _, found = torch.linalg.svd((rows - mean).double(), full_matrices=False)
    return mean, found[:count].to(rows.dtype)


class Dense(nn.Sequential):
    """Four dense layers with ReLU between them."""

    def __init__(self, inputs: int, outputs: int, units: int) -> None:
        super().__init__(
            nn.Linear(inputs, units),
            nn.ReLU(),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Linear(units, outputs),
        )


class Finder(nn.Module):
    """Finds the components of a face's landmarks: convolutions that halve the size, and a dense layer."""

    def __init__(self, channels: int, sides: tuple[int, int], components: int, filters: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, height, width = channels, *sides
        for number in range(4):
            layers += [nn.Conv2d(before, filters * 2**number, 3, stride=2, padding=1), nn.ReLU()]
            before, height, width = filters * 2**number, (height + 1) // 2, (width + 1) // 2
        self.found = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * height * width, components))

    def forward(self, images: Tensor) -> Tensor:
        """Return components (N, components) of images (N, C, H, W)."""
        found: Tensor = self.found(images)
        return found


class Space(nn.Module):
    """The space of landmarks: their mean, and the components in which faces differ."""

    mean: Tensor
    basis: Tensor
    spread: Tensor

    def __init__(self, landmarks: int, components: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(2 * landmarks))
        self.register_buffer("basis", torch.zeros(components, 2 * landmarks))
        self.register_buffer("spread", torch.ones(()))

    def components(self, points: Tensor) -> Tensor:
        """Return the components (N, K) of landmarks (N, L, 2)."""
        return (points.flatten(1) - self.mean) @ self.basis.T / self.spread

    def points(self, components: Tensor) -> Tensor:
        """Return the landmarks (N, L, 2) of components (N, K)."""
        flat = components * self.spread @ self.basis + self.mean
        return flat.reshape(len(flat), -1, 2)


class Exaggeration(nn.Module):
    """An image whose face is warped from where its landmarks are found to where a generator wants them."""

    def __init__(self, finder: nn.Module, generator: nn.Module, space: Space) -> None:
        super().__init__()
        self.finder, self.generator, self.space = finder, generator, space

    def forward(self, image: Tensor, strength: Tensor) -> Tensor:
        """Return images (N, C, H, W); `strength` (N,) is the share of the way that landmarks go."""
        return warped(image, *self.places(image, strength))

    def places(self, image: Tensor, strength: Tensor) -> tuple[Tensor, Tensor]:
        """Return where landmarks of images (N, C, H, W) are found, and where they go to, (N, L, 2) each."""
        found = self.finder(image)
        moved = found + strength.view(-1, 1) * (self.generator(found) - found)
        return self.space.points(found), self.space.points(moved)


class Caricature(nn.Module):
    """A photograph that is drawn in a style, then warped as its own landmarks say: the whole of the paper."""

    def __init__(self, exaggeration: Exaggeration, drawing: nn.Module) -> None:
        super().__init__()
        self.exaggeration, self.drawing = exaggeration, drawing

    def forward(self, image: Tensor, style: Tensor, strength: Tensor) -> Tensor:
        """Return caricatures (N, C, H, W) of photographs, in styles that `drawing` takes, at strengths (N,)."""
        return warped(self.drawing(image, style), *self.exaggeration.places(image, strength))
