"""Arrays as callers have them, in the type of a model's tensor."""

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import DataError
from gantk.runtime.ports import Port

_TOPS = {"uint8": 255, "uint16": 65535, "float16": 1, "float32": 1, "float64": 1}
"""The largest value of a pixel by its type."""


def batch_of(array: Array, port: Port) -> Array:
    """Return an array as values (N, H, W, C) of a tensor. Raises DataError where it cannot be that."""
    given = array.ndim
    if given == 2:
        array = array[..., None]
    if given not in (2, 3, 4) or array.shape[-1] != port.channels or 0 in array.shape:
        channels = port.channels
        kinds = f"(H, W, {channels}) or (N, H, W, {channels}){', or (H, W)' if channels == 1 else ''}"
        raise DataError(f"the model takes an array {kinds}, not one of shape {(*array.shape[:given],)}")
    batch = array if given == 4 else array[None]
    if is_own(array, port):
        return batch.astype(port.dtype, copy=False)
    if port.pixel not in ("uint8", "uint16"):
        # What its values mean, the data alone knows.
        raise DataError(f"the model takes an array of {port.dtype}, not of {array.dtype}")
    return port.from_pixels(as_type(batch, port.pixel))


def is_own(array: Array, port: Port) -> bool:
    """Return whether an array holds values as a tensor has them."""
    return array.dtype == port.dtype or (array.dtype.kind == "f" and port.dtype == "float32")


def as_type(array: Array, dtype: str) -> Array:
    """Return pixels in another type by its whole range: 0 to 255 or 65,535 of whole numbers, 0 to 1 of floats.

    Raises DataError where a type has no such range, or floats lie outside of it.
    """
    if str(array.dtype) == dtype:
        return array
    tops = [_TOPS.get(kind, 0) for kind in (str(array.dtype), dtype)]
    if not all(tops):
        raise DataError(f"the model takes an array of {dtype}, not of {array.dtype}")
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise DataError(
            f"an array of {array.dtype} holds values from 0 to 1, and this one {array.min():.4g} to {array.max():.4g}; "
            f"give {dtype}"
        )
    values = array.astype(np.float64) * (tops[1] / tops[0])
    return (values if tops[1] == 1 else np.rint(values)).astype(dtype)
