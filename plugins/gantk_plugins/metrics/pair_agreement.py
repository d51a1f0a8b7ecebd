"""How well generated pairs agree, pixel by pixel (Liu and Tuzel 2016, CoGAN, arXiv:1606.07536, section 4).

The image of A becomes what B's should be: its edges, by a dilation of 3 x 3 pixels without the image, or its negative.
It is held against the image that the same noise became in B, and the share of pixels that agree is measured. The paper
does not say when two pixels do; here it is when both are brighter than the middle of their range, or neither is.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from gantk import Latent, Metric, Score, Subject, Unsupported, UsageError, hookimpl
from gantk_plugins.metrics.standard_error import standard_error

PIECE = 500


class PairAgreement(Metric):
    """Measures how often pixels of two images of one noise vector agree.

    Args:
        of: what B shows of A's images: "edges" or "negative".
        pairs: how many pairs are made.
    """

    def __init__(self, *, of: Literal["edges", "negative"] | None = None, pairs: int = 10_000) -> None:
        if pairs < 2:
            raise UsageError(f"option pairs: {pairs} is below 2")
        self.of = of
        self.pairs = pairs

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `pair_agreement`, and in the details that of pairs of different noise."""
        first, second = (subject.function("generate", gives=side) for side in "ab")
        (latent,) = first.inputs
        if not isinstance(latent, Latent) or first.inputs != second.inputs:
            raise Unsupported("needs two graphs of one noise vector, which give a and b")
        if self.of is None:
            raise Unsupported("needs to know what B shows of A's images: say -s pair-agreement.of=edges or negative")
        agreed, others = [], []
        for start in range(0, self.pairs, PIECE):
            noise = latent.fixed(min(PIECE, self.pairs - start), subject.seed, start)
            wanted, made = counterpart(first(noise)[0], self.of) > 0, second(noise)[0] > 0
            if wanted.shape != made.shape:
                raise Unsupported("needs images of A and B of one shape")
            agreed.append((wanted == made).flatten(1).double().mean(1))
            others.append((wanted == made.roll(1, 0)).flatten(1).double().mean(1))
        found = torch.cat(agreed)
        return [
            Score(
                name="pair_agreement",
                value=float(found.mean()),
                better="higher",
                error=standard_error(found),
                protocol=f"share of pixels on which {self.of} of A's image and B's of the same noise are both above "
                f"the middle of their range, or both not; mean over {self.pairs:,} pairs and its standard error",
                details={"of": self.of, "pairs": self.pairs, "other_noise": float(torch.cat(others).mean())},
            )
        ]


def counterpart(images: Tensor, of: Literal["edges", "negative"]) -> Tensor:
    """Return edges or negatives (N, C, H, W) in [-1, 1] of images."""
    if of == "negative":
        return -images
    return max_pool2d(pad(images, (1, 1, 1, 1), "replicate"), 3, stride=1) - images - 1


@hookimpl
def metric() -> type[Metric]:
    """Return the agreement of pairs."""
    return PairAgreement
