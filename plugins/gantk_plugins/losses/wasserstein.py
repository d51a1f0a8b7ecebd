"""What the Wasserstein games share: the critic's estimate, and its gradient at points; no plugin by itself.

The papers' critics give a sample one number. A critic that gives a map of scores, or maps at several scales, is read as
their mean: it is the value that the game itself averages, so it is the function whose slope is meant.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gantk import AdversarialLoss, Critic, Points, score_gradients


class Wasserstein(AdversarialLoss):
    """The critic estimates the Wasserstein distance, if its slope is bounded: the base of the games that bound it.

    Notes `critic_estimate`, E[f(x)] - E[f(g(z))], of which they differ in the bound alone; of a critic that gives
    several scales, that of the last.
    """

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[f(g(z))] - E[f(x)] (arXiv:1701.07875, equation 3 negated), and note the estimate."""
        game = fake_scores.mean() - real_scores.mean()
        self.note(critic_estimate=-game)
        return game

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return -E[f(g(z))] (arXiv:1701.07875, algorithm 1)."""
        return -fake_scores.mean()


def points_between(real: Points, fake: Points, pack: int = 1) -> tuple[Tensor, ...]:
    """Return points drawn uniformly on the lines between real and fake ones (arXiv:1704.00028, algorithm 1).

    A sample has one epsilon for all the tensors that make its point, and so have `pack` samples that follow each other
    and are scored together. The points are detached, and take gradients.
    """
    reals, fakes = _tuple(real), _tuple(fake)
    epsilon = torch.rand(len(reals[0]) // pack, device=reals[0].device, dtype=reals[0].dtype).repeat_interleave(pack)
    return tuple(
        torch.lerp(y, x, epsilon.view(-1, *[1] * (x.dim() - 1))).detach().requires_grad_()
        for x, y in zip(reals, fakes, strict=True)
    )


def gradient_norms(critic: Critic, points: tuple[Tensor, ...]) -> Tensor:
    """Return the norm of the critic's gradient at each sample's or pack's point, over all the tensors that make it.

    The points take gradients. The norms can be differentiated again; where a gradient is zero, theirs is zero too.
    """
    norms: Tensor = torch.linalg.vector_norm(score_gradients(critic, points), dim=1)
    return norms


def _tuple(points: Points) -> tuple[Tensor, ...]:
    return points if isinstance(points, tuple) else (points,)
