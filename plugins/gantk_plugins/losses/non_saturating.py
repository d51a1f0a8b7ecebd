"""The non-saturating game (Goodfellow et al. 2014, arXiv:1406.2661, section 3).

Labels of real images may be smoothed (Salimans et al. 2016, arXiv:1606.03498, section 3.4):

    gantk train --plugin dcgan -s loss.real=0.9
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from gantk import AdversarialLoss, hookimpl
from gantk_plugins.losses.cross_entropy import CrossEntropy


class NonSaturating(CrossEntropy):
    """The generator maximizes log D(G(z)), whose gradient is strong where the discriminator is sure.

    Args:
        real: what D(x) shall be at real images, in (0, 1]; below 1, their labels are smoothed.
    """

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return -E[log D(G(z))], the heuristic of section 3."""
        return softplus(-fake_scores).mean()


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the non-saturating game."""
    return NonSaturating
