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
        return at_size(self.array[index], self.load)


def at_size(image: Array, load: int) -> Array:
    """Return a square image, uint8 (S, S, C) with C of 1 or 3, at `load` pixels."""
    from PIL import Image

    if load == len(image):
        return image
    method = Image.Resampling.LANCZOS if load < len(image) else Image.Resampling.BICUBIC
    # Pillow takes grey images without an axis for channels.
    picture = Image.fromarray(image.squeeze(-1) if image.shape[2] == 1 else image)
    return np.array(picture.resize((load, load), method)).reshape(load, load, -1)


def resized(array: Array, load: int | None) -> ArrayImages:
    """Return square images, uint8 (N, S, S, C) with C of 1 or 3, at `load` pixels; None keeps them as they are."""
    return ArrayImages(array) if load is None or load == array.shape[1] else ResizedImages(array, load=load)
