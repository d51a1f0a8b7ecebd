"""CGAN: images of a label, by a GAN whose two networks are told it (Mirza and Osindero 2014, arXiv:1411.1784).

Both networks see y beside their own input (equation 2), and what the generator makes is judged under the label that it
was made for. Labels are those of the images in the batch. Conditioning on an image instead of a label is pix2pix.

Networks, dropout, batch size, rate and momentum are those of section 4.1: the rate is divided by 1.00004 at each step,
down to 1e-6, and momentum grows from 0.5 to 0.7. What it leaves open is as in `gan`, on whose code it builds.
Departures:

- One-hot vectors times a matrix are an embedding, and are computed as one.
- Noise is uniform in [-1, 1], not in the unit hypercube: the same functions up to an affine map of what goes in.
- Labels begin with wider weights than the rest, in the discriminator fifty times as wide: a one-hot vector is ten
  times shorter than a digit, and each of its numbers is seen at every tenth image alone. So most digits were their
  label's after 2,000 steps; where labels began with as much say as digits, they were not after 6,000.
- The paper does not say where dropout stands: here behind every hidden layer of both networks. No early stop.
- The generator maximizes log D(G(z|y)|y); `--loss minimax` plays equation 2 as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gantk import (
    Build,
    Defaults,
    DiscriminatorSpec,
    Exponential,
    GeneratorSpec,
    Linear,
    Normalization,
    Recipe,
    Settings,
    UsageError,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.networks.layers import ImageLayer, Maxout, SignedSigmoid, Unit, VectorNorm, dense, drawing


class CGAN(LatentGAN):
    """Makes images of noise and a label, whose game is equation 2.

    Args:
        latent: length of the noise vector.
    """

    kind = "labelled"
    defaults = Defaults(
        generator="cgan",
        discriminator="cgan",
        loss="non-saturating",
        normalization={"generator": "none", "discriminator": "none"},
    )
    # MNIST's size; the length is that of `gan`, since the paper stops where the validation's likelihood says so.
    settings = Settings(
        optimizer="sgd",
        learning_rate=0.1,
        schedule=Exponential(factor=1 / 1.00004, end=1e-5),
        betas=(Linear(start=0.5, end=0.7, begin=1 / 250), 0.999),
        batch_size=100,
        size=28,
        epochs=250,
        precision="fp32",
    )
    distribution = "uniform"
    # At a rate of 0.1 its rounding let a training of Fashion-MNIST become infinite, which went well in float32.
    allows_bf16 = False


class Conditioned(nn.Module):
    """Reads an image or a vector (N, ...) and labels (N,), each by a layer of its own, and both by a joint one.

    Args:
        own: layers that read the first input, to (N, units).
        label: layers that read the labels, to (N, label_units).
        joint: layers that read both side by side.
        last: layers that make an image or a score of that.
    """

    def __init__(self, own: nn.Module, label: nn.Module, joint: nn.Module, last: nn.Module) -> None:
        super().__init__()
        self.own, self.label, self.joint, self.last = own, label, joint, last

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        return self.score(self.features(x, label))

    def features(self, x: Tensor, label: Tensor) -> list[Tensor]:
        """Return the activations of the first layers side by side, and of the joint one."""
        first = torch.cat([self.own(x), self.label(label)], 1)
        return [first, self.joint(first)]

    def score(self, features: list[Tensor]) -> Tensor:
        """Return what the network gives for inner activations."""
        given: Tensor = self.last(features[-1])
        return given


def _embedding(classes: int, units: int, normalization: Normalization, spread: float) -> nn.Module:
    embedding = nn.Embedding(classes, units)
    drawing("uniform", spread)(embedding.weight)
    return normalization.weight(embedding)


def generator_network(
    spec: GeneratorSpec,
    build: Build,
    *,
    noise_units: int = 200,
    label_units: int = 1000,
    units: int = 1200,
    dropout: float = 0.5,
) -> nn.Module:
    """Build a generator of dense layers that is told a label.

    Args:
        noise_units: width of the layer that reads the noise.
        label_units: width of the layer that reads the label.
        units: width of the joint layer.
        dropout: share of each hidden layer's activations dropped in training.
    """
    spec.accept("latent", "classes", "features", "sides")
    latent, classes = spec.need("latent"), spec.need("classes")
    _check(dropout, noise_units=noise_units, label_units=label_units, units=units)
    normalization, draw = build.normalization("generator"), drawing("uniform", 0.05)
    shape = (spec.outputs, *spec.sides)
    network = Conditioned(
        nn.Sequential(
            dense(latent, noise_units, normalization, draw), VectorNorm(normalization, noise_units), nn.ReLU()
        ),
        nn.Sequential(_embedding(classes, label_units, normalization, 0.13), nn.ReLU()),
        nn.Sequential(
            nn.Dropout(dropout),
            dense(noise_units + label_units, units, normalization, draw),
            VectorNorm(normalization, units),
            nn.ReLU(),
            nn.Dropout(dropout),
        ),
        ImageLayer(units, shape, normalization, draw, SignedSigmoid()),
    )
    return normalization.network(network)


def discriminator_network(
    spec: DiscriminatorSpec,
    build: Build,
    *,
    units: int = 240,
    pieces: int = 5,
    label_units: int = 50,
    joint_pieces: int = 4,
    dropout: float = 0.5,
) -> nn.Module:
    """Build a discriminator of maxout layers that is told a label.

    Args:
        units: width of the layer that reads the image, and of the joint one.
        pieces: linear pieces of a unit in the layers that read the image and the label.
        label_units: width of the layer that reads the label.
        joint_pieces: linear pieces of a unit in the joint layer.
        dropout: share of each hidden layer's activations dropped in training.
    """
    spec.accept("classes", "features", "sides")
    _check(dropout, units=units, pieces=pieces, label_units=label_units, joint_pieces=joint_pieces)
    normalization, draw = build.normalization("discriminator"), drawing("uniform", 0.005)
    pixels = spec.channels * math.prod(spec.sides)
    network = Conditioned(
        nn.Sequential(
            Unit(),
            nn.Flatten(),
            Maxout(dense(pixels, units * pieces, normalization, draw), pieces),
            VectorNorm(normalization, units),
        ),
        Maxout(_embedding(spec.need("classes"), label_units * pieces, normalization, 0.25), pieces),
        nn.Sequential(
            nn.Dropout(dropout),
            Maxout(dense(units + label_units, units * joint_pieces, normalization, draw), joint_pieces),
            VectorNorm(normalization, units),
            nn.Dropout(dropout),
        ),
        dense(units, 1, normalization, draw),
    )
    return normalization.network(network)


def _check(dropout: float, **widths: int) -> None:
    if min(widths.values()) < 1 or not 0 <= dropout < 1:
        said = ", ".join(f"{name}={width}" for name, width in widths.items())
        raise UsageError(f"cgan needs widths and pieces >= 1 and 0 <= dropout < 1, not {said}, dropout={dropout}")


@hookimpl
def recipe() -> type[Recipe]:
    """Return CGAN's training algorithm."""
    return CGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator that is told a label."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator that is told a label."""
    return discriminator_network
