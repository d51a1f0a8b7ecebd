"""The minimax game (Goodfellow et al. 2014, arXiv:1406.2661).

Scores are logits, so that log D(x) is -softplus(-score) and log(1 - D(x)) is -softplus(score): equal to the paper's
terms, and finite where a sigmoid has saturated.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from gantk import AdversarialLoss, hookimpl


class Minimax(AdversarialLoss):
    """Both sides play for the value of equation 1: the discriminator maximizes it, the generator minimizes it."""

    boundary = 0.0

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return -E[log D(x)] - E[log(1 - D(G(z)))], equation 1 negated."""
        return softplus(-real_scores).mean() + softplus(fake_scores).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return E[log(1 - D(G(z)))], the term of equation 1 that the generator reaches."""
        return -softplus(fake_scores).mean()


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the minimax game."""
    return Minimax
