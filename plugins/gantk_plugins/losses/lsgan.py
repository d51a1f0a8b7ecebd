"""The least-squares game (Mao et al. 2017, arXiv:1611.04076).

Unsaid, equation 9 of the paper, labels 0 for fake and 1 for real and for what the generator aims at, without its
constant 1/2: so it stands in CycleGAN (arXiv:1703.10593, section 4), and so the weights of other losses that papers
state beside it (cycle 10) keep their meaning. Labels -1, 1 and 0 are equation 8, by which the generator
minimizes a Pearson divergence:

    gantk train --plugin dcgan --loss lsgan -s loss.fake=-1 -s loss.aim=0
"""

from __future__ import annotations

from torch import Tensor

from gantk import AdversarialLoss, hookimpl


class LeastSquares(AdversarialLoss):
    """Scores are regressed on labels, so that samples far from the boundary still give a gradient.

    Args:
        fake: label of made images, the paper's a.
        real: label of real images, b.
        aim: what the generator wants made images to be scored, c.
    """

    def __init__(self, *, fake: float = 0.0, real: float = 1.0, aim: float = 1.0) -> None:
        super().__init__()
        self.fake, self.real, self.aim = fake, real, aim
        self.boundary = (fake + real) / 2

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[(D(x) - b)^2] + E[(D(G(z)) - a)^2]."""
        return (real_scores - self.real).square().mean() + (fake_scores - self.fake).square().mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return E[(D(G(z)) - c)^2]."""
        return (fake_scores - self.aim).square().mean()


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the least-squares game."""
    return LeastSquares
