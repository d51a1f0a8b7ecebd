"""The same images at a lower resolution, made when they are read."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gantk.data.dataset import Array, DerivedImages

ShrinkBy = Literal["bicubic", "area"]
"""How images are shrunk: by a bicubic kernel as wide as the factor, or by the mean of each square of pixels."""


@dataclass(frozen=True)
class Shrunk(DerivedImages):
    """A column of another column's images at a lower resolution; what is no whole pixel of it is cut off.

    Attributes:
        shrink: how many times smaller they become.
        by: how.
    """

    shrink: int
    by: ShrinkBy = "bicubic"

    def __getitem__(self, index: int) -> Array:
        """Return an image (H, W, C) in its own dtype."""
        image = self.images[index]
        height, width = (length // self.shrink for length in image.shape[:2])
        whole = image[: height * self.shrink, : width * self.shrink].astype(np.float32)
        if self.by == "area":
            small = whole.reshape(height, self.shrink, width, self.shrink, -1).mean(axis=(1, 3))
        else:
            small = _bicubic(whole, (height, width))
        if image.dtype != np.float32:
            small = small.round()
        # A bicubic kernel overshoots at edges.
        shrunk: Array = small.clip(image.min(), image.max()).astype(image.dtype)
        return shrunk


def _bicubic(image: Array, size: tuple[int, int]) -> Array:
    import torch
    from torch.nn.functional import interpolate

    values = torch.from_numpy(image).permute(2, 0, 1)[None]
    small = interpolate(values, size, mode="bicubic", antialias=True, align_corners=False)
    shrunk: Array = small[0].permute(1, 2, 0).numpy()
    return shrunk
