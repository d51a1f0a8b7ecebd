"""SAGAN: self-attention in both networks (Zhang et al. 2018, arXiv:1805.08318).

The hinge game (equation 4) on residual networks whose weights are all spectrally normalized, the generator's too
(section 4.1); both attend to themselves at a quarter of the image's size, at 128 pixels on maps of 32. The
discriminator's rate is four times the generator's (section 4.2), and each moves once. On labelled images both are told
the labels, by conditional batch norm and by projection, as in SNGAN; `-s kind=images` leaves labels out.

Networks, betas and the attention block are those of the authors' code. Where this leaves it: Adam's second beta is the
paper's 0.9, in the code 0.999; fake images are judged under the labels of the batch, in the code under labels drawn
uniformly; norms average what they have seen by PyTorch's momentum, and each look at the discriminator improves the
estimates of its spectral norms, in the code only that at real images. Sizes other than 128 pixels are this project's.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from gantk import (
    Build,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Player,
    Recipe,
    Settings,
    UsageError,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.networks.attention import attending
from gantk_plugins.networks.layers import coarsest
from gantk_plugins.networks.residual import ProjectionDiscriminator, ResidualDiscriminator, ResidualGenerator
from gantk_plugins.normalizations.spectral import SpectralToo

MOST = 16
"""How many times as many channels as the widest map the smallest has at most."""


class SAGAN(LatentGAN):
    """Makes images of noise, and of a label where images are labelled, by networks that attend to all of an image.

    Args:
        latent: length of the noise vector.
        rates: how many times the generator's learning rate the discriminator's is.
    """

    kind = ("labelled", "images")
    defaults = Defaults(
        generator="sagan",
        discriminator="sagan",
        loss="hinge",
        normalization={"generator": "batch", "discriminator": "spectral"},
    )
    settings = Settings(
        optimizer="adam",
        learning_rate=1e-4,
        betas=(0.0, 0.9),
        batch_size=256,
        schedule="constant",
        size=128,
        steps=1_000_000,
        precision="fp32",
    )

    def __init__(
        self,
        build: Build,
        *,
        latent: int = 128,
        rates: float = 4.0,
        feature_matching: float = 0.0,
        adversarial: float = 1.0,
    ) -> None:
        super().__init__(build, latent=latent, feature_matching=feature_matching, adversarial=adversarial)
        if not rates > 0:
            raise UsageError(f"sagan needs rates above 0, not {rates}")
        self.rates = rates

    def players(self) -> dict[str, Player]:
        """Return the discriminator and the generator, each at its rate."""
        return {
            "discriminator": Player(self.discriminator, critic=True, scale={self.discriminator: self.rates}),
            "generator": Player(self.generator),
        }


def generator_network(
    spec: GeneratorSpec, build: Build, *, filters: int = 64, attention: int | None = None
) -> nn.Module:
    """Build a residual generator of images of 4 to 7 pixels, doubled once or more often, of spectral weights.

    Args:
        filters: channels of the last block; those before have up to 16 times as many.
        attention: height and width in pixels of the map that attends to itself, 0: none; unsaid: a quarter of the
            image's, or half of it where no block gives such a map.
    """
    normalization = SpectralToo(build.normalization("generator"))
    usual = max(spec.square // 4, 2 * coarsest(spec.square)[0])
    between = attending(usual if attention is None else attention, normalization)
    return ResidualGenerator(spec, normalization, filters, most=MOST, between=between)


def discriminator_network(
    spec: DiscriminatorSpec, build: Build, *, filters: int = 64, attention: int | None = None
) -> nn.Module:
    """Build a residual discriminator, which takes the sum over pixels and gives an image one score.

    Args:
        filters: channels of the first block; those behind have up to 16 times as many.
        attention: height and width in pixels of the map that attends to itself, 0: none; unsaid: a quarter of the
            image's.
    """
    normalization = build.normalization("discriminator")
    side = spec.square // 4 if attention is None else attention
    shape = {"least": 4, "same": 1, "most": MOST, "between": attending(side, normalization)}
    network: nn.Module
    if spec.classes is None:
        network = ResidualDiscriminator(spec, normalization, filters, "sum", **shape)
    else:
        network = ProjectionDiscriminator(spec, normalization, filters, **shape)
    return normalization.network(network)


@hookimpl
def recipe() -> type[Recipe]:
    """Return SAGAN's training algorithm."""
    return SAGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the generator that attends to its own maps."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator that attends to its own maps."""
    return discriminator_network
