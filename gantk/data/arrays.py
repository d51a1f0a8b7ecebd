"""Arrays that NumPy saved, as images."""

import io
from math import prod

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.known import NUMPY
from gantk.data.formats.limits import check_size
from gantk.data.opened import CHANNELS_FIRST, Facts, OpenedImage
from gantk.data.pixels import in_own_precision
from gantk.errors import DataError

_MOST_FIRST = 16
"""Up to so many rows an array (n, H, W) is taken for n channels, if H and W are at least twice as many."""

_PLAIN = 4
"""Up to so many channels at the end need no question."""


def open_numpy(data: bytes) -> OpenedImage:
    """Open an array saved by numpy: (H, W) or (H, W, C), or (C, H, W) where the shape shows it."""
    array = read_array(data)
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise DataError(f"holds an array {array.shape}: wanted (height, width) or (height, width, channels)")
    first = channels_first(array.shape)
    given = np.moveaxis(array, 0, 2) if first else array.reshape(*array.shape[:2], -1)
    height, width, channels = given.shape
    check_size(height, width, channels * given.itemsize)
    array = in_own_precision(given)
    facts = Facts(height, width, channels, str(array.dtype), note=CHANNELS_FIRST if first else "")
    return OpenedImage(facts, lambda: array, NUMPY)


def channels_first(shape: tuple[int, ...]) -> bool:
    """Return whether an array of that shape has its channels before height and width.

    Raises DataError, which does not name the file, where the shape leaves it open.
    """
    if len(shape) != 3:
        return False
    first, height, channels = shape
    alike = first == height == channels and channels in (3, 4)
    if not alike and (channels <= _PLAIN or channels < first):
        return False
    if first <= _MOST_FIRST and 2 * first <= min(height, channels):
        return True
    raise DataError(
        f"holds an array {shape}, of which any axis could be the channels: up to {_MOST_FIRST} channels may come "
        "first; save others as (height, width, channels), with numpy.moveaxis(array, 0, 2) if they come first now"
    )


def read_array(data: bytes) -> Array:
    """Return the array in a file's bytes, which it shares. Raises DataError where it is damaged or holds no numbers."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise DataError("holds a table, which is no image")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if dtype.hasobject or dtype.kind not in "biuf":
        raise DataError(f"is damaged, or holds {dtype}, which are no pixel values")
    values = np.frombuffer(data, dtype, count=prod(shape), offset=file.tell())
    return values.reshape(shape, order="F" if fortran else "C")
