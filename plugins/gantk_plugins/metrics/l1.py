"""Mean absolute difference from the truth (the L1 of Isola et al. 2017, pix2pix, arXiv:1611.07004, equation 3).

On the scale of [-1, 1], over all pixels and channels of an image. It is small for blurred images too.
"""

from torch import Tensor

from gantk import Metric, hookimpl
from gantk_plugins.metrics.per_image import PerImage


class L1(PerImage):
    """Measures how far translations are from the truth."""

    name = "l1"
    better = "lower"
    how = "mean absolute difference from the truth on the scale of [-1, 1]"

    def values(self, images: Tensor, truth: Tensor) -> Tensor:
        """Return mean |image - truth| (N,)."""
        return (images - truth).abs().flatten(1).mean(1)


@hookimpl
def metric() -> type[Metric]:
    """Return the mean absolute difference."""
    return L1
