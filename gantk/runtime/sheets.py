"""Many images as one: a sheet of rows and columns, or an animation."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gantk.data.dataset import Array
from gantk.errors import DataError
from gantk.runtime.images import LOSSY

GAP = 2
"""Pixels between the images of a sheet, and around them."""

MOVING = {"GIF", "WEBP"}
"""Formats of animations."""

_MILLISECONDS = 50


def sheet(images: Array, ground: float, columns: int | None = None) -> Array:
    """Return images (N, H, W, C) as one (H', W', C), on a ground of that value, row by row.

    A single image is returned as it is. Without `columns` the sheet is as square as can be.
    """
    count, height, width, channels = images.shape
    if count == 1:
        single: Array = images[0]
        return single
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = math.ceil(count / columns)
    shape = (GAP + rows * (height + GAP), GAP + columns * (width + GAP), channels)
    drawn = np.full(shape, ground).astype(images.dtype)
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        drawn[top : top + height, left : left + width] = image
    return drawn


def write_animation(frames: Sequence[Image.Image], path: Path, file_format: str) -> None:
    """Write frames as an animation that repeats, at 20 a second.

    Raises DataError where the format cannot hold them, OSError where the system does not let it be written.
    """
    first, *others = frames
    if first.mode not in ("L", "RGB", "RGBA"):
        raise DataError(f"{file_format} cannot hold these images (mode {first.mode}); write to a folder")
    options = {"duration": _MILLISECONDS, "loop": 0, **LOSSY.get(file_format, {})}
    first.save(path, file_format, save_all=True, append_images=others, **options)
