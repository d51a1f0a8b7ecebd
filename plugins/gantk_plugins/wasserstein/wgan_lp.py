"""WGAN-LP: the Wasserstein game with a one-sided Lipschitz penalty (Petzka et al. 2018, arXiv:1709.08894).

A critic's slope below one breaks no Lipschitz bound, so only what exceeds one is penalized. Where the penalty is taken
is left to choose; this takes WGAN-GP's points between real and fake, with one epsilon a sample, and not the paper's
other ones, around the data.

Settings and parts are WGAN-GP's, for images. The paper's points in the plane are trained by RMSprop at 5e-5, in batches
of 256, with 10 moves of the critic for one of the generator (100 for each of the first 25, which is WGAN's option):

    gantk train --plugin wgan --loss wgan-lp --data points --generator gan --discriminator gan --normalization none \\
        -s generator.output=linear -s latent=2 -s batch_size=256 -s critic_steps=10 -s warm_up=true \\
        -s optimizer=rmsprop -s learning_rate=5e-5
"""

from __future__ import annotations

from torch import relu

from gantk import AdversarialLoss, Build, Critic, Defaults, Losses, Points, Recipe, Settings, hookimpl
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.losses.wasserstein import Wasserstein, gradient_norms, points_between


class WassersteinLipschitzPenalty(Wasserstein):
    """The critic estimates the Wasserstein distance, its slope held to one or less between real and fake (equation 8).

    Args:
        weight: factor of the penalty, the paper's lambda.
    """

    settings = Settings(optimizer="adam", critic_steps=5, learning_rate=1e-4, betas=(0.0, 0.9))
    per_sample = (
        "its penalty bounds the critic's slope at each sample by itself, "
        "and a norm over the batch ties samples together (Gulrajani et al. 2017, section 4)"
    )

    def __init__(self, *, weight: float = 10.0) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return weight * E[max(0, ||gradient of f at x'|| - 1)^2], x' drawn uniformly between real and fake."""
        norms = gradient_norms(critic, points_between(real, fake, critic.pack))
        return {"lipschitz_penalty": self.weight * relu(norms - 1).square().mean()}


class WGANLP(LatentGAN):
    """Makes images of noise, by the Wasserstein distance that a critic of slope one or less estimates.

    Args:
        latent: length of the noise vector.
    """

    defaults = Defaults(
        generator="wgan-gp",
        discriminator="wgan-gp",
        loss="wgan-lp",
        normalization={"generator": "batch", "discriminator": "none"},
    )
    # WGAN-GP's, for CIFAR-10.
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


@hookimpl
def recipe() -> type[Recipe]:
    """Return WGAN-LP's training algorithm."""
    return WGANLP


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the Wasserstein game with a Lipschitz penalty."""
    return WassersteinLipschitzPenalty
