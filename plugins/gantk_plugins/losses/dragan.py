"""DRAGAN: the non-saturating game with a gradient penalty around real images (Kodali et al. 2017, arXiv:1705.07215).

The discriminator's slope is held to one near the data (algorithm 1), where the paper finds it steep before modes
collapse. The paper perturbs images by Gaussian noise; here, as in the authors' code, a point lies on the line from an
image to that image plus noise from U(0, 1) times half of the batch's standard deviation, which is a single number.
"""

from __future__ import annotations

import torch

from gantk import AdversarialLoss, Critic, Losses, Points, hookimpl
from gantk_plugins.losses.non_saturating import NonSaturating
from gantk_plugins.losses.wasserstein import gradient_norms, points_between


class DRAGAN(NonSaturating):
    """The non-saturating game, with the discriminator's slope held to one around real images.

    Args:
        weight: factor of the penalty, the paper's lambda.
        slope: what the slope is held to, k.
        spread: noise, in standard deviations of the batch.
        real: what D(x) shall be at real images, in (0, 1]; below 1, their labels are smoothed.
    """

    per_sample = "its gradient penalty holds the slope at each sample by itself, and a norm over the batch ties samples"

    def __init__(self, *, weight: float = 10.0, slope: float = 1.0, spread: float = 0.5, real: float = 1.0) -> None:
        super().__init__(real=real)
        self.weight, self.slope, self.spread = weight, slope, spread

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return weight * E[(||gradient of D at x'|| - slope)^2], x' near real points."""
        reals = real if isinstance(real, tuple) else (real,)
        noisy = tuple(x + self.spread * x.std(correction=0) * torch.rand_like(x) for x in reals)
        norms = gradient_norms(critic, points_between(noisy, reals, critic.pack))
        return {"gradient_penalty": self.weight * (norms - self.slope).square().mean()}


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return DRAGAN's game."""
    return DRAGAN
