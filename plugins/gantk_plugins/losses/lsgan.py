"""The least-squares game (Mao et al. 2017, arXiv:1611.04076).

Equation 9 of the paper, labels 0 for fake and 1 for real and for what the generator aims at, without its constant 1/2:
so it stands in CycleGAN (arXiv:1703.10593, section 4), and so the weights of other losses that papers state beside it
(cycle 10) keep their meaning.
"""

from __future__ import annotations

from torch import Tensor

from gantk import AdversarialLoss, hookimpl


class LeastSquares(AdversarialLoss):
    """Scores are regressed on labels, so that samples far from the boundary still give a gradient."""

    boundary = 0.5

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[(D(x) - 1)^2] + E[D(G(z))^2]."""
        return (real_scores - 1).square().mean() + fake_scores.square().mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return E[(D(G(z)) - 1)^2]."""
        return (fake_scores - 1).square().mean()


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the least-squares game."""
    return LeastSquares
