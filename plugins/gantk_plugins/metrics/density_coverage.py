"""Density and coverage (Naeem et al. 2020, arXiv:2002.09797, equations 4 and 5).

Both look from balls about real features alone, which outliers among made images cannot widen. Density is how many balls
a made image lies in, over k, and may be more than 1; coverage is the share of balls in which a made image lies. The
paper's features are Inception's, of 10,000 images with k = 5; here they are those of `extractor`.
"""

from collections.abc import Sequence
from typing import Literal

from gantk import Metric, Score, Subject, UsageError, hookimpl
from gantk_plugins.metrics.extractors import LITE
from gantk_plugins.metrics.features import OfFeatures
from gantk_plugins.metrics.manifolds import radii, within


class DensityCoverage(OfFeatures):
    """Says how densely made images lie among real ones, and how many of these are near one.

    Args:
        neighbours: the neighbour to which a ball reaches.
    """

    def __init__(
        self,
        *,
        images: int = 1000,
        neighbours: int = 5,
        reference: Literal["held-out", "training"] = "held-out",
        extractor: str = LITE,
    ) -> None:
        super().__init__(images=images, reference=reference, extractor=extractor)
        if neighbours < 1:
            raise UsageError("density-coverage needs a neighbour from 1 on")
        self.neighbours = neighbours
        self.fewest = neighbours + 1

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `density` and `coverage`."""
        found = self.compared(subject)
        inside = within(found.made, found.real, radii(found.real, self.neighbours))
        values = {
            "density": inside.double().sum(1).mean() / self.neighbours,
            "coverage": inside.any(0).double().mean(),
        }
        of = {"density": "balls of real images that a made one lies in, over k", "coverage": "share of balls reached"}
        return [
            Score(
                name=name,
                value=float(value),
                better="higher",
                protocol=f"{of[name]}, balls to neighbour {self.neighbours}, {found.how}; as arXiv:2002.09797",
                details={**found.details, "neighbours": self.neighbours},
            )
            for name, value in values.items()
        ]


@hookimpl
def metric() -> type[Metric]:
    """Return density and coverage."""
    return DensityCoverage
