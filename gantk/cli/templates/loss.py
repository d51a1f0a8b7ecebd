"""The loss is the non-saturating game with one-sided label smoothing.

The discriminator is asked for 0.9 instead of 1 where images are real (Salimans et al.
2016, arXiv:1606.03498, section 3.4), so that it does not grow too sure of itself.
"""

from gantk import AdversarialLoss, UsageError, hookimpl
from torch import Tensor
from torch.nn.functional import softplus


class SmoothedLabels(AdversarialLoss):
    """Scores are logits, held against labels by the cross entropy.

    Args:
        real_label: what real images' scores should say, above 0.5 and at most 1.
    """

    boundary = 0.0

    def __init__(self, *, real_label: float = 0.9) -> None:
        super().__init__()
        if not 0.5 < real_label <= 1:
            raise UsageError(f"real_label must be in (0.5, 1], not {real_label}")
        self.real_label = real_label

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return -E[a log s(D(x)) + (1 - a) log s(-D(x))] - E[log s(-D(G(z)))].

        Here s is the sigmoid and a the label of real images; -log s(x) is softplus(-x).
        """
        real = self.real_label * softplus(-real_scores)
        doubt = (1 - self.real_label) * softplus(real_scores)
        return (real + doubt).mean() + softplus(fake_scores).mean()

    def generator(
        self, fake_scores: Tensor, real_scores: Tensor | None = None
    ) -> Tensor:
        """Return -E[log s(D(G(z)))]."""
        return softplus(-fake_scores).mean()


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the game."""
    return SmoothedLabels
