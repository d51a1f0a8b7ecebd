"""Image files become arrays in their own precision: 8-bit, 16-bit or float, with any number of channels."""

from collections.abc import Callable
from typing import Literal, TypeVar

import numpy as np

from gantk.data.arrays import open_numpy
from gantk.data.dataset import Array
from gantk.data.formats.known import NUMPY, TIFF, format_of_content, what_else
from gantk.data.formats.limits import TOO_LARGE
from gantk.data.opened import OpenedImage
from gantk.data.pillow import open_pillow
from gantk.errors import DataError
from gantk.install_lines import packages_line

Result = TypeVar("Result")

Divisor = Literal[1, 2, 4, 8]
"""How many times smaller an image may be decoded."""

_PACKAGES = {"cv2": "opencv-python-headless", "tifffile": "tifffile"}


def open_image(data: bytes, *, shallow: bool = False) -> OpenedImage:
    """Read the header of an image file's bytes, which say what it is.

    With `shallow`, 16-bit colour may be read as its upper 8 bits, where that takes no packages: then it is `deep`.
    Raises DataError with the reason, which does not name the file.
    """
    return told(lambda: _opened(data, shallow))


def decode(data: bytes, divisor: Divisor = 1) -> Array:
    """Return an image file's pixels (H, W, channels) in their own dtype, upright.

    With a divisor, height and width may be those of the image divided by it, rounded up, where that takes less time.
    Raises DataError with the reason, which does not name the file.
    """
    opened = open_image(data)
    shrunk = opened.shrunk
    if divisor == 1 or shrunk is None:
        return pixels_of(opened)
    return told(lambda: shrunk(divisor))


def pixels_of(opened: OpenedImage) -> Array:
    """Return the pixels (H, W, channels) of an image file that is open. Raises DataError as `decode` does."""
    array = told(opened.pixels)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError("holds NaN or infinite values")
    return array


def _opened(data: bytes, shallow: bool) -> OpenedImage:
    if not data:
        raise DataError("is empty")
    found = format_of_content(data)
    if found is None:
        raise DataError(what_else(data))
    if found == NUMPY:
        return open_numpy(data)
    if found == TIFF:
        from gantk.data.tiff import open_tiff

        return open_tiff(data, shallow=shallow)
    return open_pillow(data, found, shallow=shallow)


def told(work: Callable[[], Result]) -> Result:
    """Return what work returns. Raises DataError: whatever a decoder raises on a damaged file becomes one reason."""
    from PIL import Image, UnidentifiedImageError

    try:
        return work()
    except DataError:
        raise
    except ImportError as error:
        package = _PACKAGES.get(error.name or "", error.name or "")
        raise DataError(f"is of a kind that takes another package to read: {packages_line(package)}") from None
    except UnidentifiedImageError:
        raise DataError("is truncated or damaged") from None
    except Image.DecompressionBombError:
        raise DataError(TOO_LARGE) from None
    # Decoders raise errors of every type, documented or not, on files that are damaged.
    except Exception as error:
        detail = (str(error).strip() or type(error).__name__).splitlines()[0][:100]
        raise DataError(f"is truncated or damaged: {detail}") from None
