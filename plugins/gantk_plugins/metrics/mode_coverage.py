"""Modes that a generator of points covers (Lin et al. 2018, PacGAN, arXiv:1712.04086; Srivastava et al. 2017).

2,500 generated points are each assigned to the nearest mode of the mixture that was trained on. A point is of high
quality where it lies less than 3 standard deviations from that mode; a mode is captured where at least one such point
lies there. The reverse Kullback-Leibler divergence is that of the histogram of high-quality points over the modes, q,
from the uniform one of the training data: sum over the M modes of q log(M q), in nats, 0 log 0 being 0. The histogram
is that of the authors' code, which leaves points of low quality out. Where there is no point of high quality, all
points are counted, and the details say so.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gantk import Metric, Score, Subject, Unsupported, hookimpl


class ModeCoverage(Metric):
    """Counts the modes of a mixture of Gaussians that a generator captures.

    Args:
        points: points that are generated.
        deviations: standard deviations within which a point is of high quality.
    """

    def __init__(self, *, points: int = 2500, deviations: float = 3.0) -> None:
        self.points = points
        self.deviations = deviations

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `modes`, `high_quality` (%) and `reverse_kl` (nats)."""
        modes = torch.as_tensor(_stated(subject, "modes")).double()
        deviation = float(_stated(subject, "std"))
        points = subject.generated(self.points).flatten(1).double()
        if points.shape[1] != modes.shape[1]:
            raise Unsupported(f"needs points of {modes.shape[1]} numbers, not of {points.shape[1]}")
        distance, nearest = torch.cdist(points, modes, compute_mode="donot_use_mm_for_euclid_dist").min(1)
        good = distance < self.deviations * deviation
        captured = torch.bincount(nearest[good], minlength=len(modes))
        counted = captured if good.any() else torch.bincount(nearest, minlength=len(modes))
        share = good.double().mean().item()
        near = f"within {self.deviations:g} standard deviations of {deviation:g}"
        how = f"{self.points:,} generated points"
        details = {"points": self.points, "modes_there": len(modes), "deviations": self.deviations}
        return [
            Score(
                name="modes",
                value=int((captured > 0).sum()),
                better="higher",
                protocol=f"modes that have a point {near}; {how}; as PacGAN (arXiv:1712.04086)",
                details=details,
            ),
            Score(
                name="high_quality",
                value=100 * share,
                better="higher",
                unit="%",
                error=100 * math.sqrt(share * (1 - share) / self.points),
                protocol=f"points {near} of their nearest mode; {how}; as PacGAN (arXiv:1712.04086)",
                details=details,
            ),
            Score(
                name="reverse_kl",
                value=reverse_kl(counted),
                better="lower",
                unit="nats",
                protocol="KL divergence of the high-quality points' histogram over the modes from the uniform one; "
                f"high quality: {near} of a mode; {how}; as PacGAN's code (arXiv:1712.04086)",
                details=details | {"counted": "high quality" if good.any() else "all: none is of high quality"},
            ),
        ]


def reverse_kl(counts: Tensor) -> float:
    """Return the Kullback-Leibler divergence in nats of a histogram (M,) from the uniform distribution on M modes."""
    share = counts.double() / counts.sum()
    return float(torch.special.xlogy(share, len(counts) * share).sum())


def _stated(subject: Subject, name: str) -> Any:
    value = getattr(subject.dataset, name, None)
    if value is None:
        raise Unsupported(f"needs data that states its modes, such as points:ring; {subject.dataset.name} does not")
    return value


@hookimpl
def metric() -> type[Metric]:
    """Return mode coverage."""
    return ModeCoverage
