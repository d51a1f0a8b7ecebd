"""The non-saturating game (Goodfellow et al. 2014, arXiv:1406.2661, section 3).

Scores are logits, so that log D(x) is -softplus(-score) and log(1 - D(x)) is -softplus(score): equal to the paper's
terms, and finite where a sigmoid has saturated.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from gantk import AdversarialLoss, hookimpl


class NonSaturating(AdversarialLoss):
    """The generator maximizes log D(G(z)), whose gradient is strong where the discriminator is sure."""

    boundary = 0.0

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return -E[log D(x)] - E[log(1 - D(G(z)))], equation 1 negated."""
        return softplus(-real_scores).mean() + softplus(fake_scores).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return -E[log D(G(z))], the heuristic of section 3."""
        return softplus(-fake_scores).mean()


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the non-saturating game."""
    return NonSaturating
