"""Frechet inception distance (Heusel et al. 2017, two time-scale update rule, arXiv:1706.08500, equation 6).

Features of made and of real images are taken for two Gaussians, of which it is the squared distance:
|m - m'|^2 + Tr(C + C' - 2 (C C')^(1/2)), with unbiased covariances.

The paper's features are those of an Inception network whose weights are in no package, so the default here is
EfficientNet-Lite0, and such numbers compare with each other alone; the record names the network and its hash.
Images are resized bilinearly with antialiasing, as Parmar et al. 2022 (clean-fid, arXiv:2104.11222) found necessary.
The estimate is too large of few images: 10,000 a side are usual, and below 2,000 the record says so.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from gantk import Metric, Score, Subject, hookimpl
from gantk_plugins.metrics.features import OfFeatures

FEW = 2000


class FrechetDistance(OfFeatures):
    """Compares the mean and the covariance of the features of made and of real images."""

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `fid`."""
        found = self.compared(subject)
        fewer = min(len(found.made), len(found.real))
        warning = f"of fewer than {FEW:,} images a side it is too large, and compares with the same number alone"
        return [
            Score(
                name="fid",
                value=frechet(found.made, found.real),
                better="lower",
                protocol=f"Frechet distance of two Gaussians, {found.how}; as arXiv:1706.08500, equation 6",
                details={**found.details, "warning": warning if fewer < FEW else None},
            )
        ]


def frechet(one: Tensor, other: Tensor) -> float:
    """Return the squared Frechet distance of the Gaussians of two sets of features (N, d) and (M, d) in float64.

    With centred features A and B over the root of N - 1 and M - 1, Tr((C C')^(1/2)) is the sum of the singular values
    of A B^T: exact, and small where there are few images.
    """
    (first, mean), (second, centre) = _spread(one), _spread(other)
    shared = torch.linalg.svdvals(first @ second.mT).sum()
    traces = first.square().sum() + second.square().sum()
    return float((mean - centre).square().sum() + traces - 2 * shared)


def _spread(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return a root R (r, d) of the covariance R^T R with as few rows as it has, and the mean (d,)."""
    mean = features.mean(0)
    root = (features - mean) / (len(features) - 1) ** 0.5
    return (torch.linalg.qr(root, mode="r").R if len(root) > root.shape[1] else root), mean


@hookimpl
def metric() -> type[Metric]:
    """Return the Frechet distance."""
    return FrechetDistance
