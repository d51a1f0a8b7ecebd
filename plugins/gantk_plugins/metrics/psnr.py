"""Peak signal-to-noise ratio, computed by kornia (used for GANs by Ledig et al. 2017, SRGAN, arXiv:1609.04802).

10 log10(1 / mean squared error) of each image in [0, 1], all channels together; the mean is that of the images' ratios.
An image that equals the truth has an infinite one.
"""

import torch
from torch import Tensor

from gantk import Metric, hookimpl
from gantk_plugins.metrics.per_image import PerImage


class PeakSignalToNoise(PerImage):
    """Measures the squared difference of translations from the truth in decibels."""

    name = "psnr"
    better = "higher"
    unit = "dB"
    how = "peak signal-to-noise ratio of each image in [0, 1]"

    def values(self, images: Tensor, truth: Tensor) -> Tensor:
        """Return 10 log10(1 / mean (image - truth)^2) (N,)."""
        from kornia.metrics import psnr

        pairs = zip((images + 1) / 2, (truth + 1) / 2, strict=True)
        return torch.stack([psnr(image, wanted, 1.0) for image, wanted in pairs])


@hookimpl
def metric() -> type[Metric]:
    """Return the peak signal-to-noise ratio."""
    return PeakSignalToNoise
