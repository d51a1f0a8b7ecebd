"""Arithmetic on decoded images (H, W, C): precision, orientation, channels, size."""

from typing import Any

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import DataError

_AT_ONCE = 4
"""Channels given to OpenCV at once: with more it shrinks by whole factors only."""

_PIXELS = 2**20
"""Pixels whose channels are computed at once."""

_LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in grey: ITU-R BT.601."""


def in_own_precision(array: Array) -> Array:
    """Return an array (H, W) or (H, W, C) as (H, W, C) of uint8, uint16 or float32.

    Truth values become 0 and 255; every other number becomes float32. Raises DataError for what is no number.
    """
    if array.ndim == 2:
        array = array[:, :, None]
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "iuf":
        raise DataError(f"holds {array.dtype}, which are no pixel values")
    native = array.dtype.newbyteorder("=")
    return array.astype(native if native in (np.uint8, np.uint16) else np.float32, copy=False)


def upright(array: Array, orientation: int) -> Array:
    """Return an image turned and mirrored as its EXIF orientation (1 to 8) asks."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return array


def with_channels(array: Array, alpha: bool, channels: int) -> Array:
    """Return an image with so many channels; alpha is laid over white, or kept where 4 are wanted of 8 bits or 16.

    Raises DataError where the channels mean neither grey, RGB nor alpha.
    """
    if array.shape[2] == channels and (not alpha or channels == 4):
        return array
    height, width, _ = array.shape
    changed = np.empty((height, width, channels), array.dtype)
    # Opacity and grey are computed in floats, of which a whole image would take many times its own memory.
    for top in range(0, height, step := 1 + _PIXELS // width):
        changed[top : top + step] = _changed(array[top : top + step], alpha, channels)
    return changed


def _changed(array: Array, alpha: bool, channels: int) -> Array:
    most = 1.0 if array.dtype == np.float32 else float(np.iinfo(array.dtype).max)
    opacity = array[:, :, -1:] if alpha else np.full_like(array[:, :, :1], most)
    colour = array[:, :, :-1] if alpha else array
    if alpha and channels != 4:
        colour = _as(array.dtype, most + (colour.astype(np.float32) - most) * (opacity / np.float32(most)))
    found = colour.shape[2]
    if found == channels:
        return colour
    if found == 1 and channels in (3, 4):
        colour, found = colour.repeat(3, axis=2), 3
    if found == channels:
        return colour
    if found == 3 and channels == 4:
        return np.concatenate([colour, opacity], axis=2)
    if found == 3 and channels == 1:
        return _as(array.dtype, colour @ _LUMA[:, None])
    raise DataError(f"has {found} channels, which cannot become {channels}")


def scaled(
    array: Array,
    sides: tuple[int, int],
    *,
    nearest: bool = False,
    whole: tuple[int, int] | None = None,
    divisor: int = 1,
) -> Array:
    """Return an image scaled so that it just covers a height and width, its aspect kept.

    Shrinking averages areas; growing is bicubic, kept within the image's own range. With `nearest` there is no value
    but those of the image. An image of `whole`, a height and width, that was decoded smaller by a divisor is scaled as
    the whole is: what its last row and column hold beyond it is cut off.
    """
    import cv2

    height, width = whole or array.shape[:2]
    factor = max(sides[0] / height, sides[1] / width)
    if factor == 1:
        return array
    size = (max(sides[1], round(width * factor)), max(sides[0], round(height * factor)))
    beyond = divisor * array.shape[1] - width, divisor * array.shape[0] - height
    covered = [side + round(more * factor) for side, more in zip(size, beyond, strict=True)]
    smooth = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    method = cv2.INTER_NEAREST_EXACT if nearest else smooth
    parts = [
        cv2.resize(np.ascontiguousarray(array[:, :, start : start + _AT_ONCE]), covered, interpolation=method)
        for start in range(0, array.shape[2], _AT_ONCE)
    ]
    grown = np.concatenate([part.reshape(covered[1], covered[0], -1) for part in parts], axis=2)[: size[1], : size[0]]
    return grown if array.dtype != np.float32 else grown.clip(array.min(), array.max())


def _as(dtype: np.dtype[Any], array: Array) -> Array:
    return array.astype(dtype) if dtype == np.float32 else array.round().astype(dtype)
