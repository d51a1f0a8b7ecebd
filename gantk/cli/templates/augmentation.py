"""The augmentation is noise, added to all that a discriminator sees.

It keeps real and made images from being told apart too soon (Sønderby et al. 2017,
arXiv:1610.04490).
"""

import torch
from gantk import Augmentation, Drawn, UsageError, hookimpl
from torch import Tensor


class Noisy(Augmentation):
    """Each image gets noise of a strength of its own.

    Args:
        most: the largest standard deviation of the noise, of images in [-1, 1].
    """

    def __init__(self, *, most: float = 0.2) -> None:
        super().__init__()
        if most <= 0:
            raise UsageError(f"most must be above 0, not {most}")
        self.most = most

    def drawn(self, images: Tensor) -> Drawn:
        """Return a strength and a pattern of noise for each image."""
        strength = torch.rand(len(images), 1, 1, 1, device=images.device)
        pattern = torch.randn(len(images), 1, *images.shape[2:], device=images.device)
        return {"strength": self.most * strength, "pattern": pattern}

    def images(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return images with noise, which all channels share."""
        return images + drawn["strength"] * drawn["pattern"]

    def layouts(self, layouts: Tensor, drawn: Drawn) -> Tensor:
        """Return label maps as they are: noise moves nothing."""
        return layouts


@hookimpl
def augmentation() -> type[Augmentation]:
    """Return the augmentation."""
    return Noisy
