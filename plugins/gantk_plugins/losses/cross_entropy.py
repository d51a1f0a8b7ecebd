"""What the games of a discriminator that tells real from made by cross-entropy share; no plugin by itself.

Scores are logits, so that log D(x) is -softplus(-score) and log(1 - D(x)) is -softplus(score): equal to the terms of
equation 1 (Goodfellow et al. 2014, arXiv:1406.2661), and finite where a sigmoid has saturated.

Labels of real images may be smoothed, those of made ones not (Salimans et al. 2016, arXiv:1606.03498, section 3.4): a
real image's target is alpha instead of 1, so that the best D(x) is alpha p / (p + q) and no score is driven beyond
log(alpha / (1 - alpha)). Were made images' targets smoothed too, p would not stand alone above, and where only q has
mass the generator would be told to stay.
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn.functional import softplus

from gantk import AdversarialLoss, UsageError


class CrossEntropy(AdversarialLoss):
    """The discriminator's side of a game; its subclasses say what the generator minimizes.

    Args:
        real: what D(x) shall be at real images, alpha in (0, 1].

    Attributes:
        boundary: the score of the best D where a place is as likely real as made, alpha / 2: 0 of alpha 1.

    Raises UsageError where alpha is outside its range.
    """

    def __init__(self, *, real: float = 1.0) -> None:
        super().__init__()
        if not 0 < real <= 1:
            raise UsageError(f"the label of real images, loss.real, is above 0 and at most 1, not {real}")
        self.real = real
        self.boundary = math.log(real / (2 - real))

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return -E[alpha log D(x) + (1 - alpha) log(1 - D(x))] - E[log(1 - D(G(z)))]."""
        found = softplus(-real_scores).mean()
        if self.real != 1:
            found = self.real * found + (1 - self.real) * softplus(real_scores).mean()
        return found + softplus(fake_scores).mean()
