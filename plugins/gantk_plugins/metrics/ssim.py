"""Structural similarity, computed by kornia (Wang et al. 2004, doi:10.1109/TIP.2003.819861).

As the authors define it: an 11 x 11 Gaussian window of standard deviation 1.5, k1 = 0.01, k2 = 0.03, only where the
window lies within the image. Images are in [0, 1]; each channel is compared by itself, where the authors look at
brightness alone.
"""

from torch import Tensor

from gantk import Metric, Unsupported, hookimpl
from gantk_plugins.metrics.per_image import PerImage

WINDOW = 11


class StructuralSimilarity(PerImage):
    """Measures how alike the structures of translations and of the truth are; 1 is equal."""

    name = "ssim"
    better = "higher"
    how = f"structural similarity of images in [0, 1], Gaussian window of {WINDOW} pixels, mean over channels"

    def values(self, images: Tensor, truth: Tensor) -> Tensor:
        """Return the mean of each image's similarity map (N,)."""
        from kornia.metrics import ssim

        if min(images.shape[2:]) < WINDOW:
            raise Unsupported(f"needs images of {WINDOW} pixels at least, not of {min(images.shape[2:])}")
        # In float32 the variance of a flat region is lost in rounding, and c2 is small beside it.
        levels, wanted = (images.double() + 1) / 2, (truth.double() + 1) / 2
        similar = ssim(levels, wanted, WINDOW, max_val=1.0, eps=0.0, padding="valid")
        return similar.flatten(1).mean(1)


@hookimpl
def metric() -> type[Metric]:
    """Return the structural similarity."""
    return StructuralSimilarity
