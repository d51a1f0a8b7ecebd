"""Pictures brought to the one size that a model takes, as training brings them there: with NumPy alone."""

import numpy as np

from gantk.data.dataset import Array

_SHARPNESS = -0.75
"""Parameter of the cubic kernel (Keys 1981) that OpenCV has, with which training enlarges."""


def fitted(pixels: Array, sides: tuple[int, int]) -> Array:
    """Return the centre (height, width, C) of an image (H, W, C) that is scaled until it just covers these sides.

    Shrinking averages areas, growing is bicubic: `gantk.data.pixels.scaled` and a central crop, to within a level.
    """
    height, width = pixels.shape[:2]
    if (height, width) == sides:
        return pixels
    factor = max(sides[0] / height, sides[1] / width)
    rows = _weights(height, max(sides[0], round(height * factor)), sides[0])
    columns = _weights(width, max(sides[1], round(width * factor)), sides[1])
    values: Array = np.einsum("hc,vcd->vhd", columns, np.tensordot(rows, pixels.astype(np.float32), 1), optimize=True)
    if pixels.dtype == np.float32:
        values = values.clip(pixels.min(), pixels.max())
    else:
        values = np.rint(values).clip(0, np.iinfo(pixels.dtype).max)
    return values.astype(pixels.dtype)


def nearest(pixels: Array, sides: tuple[int, int]) -> Array:
    """Return the same centre of a label map (H, W, C), of which each pixel is one of the map's own."""
    height, width = pixels.shape[:2]
    if (height, width) == sides:
        return pixels
    factor = max(sides[0] / height, sides[1] / width)
    rows = _places(height, max(sides[0], round(height * factor)), sides[0])
    return pixels[rows][:, _places(width, max(sides[1], round(width * factor)), sides[1])]


def _places(old: int, new: int, size: int) -> Array:
    """Return which of `old` pixels is the nearest to each of the central `size` of `new` ones."""
    numbers: Array = np.arange(size) + (new - size) // 2
    places: Array = (2 * numbers + 1) * old // (2 * new)
    return places


def _weights(old: int, new: int, size: int) -> Array:
    """Return what each of `old` pixels adds to the central `size` of `new` ones: float32 (size, old)."""
    ratio = old / new
    numbers: Array = np.arange(size)[:, None] + (new - size) // 2
    if ratio >= 1:
        places = np.arange(old)
        overlaps = np.minimum(places + 1, (numbers + 1) * ratio) - np.maximum(places, numbers * ratio)
        shares: Array = (overlaps.clip(0) / ratio).astype(np.float32)
        return shares
    centres = (numbers + 0.5) * ratio - 0.5
    taps = np.floor(centres).astype(int) + np.arange(-1, 3)
    weights = np.zeros((size, old), np.float32)
    np.add.at(weights, (np.arange(size)[:, None], taps.clip(0, old - 1)), _cubic(np.abs(taps - centres)))
    return weights


def _cubic(distance: Array) -> Array:
    near = ((_SHARPNESS + 2) * distance - (_SHARPNESS + 3)) * distance**2 + 1
    far = _SHARPNESS * (((distance - 5) * distance + 8) * distance - 4)
    values: Array = np.where(distance <= 1, near, far)
    return values
