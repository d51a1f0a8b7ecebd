"""The networks of the workbench: three layers each."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gantk import DiscriminatorSpec, GeneratorSpec, Normalization

WIDTH = 8

LEVELS = 3
"""Classes of the label maps that are made of images: dark, middling, light."""


class Maker(nn.Module):
    """Makes images (N, outputs, H, W) of images, or of a latent vector and a label."""

    def __init__(self, spec: GeneratorSpec, norms: Normalization) -> None:
        super().__init__()
        bias = not norms.shifts
        if spec.inputs is None:
            self.vector: nn.Module = norms.weight(nn.Linear(spec.latent or 1, WIDTH * 4**2))
            self.label = nn.Embedding(spec.classes, WIDTH * 4**2) if spec.classes else None
            self.first: nn.Module = nn.Sequential(nn.Unflatten(1, (WIDTH, 4, 4)), nn.Upsample(spec.sides))
        else:
            self.vector, self.label = nn.Identity(), None
            self.first = norms.weight(nn.Conv2d(spec.inputs, WIDTH, 3, padding=1, bias=bias))
        self.second = nn.Sequential(norms.weight(nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=bias)))
        self.norms = nn.ModuleList(norms.activation(WIDTH) for _ in range(2))
        self.last = norms.weight(nn.Conv2d(WIDTH, spec.outputs, 3, padding=1))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        x = self.vector(x)
        if label is not None and self.label is not None:
            x = x + self.label(label)
        for layer, norm in zip((self.first, self.second), self.norms, strict=True):
            x = torch.relu(norm(layer(x)))
        image: Tensor = torch.tanh(self.last(x))
        return image


class Judge(nn.Module):
    """Gives images (N, channels, H, W) scores (N, 1, H / 4, W / 4), or energies (N,)."""

    def __init__(self, spec: DiscriminatorSpec, norms: Normalization) -> None:
        super().__init__()
        self.energies = spec.output == "energies"
        self.label = nn.Embedding(spec.classes, WIDTH) if spec.classes else None
        self.latent = nn.Linear(spec.joint_latent, WIDTH) if spec.joint_latent else None
        bias = not norms.shifts
        self.first = norms.weight(nn.Conv2d(spec.channels + spec.condition_channels, WIDTH, 4, 2, 1))
        self.second = norms.weight(nn.Conv2d(WIDTH, WIDTH, 4, 2, 1, bias=bias))
        self.norm = norms.activation(WIDTH)
        self.last = norms.weight(nn.Conv2d(WIDTH, 1, 3, padding=1))

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations of both inner layers."""
        given = [condition for condition in conditions if condition.dim() == 4]
        first = torch.relu(self.first(torch.cat([image, *given], 1)))
        for read in (self.label, self.latent):
            if read is not None:
                first = first + read(conditions[0])[:, :, None, None]
        return [first, torch.relu(self.norm(self.second(first)))]

    def score(self, features: list[Tensor]) -> Tensor:
        """Return scores, or the mean of their squares as the energy of each image."""
        scores: Tensor = self.last(features[-1])
        return scores.square().flatten(1).mean(1) if self.energies else scores


class Conditioned(nn.Module):
    """Scales and shifts activations (N, channels, H, W) by linear functions of a vector (N, condition)."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.changes = nn.Linear(condition, 2 * channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.changes(condition)[:, :, None, None].chunk(2, 1)
        changed: Tensor = x * (1 + scale) + shift
        return changed


def levels(image: Tensor) -> Tensor:
    """Return a label map of an image (N, C, H, W) in [-1, 1], one-hot (N, 3, H, W): its pixels by their brightness."""
    ids = ((image.mean(1, keepdim=True) + 1) * LEVELS / 2).floor().clamp(0, LEVELS - 1)
    return (ids == torch.arange(LEVELS, device=image.device).view(1, -1, 1, 1)).to(image.dtype)


class Levelled(nn.Module):
    """A generator of label maps, and of a latent vector where it takes one, on the label map of an image."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, image: Tensor, *latent: Tensor) -> Tensor:
        made: Tensor = self.generator(*latent, levels(image))
        return made
