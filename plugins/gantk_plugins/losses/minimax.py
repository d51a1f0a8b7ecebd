"""The minimax game (Goodfellow et al. 2014, arXiv:1406.2661).

Labels of real images may be smoothed (Salimans et al. 2016, arXiv:1606.03498, section 3.4):

    gantk train --plugin dcgan --loss minimax -s loss.real=0.9
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from gantk import AdversarialLoss, hookimpl
from gantk_plugins.losses.cross_entropy import CrossEntropy


class Minimax(CrossEntropy):
    """Both sides play for the value of equation 1: the discriminator maximizes it, the generator minimizes it.

    Args:
        real: what D(x) shall be at real images, in (0, 1]; below 1, their labels are smoothed.
    """

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return E[log(1 - D(G(z)))], the term of equation 1 that the generator reaches."""
        return -softplus(fake_scores).mean()


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the minimax game."""
    return Minimax
