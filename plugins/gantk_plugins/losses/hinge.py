"""The hinge game (Lim and Ye 2017, arXiv:1705.02894), in the form of Miyato et al. 2018 (arXiv:1802.05957).

Each score of a map is hinged by itself; the papers score an image with one number.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import relu

from gantk import AdversarialLoss, hookimpl


class Hinge(AdversarialLoss):
    """The discriminator separates real from fake with a margin, and learns only from what lies inside it."""

    boundary = 0.0

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))] (Miyato et al., equation 16 negated)."""
        return relu(1 - real_scores).mean() + relu(1 + fake_scores).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return -E[D(G(z))] (Miyato et al., equation 17)."""
        return -fake_scores.mean()


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the hinge game."""
    return Hinge
