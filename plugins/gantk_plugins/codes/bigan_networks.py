"""BiGAN's networks for permutation-invariant MNIST (Donahue et al. 2016, arXiv:1605.09782); no plugin by itself.

Those of the authors' code: two hidden layers of 1024 units each; a latent vector enters the generator's and the
discriminator's second layer, too, before its norm; the first layer has a norm in the generator alone; ReLU in the
generator, leaky ReLU with slope 0.2 in encoder and discriminator. Inside, images are in [0, 1], as there: read in
[-1, 1], with a plain tanh, black grounds kept pixels that had gone white for good. For any image size, since nothing is
known of where a pixel lies, down to the single pixel of a point.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from gantk import (
    Build,
    DiscriminatorSpec,
    GeneratorSpec,
    Network,
    Normalization,
    UsageError,
    initialize_normal,
)
from gantk_plugins.networks.layers import SignedSigmoid, VectorNorm

LEAKY = partial(nn.LeakyReLU, 0.2)


def pixels(*images: Tensor) -> Tensor:
    """Return images (N, C, H, W) side by side as vectors (N, length), [-1, 1] becoming [0, 1]."""
    return (torch.cat([image.flatten(1) for image in images], 1) + 1) / 2


class Perceptron(nn.Module):
    """Two hidden layers, the second of which also reads a vector where `beside` is its length, and an output.

    Vectors (N, inputs), and (N, beside), to (N, outputs).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        normalization: Normalization,
        *,
        units: int,
        activation: Callable[[], nn.Module],
        beside: int | None = None,
        norms_first: bool = False,
    ) -> None:
        super().__init__()
        weight, norms = normalization.weight, [VectorNorm(normalization, units)] if norms_first else []
        self.first = nn.Sequential(weight(nn.Linear(inputs, units)), *norms, activation())
        self.second = weight(nn.Linear(units, units))
        self.beside = None if beside is None else weight(nn.Linear(beside, units, bias=False))
        self.after = nn.Sequential(VectorNorm(normalization, units), activation())
        self.output = weight(nn.Linear(units, outputs))

    def hidden(self, x: Tensor, beside: Tensor | None = None) -> list[Tensor]:
        """Return the activations (N, units) of both hidden layers."""
        first = self.first(x)
        second = self.second(first)
        if self.beside is not None:
            second = second + self.beside(beside)
        return [first, self.after(second)]


class Generator(Perceptron):
    """Makes images (N, outputs, H, W) of latent vectors (N, latent)."""

    def __init__(
        self,
        latent: int,
        outputs: int,
        sides: tuple[int, int],
        normalization: Normalization,
        *,
        units: int,
        end: nn.Module,
    ):
        values = outputs * math.prod(sides)
        super().__init__(
            latent, values, normalization, units=units, activation=nn.ReLU, beside=latent, norms_first=True
        )
        self.end = nn.Sequential(end, nn.Unflatten(1, (outputs, *sides)))

    def forward(self, latent: Tensor) -> Tensor:
        image: Tensor = self.end(self.output(self.features(latent)[-1]))
        return image

    def features(self, latent: Tensor) -> list[Tensor]:
        """Return the activations of both hidden layers."""
        return self.hidden(latent, latent)


class Encoder(Perceptron):
    """Finds the latent vectors (N, latent), in [-1, 1], of images that have so many `values`."""

    def __init__(self, values: int, latent: int, normalization: Normalization, *, units: int) -> None:
        super().__init__(values, latent, normalization, units=units, activation=LEAKY)

    def forward(self, image: Tensor) -> Tensor:
        return torch.tanh(self.output(self.features(image)[-1]) / 2)

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the activations of both hidden layers."""
        return self.hidden(pixels(image))


class Features(nn.Module):
    """An encoder's last hidden layer: images to (N, units)."""

    def __init__(self, encoder: Network) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, image: Tensor) -> Tensor:
        return self.encoder.features(image)[-1]


class JointDiscriminator(Perceptron):
    """Scores an image and its latent vector (N, joint_latent), if it knows one, under image conditions: (N, 1)."""

    def __init__(self, values: int, joint_latent: int | None, normalization: Normalization, *, units: int) -> None:
        super().__init__(values, 1, normalization, units=units, activation=LEAKY, beside=joint_latent)

    def forward(self, image: Tensor, *others: Tensor) -> Tensor:
        return self.score(self.features(image, *others))

    def features(self, image: Tensor, *others: Tensor) -> list[Tensor]:
        """Return the activations of both hidden layers."""
        latent, conditions = (None, others) if self.beside is None else (others[0], others[1:])
        return self.hidden(pixels(*conditions, image), latent)

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores that belong to the activations."""
        scores: Tensor = self.output(features[-1])
        return scores


def generator_network(
    spec: GeneratorSpec, build: Build, *, units: int = 1024, output: Literal["sigmoid", "linear"] = "sigmoid"
) -> nn.Module:
    """Build a generator of two hidden dense layers.

    Args:
        units: width of each hidden layer.
        output: "sigmoid", stretched to [-1, 1], or "linear": values beyond [-1, 1] too, as points have.
    """
    spec.accept("latent", "features", "sides")
    _check(units)
    normalization = build.normalization("generator")
    end = SignedSigmoid() if output == "sigmoid" else nn.Identity()
    network = Generator(spec.need("latent"), spec.outputs, spec.sides, normalization, units=units, end=end)
    return initialize_normal(normalization.network(network))


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, units: int = 1024) -> nn.Module:
    """Build a discriminator of two hidden dense layers, of images with or without a latent vector.

    Args:
        units: width of each hidden layer.
    """
    spec.accept("condition_channels", "joint_latent", "features", "sides")
    _check(units)
    normalization = build.normalization("discriminator")
    values = (spec.channels + spec.condition_channels) * math.prod(spec.sides)
    network = JointDiscriminator(values, spec.joint_latent, normalization, units=units)
    return initialize_normal(normalization.network(network))


def _check(units: int) -> None:
    if units < 1:
        raise UsageError(f"bigan needs units >= 1, not {units}")
