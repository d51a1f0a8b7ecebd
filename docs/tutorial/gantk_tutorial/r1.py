"""The logistic game with R1 (Mescheder et al. 2018, arXiv:1801.04406, equation 9).

The paper's optimizer is left out: the game is played with that of the recipe that it is chosen for.
"""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gantk import AdversarialLoss, Critic, Losses, Points, hookimpl, single_scores

gantk_api = ">=1.0,<2"


class R1(AdversarialLoss):
    """The non-saturating game, and a discriminator that is flat around real images.

    Args:
        gamma: weight of the penalty, the paper's gamma; 10 in its experiments.
    """

    per_sample = "R1 takes the gradient of each sample's score by its own image"

    def __init__(self, *, gamma: float = 10.0) -> None:
        super().__init__()
        self.gamma = gamma

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[-log sigmoid(D(x))] + E[-log(1 - sigmoid(D(G(z))))]."""
        return softplus(-real_scores).mean() + softplus(fake_scores).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return E[-log sigmoid(D(G(z)))]."""
        return softplus(-fake_scores).mean()

    def penalty(self, critic: Critic, real: Points, fake: Points) -> Losses:
        """Return gamma / 2 E[|grad D(x)|^2] on real images (equation 9)."""
        # A point is an image, or a tuple such as BiGAN's image and latent vector.
        points = tuple(x.detach().requires_grad_() for x in (real if isinstance(real, tuple) else (real,)))
        scores = single_scores(critic.eager(*points))
        # A map of scores counts as its mean, so that gamma means the same for patches as for one score an image.
        total = scores.flatten(1).mean(1).sum()
        slopes = torch.autograd.grad(total, points, create_graph=True)
        squares = torch.stack([slope.square().flatten(1).sum(1) for slope in slopes]).sum(0)
        return {"r1": 0.5 * self.gamma * squares.mean()}


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the game."""
    return R1
