"""What happens to an image between a lens and a file: blur, noise, and compression."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np

from gantk.data.dataset import Array
from gantk.data.degradation import Degradation, as_stored
from gantk.errors import DataError

Drawn = float | tuple[float, float]
"""A number, or the two between which one is drawn for each image."""


@dataclass(frozen=True)
class Worn(Degradation):
    """The image blurred, then with normal noise, then compressed as a JPEG; each where it is said.

    Attributes:
        blur: standard deviation of a Gaussian kernel in pixels.
        noise: standard deviation, where the window is 0 to 255.
        jpeg: quality from 1 to 100.
    """

    blur: Drawn | None = None
    noise: Drawn | None = None
    jpeg: Drawn | None = None

    def channels(self, given: int) -> int:
        if self.jpeg is not None and given not in (1, 3):
            raise DataError(f"only images of 1 or 3 channels can be JPEGs, not those of {given}: leave shrink_jpeg out")
        return given

    def __call__(self, image: Array, window: tuple[float, float], random: np.random.Generator) -> Array:
        if self.jpeg is not None and image.dtype != np.uint8:
            raise DataError(f"only images of 8 bits can be JPEGs, not {image.dtype}: leave shrink_jpeg out")
        worn = image
        if self.blur is not None:
            worn = _blurred(worn, _number(self.blur, random))
        if self.noise is not None:
            deviation = _number(self.noise, random) / 255 * (window[1] - window[0])
            worn = worn + deviation * random.standard_normal(image.shape, np.float32)
        worn = as_stored(image.dtype, worn, window)
        return worn if self.jpeg is None else _compressed(worn, round(_number(self.jpeg, random)))


def _number(said: Drawn, random: np.random.Generator) -> float:
    return float(random.uniform(*said)) if isinstance(said, tuple) else said


def _blurred(image: Array, deviation: float) -> Array:
    """Return an image (H, W, C) as float32, blurred by a Gaussian kernel, mirrored at its edges."""
    reach = int(4 * deviation + 0.5)
    blurred = image.astype(np.float32)
    if not reach:
        return blurred
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    for axis in (0, 1):
        around = [(reach, reach) if axis == other else (0, 0) for other in range(3)]
        padded = np.pad(blurred, around, mode="symmetric")
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis)
        blurred = windows @ kernel
    return blurred


def _compressed(image: Array, quality: int) -> Array:
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(stream, "JPEG", quality=quality)
    compressed: Array = np.asarray(Image.open(stream)).reshape(image.shape)
    return compressed
