"""SNGAN: a discriminator whose weights are spectrally normalized (Miyato et al. 2018, arXiv:1802.05957).

The hinge game (equations 16 and 17) on the residual networks of table 4, which take the sum over pixels; noise is
N(0, I) of length 128. On labelled images it is the conditional GAN of Miyato and Koyama 2018 (arXiv:1802.05637): the
discriminator adds the inner product of a label's embedding and its inner activations to the score (section 3), the
generator's norms have a scale and shift a label. `-s kind=images` leaves labels out.

Where this leaves the papers or their authors' code: the game is judged under the labels of each batch on both sides, so
that a label is real as often as fake also where some are rare; the code draws fake ones uniformly, which is the same on
CIFAR-10. The code's generator makes 128 samples a move, here as many as the batch has. The layer that gives the score
has a bias, in the code none. The code's schedule is kept: 50,000 moves of the generator, the rate falling linearly to
zero from the first.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from gantk import (
    Build,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Recipe,
    Settings,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.networks.attention import attending
from gantk_plugins.networks.residual import ProjectionDiscriminator, ResidualDiscriminator, ResidualGenerator


class SNGAN(LatentGAN):
    """Makes images of noise, and of a label where images are labelled.

    Args:
        latent: length of the noise vector.
    """

    kind = ("labelled", "images")
    defaults = Defaults(
        generator="sngan",
        discriminator="sngan",
        loss="hinge",
        normalization={"generator": "batch", "discriminator": "spectral"},
    )
    # For CIFAR-10.
    settings = Settings(
        optimizer="adam",
        learning_rate=2e-4,
        betas=(0.0, 0.9),
        batch_size=64,
        critic_steps=5,
        schedule="linear",
        decay_from=0.0,
        size=32,
        steps=50_000,
        precision="fp32",
    )

    def __init__(
        self, build: Build, *, latent: int = 128, feature_matching: float = 0.0, adversarial: float = 1.0
    ) -> None:
        super().__init__(build, latent=latent, feature_matching=feature_matching, adversarial=adversarial)


def generator_network(spec: GeneratorSpec, build: Build, *, filters: int = 256, attention: int = 0) -> nn.Module:
    """Build a residual generator of images of 4 to 7 pixels, doubled once or more often.

    Args:
        filters: channels of every block.
        attention: height and width in pixels of the map that attends to itself, as in SAGAN; 0: none.
    """
    normalization = build.normalization("generator")
    return normalization.network(
        ResidualGenerator(spec, normalization, filters, between=attending(attention, normalization))
    )


def discriminator_network(
    spec: DiscriminatorSpec, build: Build, *, filters: int = 128, attention: int = 0
) -> nn.Module:
    """Build a residual discriminator, which takes the sum over pixels and gives an image one score.

    Args:
        filters: channels of every block.
        attention: height and width in pixels of the map that attends to itself, as in SAGAN; 0: none.
    """
    normalization = build.normalization("discriminator")
    between = attending(attention, normalization)
    network: nn.Module
    if spec.classes is None:
        network = ResidualDiscriminator(spec, normalization, filters, "sum", between=between)
    else:
        network = ProjectionDiscriminator(spec, normalization, filters, between=between)
    return normalization.network(network)


@hookimpl
def recipe() -> type[Recipe]:
    """Return SNGAN's training algorithm."""
    return SNGAN


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the residual generator."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the residual discriminator, with labels one of projections."""
    return discriminator_network
