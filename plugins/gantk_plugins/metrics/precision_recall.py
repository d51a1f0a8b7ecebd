"""Improved precision and recall (Kynkaanniemi et al. 2019, arXiv:1904.06991, equations 1 and 2).

Precision is the share of made images whose features lie within the real images' manifold, recall the share of real
images within that of the made ones; a manifold is the union of balls that reach to each feature's third neighbour.
Precision says whether images look real, recall whether all kinds of them are made. The paper's features are VGG-16's,
of 50,000 images; here they are those of `extractor`, and such numbers compare with each other alone.
"""

from collections.abc import Sequence
from typing import Literal

from gantk import Metric, Score, Subject, UsageError, hookimpl
from gantk_plugins.metrics.extractors import LITE
from gantk_plugins.metrics.features import OfFeatures
from gantk_plugins.metrics.manifolds import radii, within


class PrecisionRecall(OfFeatures):
    """Says how many made images look real, and how many real ones could have been made.

    Args:
        neighbours: the neighbour to which a ball reaches.
    """

    def __init__(
        self,
        *,
        images: int = 1000,
        neighbours: int = 3,
        reference: Literal["held-out", "training"] = "held-out",
        extractor: str = LITE,
    ) -> None:
        super().__init__(images=images, reference=reference, extractor=extractor)
        if neighbours < 1:
            raise UsageError("precision-recall needs a neighbour from 1 on")
        self.neighbours = neighbours
        self.fewest = neighbours + 1

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `precision` and `recall`."""
        found = self.compared(subject)
        made, real, k = found.made, found.real, self.neighbours
        values = {
            "precision": within(made, real, radii(real, k)).any(1).double().mean(),
            "recall": within(real, made, radii(made, k)).any(1).double().mean(),
        }
        of = {"precision": "made images within the real ones' manifold", "recall": "real images within the made ones'"}
        return [
            Score(
                name=name,
                value=float(value),
                better="higher",
                protocol=f"share of {of[name]}, balls to neighbour {k}, {found.how}; as arXiv:1904.06991",
                details={**found.details, "neighbours": k},
            )
            for name, value in values.items()
        ]


@hookimpl
def metric() -> type[Metric]:
    """Return improved precision and recall."""
    return PrecisionRecall
