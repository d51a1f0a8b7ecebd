"""LAPGAN's pyramid and its networks (Denton et al. 2015, arXiv:1506.05751); no plugin by itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, one_hot

from gantk import Build, DiscriminatorSpec, Network, Normalization, Unsupported, UsageError
from gantk_plugins.networks.layers import VectorNorm


def halved(image: Tensor) -> Tensor:
    """Return images of half the height and width: the means of 2x2 pixels, the paper's d."""
    return avg_pool2d(image, 2)


def doubled(image: Tensor) -> Tensor:
    """Return images of twice the height and width, the paper's u."""
    return interpolate(image, scale_factor=2.0, mode="bilinear", align_corners=False)


def parted(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the coarse version of images, as large as they are, and what it lacks, h (equation 3)."""
    coarse = doubled(halved(image))
    return coarse, image - coarse


def sides_of(size: int, least: int) -> list[int]:
    """Return height and width of each level, the coarsest first: halves of a size down to `least` or above."""
    sides = [size]
    while sides[0] % 2 == 0 and sides[0] // 2 >= least:
        sides.insert(0, sides[0] // 2)
    return sides


class LabelPlane(nn.Module):
    """Makes a map (N, 1, size, size) of labels (N,) by a dense layer and ReLU."""

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        self.classes, self.size = classes, size
        self.layer = nn.Linear(classes, size**2)

    def forward(self, label: Tensor) -> Tensor:
        seen: Tensor = self.layer(one_hot(label, self.classes).to(self.layer.weight.dtype))
        return torch.relu(seen).reshape(-1, 1, self.size, self.size)


class CoarsestGenerator(nn.Module):
    """Makes images (N, channels, size, size) in [-1, 1] of noise (N, latent), and of labels (N,) if there are any."""

    def __init__(self, latent: int, channels: int, size: int, units: int, classes: int | None) -> None:
        super().__init__()
        self.classes = classes
        self.layers = nn.Sequential(
            nn.Linear(latent + (classes or 0), units),
            nn.ReLU(),
            nn.Linear(units, units),
            nn.ReLU(),
            nn.Linear(units, channels * size**2),
            nn.Tanh(),
            nn.Unflatten(1, (channels, size, size)),
        )

    def forward(self, noise: Tensor, *labels: Tensor) -> Tensor:
        image: Tensor = self.layers(_with_labels(noise, labels, self.classes))
        return image


class DetailGenerator(nn.Module):
    """Makes what coarse images (N, channels, size, size) lack, of these, noise (N, 1, size, size) and labels (N,)."""

    def __init__(self, channels: int, size: int, filters: int, classes: int | None) -> None:
        super().__init__()
        self.told = None if classes is None else LabelPlane(classes, size)
        self.layers = nn.Sequential(
            nn.Conv2d(channels + 1 + (classes is not None), filters, 7, padding=3),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 7, padding=3),
            nn.ReLU(),
            nn.Conv2d(filters, channels, 5, padding=2),
        )

    def forward(self, noise: Tensor, coarse: Tensor, *labels: Tensor) -> Tensor:
        details: Tensor = self.layers(torch.cat([noise, *_planes(self.told, labels), coarse], 1))
        return details


class Pyramid(nn.Module):
    """Makes images of the noise of each level, and of labels (N,) behind it if there are any (equation 4)."""

    def __init__(self, levels: Sequence[Network]) -> None:
        super().__init__()
        self.levels = nn.ModuleList(levels)

    def forward(self, *inputs: Tensor) -> Tensor:
        noise, labels = inputs[: len(self.levels)], inputs[len(self.levels) :]
        image: Tensor = self.levels[0](noise[0], *labels)
        for level, plane in zip(self.levels[1:], noise[1:], strict=True):
            coarse = doubled(image)
            image = coarse + level(plane, coarse, *labels)
        return image.clamp(-1, 1)


class DenseScores(nn.Module):
    """Scores images (N, channels, size, size) of the coarsest level, under labels (N,) if there are any: (N, 1)."""

    def __init__(self, spec: DiscriminatorSpec, normalization: Normalization, units: int, dropout: float) -> None:
        super().__init__()
        self.classes, weight = spec.classes, normalization.weight
        layers: list[nn.Module] = []
        for before, after in pairwise([spec.channels * spec.square**2 + (spec.classes or 0), units, units]):
            norm = VectorNorm(normalization, after)
            layers += [weight(nn.Linear(before, after)), norm, nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, weight(nn.Linear(units, 1)))

    def forward(self, image: Tensor, *labels: Tensor) -> Tensor:
        scores: Tensor = self.layers(_with_labels(image.flatten(1), labels, self.classes))
        return scores


class DetailScores(nn.Module):
    """Scores what coarse images lack, both (N, channels, size, size), under these and labels (N,): (N, 1)."""

    def __init__(self, spec: DiscriminatorSpec, normalization: Normalization, filters: int, dropout: float) -> None:
        super().__init__()
        weight, size = normalization.weight, spec.square
        self.told = None if spec.classes is None else LabelPlane(spec.classes, size)
        self.layers = nn.Sequential(
            weight(nn.Conv2d(spec.channels + (spec.classes is not None), filters, 5, padding=2)),
            nn.ReLU(),
            weight(nn.Conv2d(filters, filters, 5, stride=2, padding=2)),
            normalization.activation(filters),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Flatten(),
            weight(nn.Linear(filters * ((size + 1) // 2) ** 2, 1)),
        )

    def forward(self, details: Tensor, coarse: Tensor, *labels: Tensor) -> Tensor:
        scores: Tensor = self.layers(torch.cat([details + coarse, *_planes(self.told, labels)], 1))
        return scores


def _with_labels(x: Tensor, labels: Sequence[Tensor], classes: int | None) -> Tensor:
    return torch.cat([x, *(one_hot(label, classes or -1).to(x.dtype) for label in labels)], 1)


def _planes(told: LabelPlane | None, labels: Sequence[Tensor]) -> list[Tensor]:
    return [] if told is None else [told(label) for label in labels]


def discriminator_network(
    spec: DiscriminatorSpec, build: Build, *, filters: int = 64, units: int = 600, dropout: float = 0.5
) -> nn.Module:
    """Build a discriminator of details, which are added to the image that conditions them, or a dense one of images.

    Args:
        filters: channels of both convolutions.
        units: width of both hidden layers of the dense one.
        dropout: share of hidden activations dropped in training.
    """
    spec.accept("condition_channels", "classes")
    if spec.condition_channels not in (0, spec.channels):
        raise Unsupported("adds an image to the one that conditions it: both need the same channels")
    if min(filters, units) < 1 or not 0 <= dropout < 1:
        raise UsageError(f"lapgan needs filters and units >= 1 and 0 <= dropout < 1, not {filters}, {units}, {dropout}")
    norms = build.normalization("discriminator")
    network: nn.Module
    if spec.condition_channels:
        network = DetailScores(spec, norms, filters, dropout)
    else:
        network = DenseScores(spec, norms, units, dropout)
    return norms.network(network)
