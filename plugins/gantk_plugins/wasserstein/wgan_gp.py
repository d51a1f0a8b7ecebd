"""WGAN-GP: the Wasserstein game with a gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028).

The loss has the constants of algorithm 1. The recipe is the paper's CIFAR-10 ResNet and what the appendix trains it
with: Adam at 2e-4, decayed linearly to zero over 100,000 moves of the generator, batches of 64. As in the authors' code
for it, the real images' level k of 256 becomes k / 128 - 1 plus noise from U(0, 1/128), so that nothing tells them from
the generator's by the gaps between levels: the setting `dequantize`. A critic that gives a map of scores is read as
their mean, see losses/wasserstein.py.

The authors' code gives the generator twice as many samples a move as the critic; here, as in algorithm 1, they get as
many. It tells both networks labels in the configuration that is published; here neither is told any.
Hard architectures of figure 2 (a generator of four dense layers, no normalization, tanh everywhere) are these
options, the authors' critics having layer norm where they have one:

    gantk train --plugin wgan-gp --generator gan --discriminator dcgan \\
        --normalization generator=none --normalization discriminator=layer \\
        -s generator.layers=4 -s generator.units=512 -s generator.initial=he -s generator.output=tanh
    gantk train --plugin wgan-gp --generator dcgan --discriminator dcgan --normalization none
    gantk train --plugin wgan-gp --generator dcgan --discriminator dcgan --normalization discriminator=layer \\
        -s generator.activation=tanh -s discriminator.activation=tanh
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from gantk import (
    AdversarialLoss,
    Build,
    Critic,
    Defaults,
    DiscriminatorSpec,
    GeneratorSpec,
    Losses,
    Points,
    Recipe,
    Settings,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.losses.wasserstein import Wasserstein, gradient_norms, points_between
from gantk_plugins.networks.attention import attending
from gantk_plugins.networks.residual import ResidualDiscriminator, ResidualGenerator


class WassersteinGradientPenalty(Wasserstein):
    """The critic estimates the Wasserstein distance, its slope held to one between real and fake (equation 3).

    Args:
        weight: factor of the penalty, the paper's lambda.
    """

    settings = Settings(optimizer="adam", critic_steps=5, learning_rate=1e-4, betas=(0.0, 0.9))
    per_sample = (
        "its gradient penalty holds the critic's slope to one at each sample by itself, "
        "and a norm over the batch ties samples together (Gulrajani et al. 2017, section 4)"
    )

    def __init__(self, *, weight: float = 10.0) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return weight * E[(||gradient of D at x'|| - 1)^2], x' drawn uniformly between real and fake.

        A sample has one epsilon and one norm, over all the tensors that make its point.
        """
        norms = gradient_norms(critic, points_between(real, fake, critic.pack))
        return {"gradient_penalty": self.weight * (norms - 1).square().mean()}


class WGANGP(LatentGAN):
    """Makes images of noise, by the Wasserstein distance that a critic of slope one estimates.

    Args:
        latent: length of the noise vector.
    """

    defaults = Defaults(
        generator="wgan-gp",
        discriminator="wgan-gp",
        loss="wgan-gp",
        normalization={"generator": "batch", "discriminator": "none"},
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
        dequantize=True,
        steps=100_000,
        precision="fp32",
    )

    def __init__(
        self, build: Build, *, latent: int = 128, feature_matching: float = 0.0, adversarial: float = 1.0
    ) -> None:
        super().__init__(build, latent=latent, feature_matching=feature_matching, adversarial=adversarial)


def generator_network(spec: GeneratorSpec, build: Build, *, filters: int = 128, attention: int = 0) -> nn.Module:
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
    """Build a residual critic, which takes the mean over pixels and gives an image one score.

    Args:
        filters: channels of every block.
        attention: height and width in pixels of the map that attends to itself, as in SAGAN; 0: none.
    """
    normalization = build.normalization("discriminator")
    between = attending(attention, normalization)
    return normalization.network(ResidualDiscriminator(spec, normalization, filters, "mean", between=between))


@hookimpl
def recipe() -> type[Recipe]:
    """Return WGAN-GP's training algorithm."""
    return WGANGP


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the residual generator."""
    return generator_network


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the residual critic."""
    return discriminator_network


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the Wasserstein game with a gradient penalty."""
    return WassersteinGradientPenalty
