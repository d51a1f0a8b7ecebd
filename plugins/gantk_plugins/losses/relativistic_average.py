"""The relativistic average game (Jolicoeur-Martineau 2018, arXiv:1807.00734).

A score says how much more real an image is than the others on average. Scores are logits, as in the paper's RaSGAN; so
ESRGAN plays it (Wang et al. 2018, arXiv:1809.00219, equations 1 and 2), whose code halves both sides. Averages are over
all scores of the batch, those of an image's patches included.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from gantk import AdversarialLoss, hookimpl


class RelativisticAverage(AdversarialLoss):
    """Real images shall look more real than the average fake, and fakes less so than the average real image."""

    needs_real = True

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return -E[log D(x)] - E[log(1 - D(G(z)))], each score less the mean of the other side's (section 4.2)."""
        real, fake = real_scores - fake_scores.mean(), fake_scores - real_scores.mean()
        return softplus(-real).mean() + softplus(fake).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return the same with both sides exchanged."""
        assert real_scores is not None
        return self.discriminator(fake_scores, real_scores)


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the relativistic average game."""
    return RelativisticAverage
