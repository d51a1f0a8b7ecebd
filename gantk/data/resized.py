"""Images of one size in one array, brought to another size when they are read."""

from dataclasses import dataclass

import numpy as np

from gantk.data.dataset import Array, ArrayImages


@dataclass(frozen=True)
class ResizedImages(ArrayImages):
    """Square images of uint8 that are resized when they are read: all at once they would take long and fill the memory.

    Attributes:
        load: height and width in pixels that they are brought to.
    """

    load: int = 64

    def __getitem__(self, index: int) -> Array:
        from PIL import Image

        method = Image.Resampling.LANCZOS if self.load < self.array.shape[1] else Image.Resampling.BICUBIC
        # Pillow takes grey images without an axis for channels.
        image = Image.fromarray(self.array[index].squeeze(-1) if self.channels == 1 else self.array[index])
        return np.array(image.resize((self.load, self.load), method)).reshape(self.load, self.load, -1)


def resized(array: Array, load: int | None) -> ArrayImages:
    """Return square images, uint8 (N, S, S, C) with C of 1 or 3, at `load` pixels; None keeps them as they are."""
    return ArrayImages(array) if load is None or load == array.shape[1] else ResizedImages(array, load=load)
