"""InfoGAN's networks for MNIST (Chen et al. 2016, arXiv:1606.03657); no plugin by itself.

Table 1 of the appendix, whose maps of 28, 14 and 7 pixels become those of any size that is a multiple of 4. As in the
authors' code, a layer's norm comes before its nonlinearity, a map that a dense layer makes is normalized number by
number, and layers have biases even before a norm.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gantk import (
    Build,
    Discriminator,
    DiscriminatorSpec,
    GeneratorSpec,
    Network,
    Normalization,
    Unsupported,
    UsageError,
    initialize_normal,
)
from gantk_plugins.networks.layers import Staged, VectorNorm

LEAK = 0.1
"""Slope of the leaky ReLU below zero (appendix C)."""


class Head(nn.Module):
    """Q's own layers: a feature of any shape to c1's logits (N, categories), means and log deviations (N, numbers).

    Where it learns no deviations, they are 1.
    """

    def __init__(
        self, features: int, categories: int, numbers: int, normalization: Normalization, *, learns_deviation: bool
    ) -> None:
        super().__init__()
        # Not `normalization.weight`: what bounds a critic's slope would bound how sure Q can be.
        self.hidden = nn.Sequential(
            nn.Flatten(), nn.Linear(features, 128), VectorNorm(normalization, 128), nn.LeakyReLU(LEAK)
        )
        self.codes = nn.Linear(128, categories + numbers)
        self.log_deviation = nn.Linear(128, numbers) if learns_deviation and numbers else None
        self.categories = categories

    def forward(self, feature: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.hidden(feature)
        logits, mean = self.codes(hidden).tensor_split([self.categories], 1)
        return logits, mean, torch.zeros_like(mean) if self.log_deviation is None else self.log_deviation(hidden)


class Recognition(nn.Module):
    """Q with its trunk: images to the probabilities of c1 (N, categories), and a mean (N, 1) for each number."""

    def __init__(self, discriminator: Discriminator, q: Network) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.q = q

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        logits, mean, _ = self.q(self.discriminator.features(image)[-1])
        return (logits.softmax(1), *(mean[:, i : i + 1] for i in range(mean.shape[1])))


class Coded(nn.Module):
    """The generator as a function of noise (N, length), c1 (N,) and numbers (N, 1)."""

    def __init__(self, generator: Network, categories: int) -> None:
        super().__init__()
        self.generator = generator
        self.categories = categories

    def forward(self, noise: Tensor, category: Tensor, *numbers: Tensor) -> Tensor:
        image: Tensor = self.generator(joined(self.categories, noise, category, *numbers))
        return image


def joined(categories: int, noise: Tensor, category: Tensor, *numbers: Tensor) -> Tensor:
    """Return the generator's input (N, noise + categories + numbers): noise, c1 as one-hot, the numbers (N, 1)."""
    one_hot = category[:, None] == torch.arange(categories, device=category.device)
    return torch.cat([noise, one_hot.to(noise.dtype), *numbers], 1)


def generator_network(spec: GeneratorSpec, build: Build, *, filters: int = 64, dense: int = 1024) -> nn.Module:
    """Build two dense layers and two transposed convolutions (table 1).

    Args:
        filters: channels before the last layer.
        dense: units of the first layer.
    """
    spec.accept("latent")
    _check(spec.square, filters, dense)
    normalization = build.normalization("generator")
    weight, side = normalization.weight, spec.square // 4
    flat = 2 * filters * side**2
    network = nn.Sequential(
        weight(nn.Linear(spec.need("latent"), dense)),
        VectorNorm(normalization, dense),
        nn.ReLU(),
        weight(nn.Linear(dense, flat)),
        VectorNorm(normalization, flat),
        nn.ReLU(),
        nn.Unflatten(1, (2 * filters, side, side)),
        weight(nn.ConvTranspose2d(2 * filters, filters, 4, stride=2, padding=1)),
        normalization.activation(filters),
        nn.ReLU(),
        weight(nn.ConvTranspose2d(filters, spec.outputs, 4, stride=2, padding=1)),
        nn.Tanh(),
    )
    return initialize_normal(normalization.network(network))


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, filters: int = 64, dense: int = 1024) -> nn.Module:
    """Build two convolutions and a dense layer (table 1).

    Args:
        filters: channels of the first layer.
        dense: units of the dense layer.
    """
    spec.accept("condition_channels", "features")
    _check(spec.square, filters, dense)
    normalization = build.normalization("discriminator")
    weight, channels = normalization.weight, spec.channels + spec.condition_channels
    stages = [
        nn.Sequential(weight(nn.Conv2d(channels, filters, 4, stride=2, padding=1)), nn.LeakyReLU(LEAK)),
        nn.Sequential(
            weight(nn.Conv2d(filters, 2 * filters, 4, stride=2, padding=1)),
            normalization.activation(2 * filters),
            nn.LeakyReLU(LEAK),
        ),
        nn.Sequential(
            nn.Flatten(),
            weight(nn.Linear(2 * filters * (spec.square // 4) ** 2, dense)),
            VectorNorm(normalization, dense),
            nn.LeakyReLU(LEAK),
        ),
    ]
    return initialize_normal(normalization.network(Staged(stages, weight(nn.Linear(dense, 1)))))


def _check(size: int, filters: int, dense: int) -> None:
    if size % 4 or size < 8:
        raise Unsupported(f"needs a size that is a multiple of 4 and at least 8, not {size}")
    if filters < 1 or dense < 1:
        raise UsageError(f"infogan needs filters >= 1 and dense >= 1, not filters={filters}, dense={dense}")
