"""The Wasserstein game with a gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028).

The paper's critic gives a sample one number. A critic that gives a map of scores, or maps at several scales, is read
as their mean: it is the value that the game itself averages, so it is the function whose slope must be one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gantk import AdversarialLoss, Critic, Losses, Points, Settings, hookimpl


class WassersteinGradientPenalty(AdversarialLoss):
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

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[D(G(z))] - E[D(x)]."""
        return fake_scores.mean() - real_scores.mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return -E[D(G(z))] (algorithm 1)."""
        return -fake_scores.mean()

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return weight * E[(||gradient of D at x'|| - 1)^2], x' drawn uniformly between real and fake.

        A sample has one epsilon and one norm, over all the tensors that make its point.
        """
        reals, fakes = _tuple(real), _tuple(fake)
        samples = len(reals[0])
        epsilon = torch.rand(samples, device=reals[0].device, dtype=reals[0].dtype)
        between = [
            torch.lerp(y, x, epsilon.view(-1, *[1] * (x.dim() - 1))).detach().requires_grad_()
            for x, y in zip(reals, fakes, strict=True)
        ]
        scores = critic.eager(*between)
        maps = [scores] if isinstance(scores, Tensor) else scores
        value = torch.stack([scores.reshape(samples, -1).mean(1) for scores in maps]).mean(0)
        # Samples do not meet in the critic, so the gradient of the sum holds each sample's own gradient.
        gradients = torch.autograd.grad(value.sum(), between, create_graph=True)
        norm = torch.linalg.vector_norm(torch.cat([gradient.flatten(1) for gradient in gradients], 1), dim=1)
        return {"gradient_penalty": self.weight * (norm - 1).square().mean()}


def _tuple(points: Points) -> tuple[Tensor, ...]:
    return points if isinstance(points, tuple) else (points,)


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the Wasserstein game with a gradient penalty."""
    return WassersteinGradientPenalty
