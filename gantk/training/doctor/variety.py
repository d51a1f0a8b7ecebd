"""Images that are all alike: mode collapse."""

from collections.abc import Iterator

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, pdist

from gantk.training.doctor.detector import Detector, Finding, Shown

SHARE = 0.2
"""The variety of made images, as a share of that of real ones, below which it is said."""

WAS = 0.5
"""The share that was seen before, after which a fall is said at once."""

SIDE = 8
"""Height and width to which images are averaged: what they show counts, no grain."""


class Variety(Detector):
    """Watches how different from each other the images are that are made of noise."""

    def __init__(self) -> None:
        self._best: dict[str, float] = {}
        self._low: dict[str, int] = {}

    def shown(self, seen: Shown) -> Iterator[Finding]:
        """Yield generators whose images hardly differ, twice in a row."""
        for graph in seen.made.keys() - seen.source.keys():
            if (real := seen.real.get(graph)) is None or min(len(real), len(seen.made[graph])) < 2:
                continue
            known = variety(real)
            share = variety(seen.made[graph]) / known if known > 0 else 1.0
            self._best[graph] = max(self._best.get(graph, 0.0), share)
            may = self._best[graph] >= WAS or not seen.young
            self._low[graph] = self._low.get(graph, 0) + 1 if may and share < SHARE else 0
            if self._low[graph] >= 2:
                yield Finding(
                    "mode collapse",
                    graph,
                    f"images that {graph} makes of different noise differ from each other by {share:.0%} of what real "
                    f"ones do{f', where it was {best:.0%}' if (best := self._best[graph]) >= WAS else ''}",
                    "a new run with pack=2, r1=1 or --loss wgan-gp, or an older checkpoint (--resume --step N) with a "
                    "lower learning_rate",
                )


def variety(images: Tensor) -> float:
    """Return the mean distance between two of the images (N, C, H, W), root of the mean square, at a low resolution."""
    images = images.detach().float().cpu()
    height, width = images.shape[2:]
    small = adaptive_avg_pool2d(images, (min(SIDE, height), min(SIDE, width))).flatten(1)
    return float(pdist(small).mean() / small.shape[1] ** 0.5)
