"""WGAN: a critic with clipped weights estimates the Wasserstein distance (Arjovsky et al. 2017, arXiv:1701.07875).

The critic's score is any number: no sigmoid, no logarithm. It moves five times before the generator does, and after
each of its moves its weights are clipped (algorithm 1). Its estimate E[f(x)] - E[f(g(z))] is noted: it falls as samples
improve (section 4.2, figure 3), which is what one watches.

All of the critic's parameters are clipped, the scales and shifts of its batch norms too, as in the authors' code; the
paper says w. A critic whose weights a normalization computes anew (spectral norm) is refused: clipping would act on
what those are computed of, and bound neither.

The warm-up is the authors' code's, not the paper's, and off by default. From it come the DCGAN parts with batch norm,
100 numbers of normal noise, and the initial weights N(0, 0.02); its networks have half as many channels and kernels of
4 (`-s generator.filters=64 -s generator.kernel=4`, the discriminator's alike).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from gantk import (
    AdversarialLoss,
    Batches,
    Build,
    Defaults,
    Recipe,
    Settings,
    Step,
    Unsupported,
    UsageError,
    hookimpl,
)
from gantk_plugins.gan.algorithm import LatentGAN
from gantk_plugins.losses.wasserstein import Wasserstein

WARM_UP = 25
"""Steps of the generator that begin the warm-up (authors' code)."""
WARM_UP_AGAIN = 500
"""The critic catches up at every so many steps of the generator (authors' code)."""
WARM_UP_MOVES = 100
"""The critic's moves before one of the generator's, while it warms up (authors' code)."""


class WeightClipping(Wasserstein):
    """The critic's weights are clipped, which bounds its slope by some constant (arXiv:1701.07875, algorithm 1).

    Args:
        clip: the critic's parameters stay in [-clip, clip], the paper's c.
    """

    # The decay is that of the authors' optimizer, torch's RMSprop as it is.
    settings = Settings(optimizer="rmsprop", learning_rate=5e-5, rmsprop_decay=0.99, critic_steps=5)

    def __init__(self, *, clip: float = 0.01) -> None:
        super().__init__()
        if clip <= 0:
            raise UsageError(f"wgan needs clip > 0, not {clip}")
        self.clip = clip

    def check(self, discriminator: nn.Module) -> None:
        """Refuse a critic whose weights are computed: clipping would not act on those that it uses."""
        if any(is_parametrized(module) for module in discriminator.modules()):
            raise Unsupported(
                "weight clipping cannot be used with a normalization of the discriminator's weights: it would clip "
                "what they are computed of, and bound neither; say --normalization discriminator=batch or none"
            )

    def constrain(self, network: nn.Module) -> None:
        """Clip all parameters of a critic that has moved."""
        for parameter in network.parameters():
            parameter.clamp_(-self.clip, self.clip)


class WGAN(LatentGAN):
    """Makes images of noise, by the Wasserstein distance that a critic with clipped weights estimates.

    Args:
        latent: length of the noise vector.
        warm_up: whether the critic moves 100 times before each of the generator's first 25 moves and every 500th.
    """

    defaults = Defaults(
        generator="dcgan",
        discriminator="dcgan",
        loss="wgan",
        normalization={"generator": "batch", "discriminator": "batch"},
    )
    # Batch, size and length of the authors' code.
    settings = replace(WeightClipping.settings, batch_size=64, size=64, epochs=25, precision="fp32")

    def __init__(
        self,
        build: Build,
        *,
        latent: int = 100,
        warm_up: bool = False,
        feature_matching: float = 0.0,
        adversarial: float = 1.0,
    ) -> None:
        super().__init__(build, latent=latent, feature_matching=feature_matching, adversarial=adversarial)
        self.warm_up = warm_up

    def step(self, batches: Batches) -> Step:
        """Move the critic, further while it warms up, and at the last turn of a step the generator."""
        for _ in range(self._further_moves()):
            real = next(batches)["image"]
            with torch.no_grad():
                fake = self.generator(self.latent.drawn(len(real), real.device))
            yield "discriminator", self.game.judge(self.discriminator.given(), real, fake)
        yield from super().step(batches)

    def _further_moves(self) -> int:
        """Return how often the critic moves at this turn beyond the once that it always does."""
        moved = self.context.round
        warms_up = self.warm_up and self.due("generator") and (moved < WARM_UP or moved % WARM_UP_AGAIN == 0)
        return max(0, WARM_UP_MOVES - self.context.critic_steps) if warms_up else 0


@hookimpl
def recipe() -> type[Recipe]:
    """Return WGAN's training algorithm."""
    return WGAN


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the Wasserstein game with clipped weights."""
    return WeightClipping
