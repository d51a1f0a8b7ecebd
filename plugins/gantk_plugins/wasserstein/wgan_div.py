"""WGAN-div: the game of the Wasserstein divergence (Wu et al. 2018, arXiv:1712.01026).

The critic maximizes E[f(x)] - E[f(g(z))] - k E[||gradient of f||^p], with k = 2 and p = 6, which the paper found best;
that maximum is itself a divergence, so nothing needs to be 1-Lipschitz. The paper and its code write the critic's f
with the other sign, low for real images: the same game, since the norm has no sign. Of the paper's ways to choose where
the gradient is taken, which it finds to matter little, this is the first: points between real and fake images, with one
epsilon a sample.

The authors' code gives what the recipe trains with: four moves of the critic for one of the generator, Adam at 2e-4
with betas 0 and 0.9, batches of 64 images of 64 pixels, 200,000 moves of the generator, layer norm in the critic. It
weighs the penalty by 10, the paper by 2; this follows the paper. Its residual networks widen at each halving; these are
WGAN-GP's.
"""

from __future__ import annotations

from dataclasses import replace

from gantk import AdversarialLoss, Build, Critic, Defaults, Losses, Points, Recipe, Settings, UsageError, hookimpl
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.losses.wasserstein import Wasserstein, gradient_norms, points_between


class WassersteinDivergence(Wasserstein):
    """The critic's game is a divergence: the power of its slope is its cost, and no slope is wrong.

    Args:
        weight: factor of the penalty, the paper's k.
        power: power of the gradient's norm, the paper's p.
    """

    settings = Settings(optimizer="adam", critic_steps=4, learning_rate=2e-4, betas=(0.0, 0.9))
    per_sample = (
        "its penalty is the critic's slope at each sample by itself, "
        "and a norm over the batch ties samples together (Gulrajani et al. 2017, section 4)"
    )

    def __init__(self, *, weight: float = 2.0, power: float = 6.0) -> None:
        super().__init__()
        if weight <= 0 or power <= 1:
            raise UsageError(f"wgan-div needs weight > 0 and power > 1, not weight={weight}, power={power}")
        self.weight = weight
        self.power = power

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return weight * E[||gradient of f at x'||^power], x' drawn uniformly between real and fake."""
        norms = gradient_norms(critic, points_between(real, fake, critic.pack))
        return {"divergence_penalty": self.weight * norms.pow(self.power).mean()}


class WGANDiv(LatentGAN):
    """Makes images of noise, by the Wasserstein divergence.

    Args:
        latent: length of the noise vector.
    """

    defaults = Defaults(
        generator="wgan-gp",
        discriminator="wgan-gp",
        loss="wgan-div",
        normalization={"generator": "batch", "discriminator": "layer"},
    )
    settings = replace(WassersteinDivergence.settings, batch_size=64, size=64, steps=200_000, precision="fp32")

    def __init__(
        self, build: Build, *, latent: int = 128, feature_matching: float = 0.0, adversarial: float = 1.0
    ) -> None:
        super().__init__(build, latent=latent, feature_matching=feature_matching, adversarial=adversarial)


@hookimpl
def recipe() -> type[Recipe]:
    """Return WGAN-div's training algorithm."""
    return WGANDiv


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the game of the Wasserstein divergence."""
    return WassersteinDivergence
