"""The relativistic games (Jolicoeur-Martineau 2018, arXiv:1807.00734).

The discriminator says how much more real an image is than one of the other side, drawn at random (section 4.1), or, on
average, than all of them (section 4.2): the paper's RSGAN and RaSGAN, and by `form` RaLSGAN and RaHingeGAN (appendix).
ESRGAN plays the average of logits (Wang et al. 2018, arXiv:1809.00219, equations 1 and 2).

The authors' code halves the two sides of an average, so that all games begin alike; here they are added, as the paper
writes them and as the other games here do. Averages are over all scores of the batch, those of an image's patches
included. Who is compared with whom follows from the order of the batch, which is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor
from torch.nn.functional import relu, softplus

from gantk import AdversarialLoss, hookimpl

FORMS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "logit": lambda more: softplus(-more),
    "least-squares": lambda more: (more - 1).square(),
    "hinge": lambda more: relu(1 - more),
}
"""What a difference costs, by form."""


class Relativistic(AdversarialLoss):
    """Real images shall look more real than fakes, and fakes more so than real images.

    Args:
        average: whether an image is compared with all of the other side on average, not with one of them.
        form: of the difference: the cross entropy of a logit, least squares to a difference of 1, or a hinge at 1.
    """

    needs_real = True

    def __init__(self, *, average: bool = True, form: Literal["logit", "least-squares", "hinge"] = "logit") -> None:
        super().__init__()
        self.average = average
        self.lost = FORMS[form]

    def discriminator(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Return E[f(D(x) - D(G(z)))] of pairs, or E[f(D(x) - E D(G(z)))] + E[f(E D(x) - D(G(z)))]."""
        if not self.average:
            return self.lost(real_scores - fake_scores).mean()
        real, fake = real_scores - fake_scores.mean(), real_scores.mean() - fake_scores
        return self.lost(real).mean() + self.lost(fake).mean()

    def generator(self, fake_scores: Tensor, real_scores: Tensor | None = None) -> Tensor:
        """Return the same with both sides exchanged."""
        assert real_scores is not None
        return self.discriminator(fake_scores, real_scores)


@hookimpl
def loss() -> type[AdversarialLoss]:
    """Return the relativistic games."""
    return Relativistic
