"""BigGAN: wide networks and large batches (Brock et al. 2018, arXiv:1809.11096).

The hinge game on residual networks of spectral weights, which attend to their own maps. The generator's norms are told
an embedding of the label, which all share, and a chunk of the latent vector each (section 3.1); weights begin
orthogonal. The discriminator, whose rate is four times the generator's, moves twice in a step. Images are made by an
average of the generator's weights. On data without labels nobody is told one; `-s kind=images` leaves labels out.

    gantk train --plugin biggan --data photographs/ -s accumulate=8 -s batch_size=256
    gantk generate runs/.../generator.onnx --truncation 0.5 -o calm.png

Numbers beyond a truncation are drawn again (section 3.1): images are better and more alike. A generator bears it whose
filters are nearly orthogonal, which the penalty R = beta |W^T W * (1 - I)|^2 asks for (equation 3), whatever a filter's
length: the setting `orthogonal`. Norms then need no batch: as the paper's "standing statistics" (section 3), a
checkpoint takes their averages anew, over batches of drawn noise. Those of noise that is not truncated make much
truncated images pale: `-s truncation=0.5` takes them of truncated noise, and shows such, for a model that is asked with
the same truncation.

From the authors' code: the average begins after 20,000 steps. Where this leaves the paper: the average is over a tenth
of the steps since it began, until that is what its decay has, so that short trainings have one, too. Filters in R are
the rows of each weight as an (outputs, inputs) matrix, and the gradient is R's, in the authors' code half of it. Fake
images are judged under the labels of the batch, in the code under labels drawn uniformly. A norm reads the batch of its
own process, there that of all. For CIFAR-10 the authors' code has batches of 50, a rate of 2e-4 for both (`-s
learning_rate=2e-4 -s rates=1`), four moves of the discriminator, a unit width of 64 and no R.
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
    GeneratorSpec,
    HalfLife,
    Player,
    Recipe,
    Settings,
    UsageError,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.gan.biggan_networks import EMBEDDING, HierarchicalGenerator, discriminator_of, usual_latent

LEAST_TRUNCATION = 0.02
"""The least truncation that a model draws noise by."""

STEPS, ALONE = 165_000, 20_000
"""Steps of the paper's training at 128 pixels (table 1), and those of them before an average of weights is kept."""


class BigGAN(LatentGAN):
    """Makes images of noise, and of a label where images are labelled, by wide networks.

    Args:
        latent: length of the noise vector; unsaid: 20 for each block of the generator and for its first map.
        rates: how many times the generator's learning rate the discriminator's is.
        pace: how many times the run's learning rate the generator's is, as of batches that are far smaller.
        truncation: beyond what, on either side, numbers are drawn again in the noise of which norms keep averages, and
            in previews; unsaid: nowhere.
    """

    kind = ("labelled", "images")
    defaults = Defaults(
        generator="biggan",
        discriminator="biggan",
        loss="hinge",
        normalization={"generator": "batch", "discriminator": "spectral"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=5e-5,
        betas=(0.0, 0.999),
        batch_size=2048,
        critic_steps=2,
        schedule="constant",
        size=128,
        steps=STEPS,
        precision="fp32",
        ema={"generator": HalfLife(decay=0.9999, begin=ALONE / STEPS, ramp=0.1)},
        orthogonal=1e-4,
    )

    def __init__(
        self,
        build: Build,
        *,
        latent: int | None = None,
        rates: float = 4.0,
        pace: float = 1.0,
        truncation: float | None = None,
    ) -> None:
        if not (rates > 0 and pace > 0):
            raise UsageError(f"biggan needs rates and pace above 0, not {rates} and {pace}")
        if truncation is not None and truncation < LEAST_TRUNCATION:
            raise UsageError(f"biggan needs a truncation of {LEAST_TRUNCATION} or more, not {truncation}")
        super().__init__(build, latent=usual_latent(build.data.square) if latent is None else latent)
        self.rates, self.pace, self.truncation = rates, pace, truncation

    def players(self) -> dict[str, Player]:
        """Return the discriminator and the generator, each at its rate."""
        return {
            "discriminator": Player(
                self.discriminator, critic=True, scale={self.discriminator: self.pace * self.rates}
            ),
            "generator": Player(self.generator, scale={self.generator: self.pace}),
        }

    def noise(self, count: int, device: torch.device) -> Tensor:
        """Return noise for a step, truncated where networks are as once trained: where it is run to take averages."""
        if self.training or self.truncation is None:
            return super().noise(count, device)
        return truncated_normal((count, self.latent.length), self.truncation, device)

    def fixed_noise(self, count: int) -> Tensor:
        """Return the noise of a preview, truncated where it is said."""
        return self.latent.fixed(count, truncation=self.truncation)


def truncated_normal(shape: tuple[int, ...], limit: float, device: torch.device | None = None) -> Tensor:
    """Return numbers from N(0, 1), of which those beyond a limit on either side are drawn again."""
    share = math.erf(limit / math.sqrt(2))
    return math.sqrt(2) * torch.erfinv(share * (2 * torch.rand(shape, device=device) - 1))


def generator_network(
    spec: GeneratorSpec,
    build: Build,
    *,
    width: int = 96,
    embedding: int = EMBEDDING,
    attention: int | None = None,
) -> nn.Module:
    """Build a residual generator of images of 4 to 7 pixels, doubled once or more often, of spectral weights.

    Args:
        width: the unit of channels, the paper's ch; maps have up to 16 times as many.
        embedding: length of a label's embedding.
        attention: height and width in pixels of the map that attends to itself, 0: none; unsaid: 64, or half of the
            image's where that is 64 or nearly, and none below.
    """
    normalization = build.normalization("generator")
    network = HierarchicalGenerator(spec, normalization, width=width, embedding=embedding, attention=attention)
    return normalization.network(network)


def discriminator_network(
    spec: DiscriminatorSpec, build: Build, *, width: int = 96, attention: int | None = None
) -> nn.Module:
    """Build a residual discriminator, which takes the sum over pixels and gives an image one score.

    Args:
        width: the unit of channels, the paper's ch; maps have up to 16 times as many.
        attention: height and width in pixels of the map that attends to itself, 0: none; unsaid: as the generator's.
    """
    normalization = build.normalization("discriminator")
    return normalization.network(discriminator_of(spec, normalization, width=width, attention=attention))


@hookimpl
def recipe() -> type[Recipe]:
    """Return BigGAN's training algorithm."""
    return BigGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator that each block is told a chunk of noise in."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the wide residual discriminator."""
    return discriminator_network
