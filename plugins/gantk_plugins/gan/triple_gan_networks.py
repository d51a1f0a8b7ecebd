"""Triple-GAN's networks for MNIST (Li et al. 2017, arXiv:1703.02291), those of the authors' code; no plugin by itself.

Dense generator and discriminator in which every layer reads the label, as a one-hot vector, beside what comes before
it; a convolutional classifier. Inside the dense networks images are in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.nn.utils.parametrize import is_parametrized, register_parametrization

from gantk import DiscriminatorSpec, GeneratorSpec, Normalization, Unsupported, UsageError
from gantk_plugins.networks.layers import SignedSigmoid, Unit, VectorNorm, dense, drawing

LEAST = 12
"""Pixels to a side of the smallest images that are classified."""


class Noisy(nn.Module):
    """Adds noise from N(0, deviation^2) to activations while training."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, x: Tensor) -> Tensor:
        return x + self.deviation * torch.randn_like(x) if self.training else x


class UnitRows(nn.Module):
    """A weight (outputs, inputs) each of whose rows has length 1."""

    def forward(self, weight: Tensor) -> Tensor:
        rows: Tensor = weight / weight.norm(dim=1, keepdim=True)
        return rows


class Scaled(nn.Module):
    """Multiplies each of so many numbers by a learned scale and adds a learned shift, at first 1 and 0."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(count)), nn.Parameter(torch.zeros(count))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class Told(nn.Module):
    """Layers each of which reads a label (N,), as a one-hot vector, beside what comes before it.

    Args:
        layers: each reads its input and, behind it, `classes` numbers.
        classes: how many labels there are.
    """

    def __init__(self, layers: list[nn.Module], classes: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.classes = classes

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        return self.score(self.features(x, label))

    def features(self, x: Tensor, label: Tensor) -> list[Tensor]:
        """Return the activations after each layer but the last, the label behind each."""
        told = one_hot(label, self.classes).to(x.dtype)
        features, x = [], torch.cat([x.flatten(1), told], 1)
        for layer in self.layers[:-1]:
            x = torch.cat([layer(x), told], 1)
            features.append(x)
        return features

    def score(self, features: list[Tensor]) -> Tensor:
        """Return what the last layer gives for inner activations."""
        given: Tensor = self.layers[-1](features[-1])
        return given


class ToldImages(Told):
    """The same of images in [-1, 1], which the first layer reads in [0, 1], with noise."""

    def __init__(self, layers: list[nn.Module], classes: int, deviation: float) -> None:
        super().__init__(layers, classes)
        self.unit = nn.Sequential(Unit(), Noisy(deviation))

    def features(self, x: Tensor, label: Tensor) -> list[Tensor]:
        """Return the activations after each layer but the last, the label behind each."""
        return super().features(self.unit(x), label)


def told_generator(spec: GeneratorSpec, normalization: Normalization, *, units: int, layers: int) -> nn.Module:
    """Return the generator of images (N, outputs, H, W) of noise (N, latent) and labels (N,)."""
    spec.accept("latent", "classes", "sides")
    check(units=units, layers=layers)
    classes, draw = spec.need("classes"), _glorot
    widths = [spec.need("latent"), *[units] * layers]
    made: list[nn.Module] = [
        nn.Sequential(
            dense(before + classes, width, normalization, draw, bias=not normalization.shifts),
            VectorNorm(normalization, width),
            nn.Softplus(),
        )
        for before, width in pairwise(widths)
    ]
    pixels = spec.outputs * math.prod(spec.sides)
    last = dense(units + classes, pixels, normalization, draw, bias=False)
    if not is_parametrized(last):
        register_parametrization(last, "weight", UnitRows())
    image = [last, Scaled(pixels), SignedSigmoid(), nn.Unflatten(1, (spec.outputs, *spec.sides))]
    return Told([*made, nn.Sequential(*image)], classes)


def told_discriminator(
    spec: DiscriminatorSpec,
    normalization: Normalization,
    *,
    widths: tuple[int, ...],
    input_noise: float,
    noise: float,
) -> nn.Module:
    """Return the discriminator of images (N, channels, H, W) and labels (N,): scores (N, 1)."""
    spec.accept("classes", "features", "sides")
    check(layers=len(widths), width=min(widths, default=0))
    if input_noise < 0 or noise < 0:
        raise UsageError(f"triple-gan needs noise of 0 or more, not {input_noise} and {noise}")
    classes, draw = spec.need("classes"), drawing("normal", 0.1)
    made: list[nn.Module] = []
    for before, width in pairwise([spec.channels * math.prod(spec.sides), *widths]):
        norms = [VectorNorm(normalization, width)] if normalization.normalizes else []
        made.append(nn.Sequential(_unit(before + classes, width, normalization, draw), *norms, nn.ReLU(), Noisy(noise)))
    return ToldImages([*made, _unit(widths[-1] + classes, 1, normalization, draw)], classes, input_noise)


class Classifier(nn.Module):
    """Classifies images (N, channels, H, W) by convolutions: logits (N, classes).

    Raises Unsupported where images have fewer than 12 pixels to a side.

    Args:
        channels: of the images.
        classes: how many labels there are.
        sides: height and width of the images; it takes larger ones too.
        normalization: how activations or weights are normalized, but for the last layer.
        filters: channels of the first layer; the last has four times as many.
        dropout: share of activations that are dropped behind the first layer and the third.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        sides: tuple[int, int],
        normalization: Normalization,
        *,
        filters: int,
        dropout: float,
    ) -> None:
        super().__init__()
        check(filters=filters)
        if not 0 <= dropout < 1:
            raise UsageError(f"triple-gan needs 0 <= dropout < 1, not {dropout}")
        if min(sides) < LEAST:
            raise Unsupported(
                f"triple-gan's classifier needs images of {LEAST} pixels to a side at least, not {min(sides)}"
            )
        trunk = nn.Sequential(
            *_block(channels, filters, 5, 0, normalization),
            nn.MaxPool2d(2),
            nn.Dropout(dropout),
            *_block(filters, 2 * filters, 3, 1, normalization),
            *_block(2 * filters, 2 * filters, 3, 0, normalization),
            nn.MaxPool2d(2),
            nn.Dropout(dropout),
            *_block(2 * filters, 4 * filters, 3, 1, normalization),
            *_block(4 * filters, 4 * filters, 3, 1, normalization),
        )
        self.trunk = normalization.network(trunk)
        self.last = dense(4 * filters, classes, Normalization(), drawing("normal", 0.01))

    @property
    def last_weight(self) -> Tensor:
        """The weight of the last layer."""
        return self.last.get_parameter("weight")

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.last(self.trunk(image).mean((2, 3)))
        return logits


def _block(inputs: int, outputs: int, kernel: int, padding: int, normalization: Normalization) -> list[nn.Module]:
    layer = nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=not normalization.shifts)
    nn.init.normal_(layer.weight, 0.0, 0.05)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return [normalization.weight(layer), normalization.activation(outputs), nn.ReLU()]


def _glorot(weight: Tensor) -> None:
    nn.init.xavier_uniform_(weight)


def _unit(inputs: int, outputs: int, normalization: Normalization, draw: Callable[[Tensor], object]) -> nn.Module:
    """Return a dense layer whose weights have length 1 at each output, where no normalization says otherwise."""
    layer = dense(inputs, outputs, normalization, draw)
    if not normalization.normalizes:
        register_parametrization(layer, "weight", UnitRows())
    return layer


def check(**least: int) -> None:
    """Raise UsageError where one of the numbers is below 1."""
    if min(least.values()) < 1:
        said = ", ".join(f"{name}={value}" for name, value in least.items())
        raise UsageError(f"triple-gan needs {' and '.join(least)} >= 1, not {said}")
