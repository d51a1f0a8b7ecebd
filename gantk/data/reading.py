"""Image files become arrays in their own precision: 8-bit, 16-bit or float, with any number of channels."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.known import HEIF, NUMPY, TIFF, format_of_content
from gantk.data.formats.limits import TOO_LARGE, check_size
from gantk.data.pixels import in_own_precision, upright
from gantk.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

Result = TypeVar("Result")

NO_IMAGE = "is no image, or one of a kind that cannot be read"


@dataclass(frozen=True)
class Facts:
    """What a file's header says of its image, once turned upright.

    Attributes:
        height: in pixels.
        width: in pixels.
        channels: as stored, alpha included.
        dtype: "uint8", "uint16" or "float32".
        alpha: whether the last channel is opacity.
    """

    height: int
    width: int
    channels: int
    dtype: str
    alpha: bool = False

    @property
    def mode(self) -> str:
        """A name for channels and precision, such as "8-bit RGB with alpha"."""
        depth = {"uint8": "8-bit", "uint16": "16-bit"}.get(self.dtype, "float")
        colours = self.channels - self.alpha
        named = {1: "grey", 3: "RGB"}.get(colours, f"{colours} channels")
        return f"{depth} {named}{' with alpha' if self.alpha else ''}"


@dataclass(frozen=True)
class Opened:
    """An image file whose header was read; `pixels()` decodes it to (H, W, channels)."""

    facts: Facts
    pixels: Callable[[], Array]


def open_image(path: Path, data: bytes) -> Opened:
    """Read the header of an image file's bytes. Raises DataError with the reason, which does not name the file."""
    return _told(lambda: _family(data)(data), data)


def decode(path: Path, data: bytes) -> Array:
    """Return an image file's pixels (H, W, channels) in their own dtype, upright.

    Raises DataError with the reason, which does not name the file.
    """
    opened = open_image(path, data)
    array = _told(opened.pixels, data)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError("holds NaN or infinite values")
    return array


def _family(data: bytes) -> Callable[[bytes], Opened]:
    found = format_of_content(data)
    if found is None:
        raise DataError(NO_IMAGE)
    if found == TIFF:
        from gantk.data.tiff import open_tiff

        return open_tiff
    if found == HEIF:
        register_heif()
    return open_numpy if found == NUMPY else open_pillow


def open_numpy(data: bytes) -> Opened:
    """Open an array saved by numpy: (H, W) or (H, W, C)."""
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if array.ndim == 3 and array.shape[0] <= 4 < min(array.shape[1:]):
        raise DataError(f"holds an array {array.shape}, channels first: save it as (height, width, channels)")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise DataError(f"holds an array {array.shape}: wanted (height, width) or (height, width, channels)")
    array = in_own_precision(array)
    height, width, channels = array.shape
    return Opened(Facts(height, width, channels, str(array.dtype)), lambda: array)


def open_pillow(data: bytes) -> Opened:
    """Open what Pillow reads; 16-bit colour PNG, which it would cut to 8 bits, is decoded by OpenCV."""
    from PIL import Image

    image = Image.open(io.BytesIO(data), formats=[format_of_content(data) or ""])
    check_size(image.height, image.width)
    orientation = _orientation(image, data)
    height, width = (image.width, image.height) if orientation >= 5 else (image.height, image.width)
    # In a PNG, byte 24 is the bit depth and byte 25 the colour type: 0 grey, 2 RGB, 4 grey + alpha, 6 RGBA.
    if image.format == "PNG" and data[24] == 16 and data[25] in (2, 4, 6):
        channels, order = {2: (3, [2, 1, 0]), 4: (2, [0, 3]), 6: (4, [2, 1, 0, 3])}[data[25]]
        return Opened(
            Facts(height, width, channels, "uint16", channels != 3),
            lambda: upright(_deep_png(data, order), orientation),
        )
    mode = _mode(image)
    channels = len(Image.new(mode, (1, 1)).getbands())
    dtype = {"I;16": "uint16", "F": "float32"}.get(mode, "uint8")

    def pixels() -> Array:
        kept = image if mode in ("I;16", "F") else image.convert(mode)
        return upright(in_own_precision(np.asarray(kept).astype(dtype)), orientation)

    return Opened(Facts(height, width, channels, dtype, mode.endswith("A")), pixels)


def _mode(image: "Image") -> str:
    if image.mode.startswith("I;16"):
        return "I;16"
    if image.mode in ("I", "F"):
        return "F"
    return ("L" if image.mode in ("1", "L", "LA", "La") else "RGB") + ("A" if image.has_transparency_data else "")


def _orientation(image: "Image", data: bytes) -> int:
    """Return the EXIF orientation, 1 where there is none; Pillow turns a TIFF by itself."""
    # For a PNG without EXIF, Pillow would decode the whole image to look for it.
    without = image.format == "PNG" and b"eXIf" not in data and "Raw profile type exif" not in image.info
    return 1 if without or image.format == "TIFF" else int(image.getexif().get(0x0112, 1))


def _deep_png(data: bytes, order: list[int]) -> Array:
    import cv2

    array: Array | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise DataError("is truncated or damaged")
    return array[:, :, order]


def register_heif() -> None:
    """Teach Pillow HEIC. Raises DataError, which names what to install, where that is missing."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise DataError("is HEIC, which needs: pip install 'gantk[heic]'") from None
    register_heif_opener()


def _told(work: Callable[[], Result], data: bytes) -> Result:
    """Return what work returns; whatever a decoder raises on a damaged file becomes one reason."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise DataError("is empty")
    try:
        return work()
    except (DataError, ImportError):
        raise
    except UnidentifiedImageError:
        raise DataError(NO_IMAGE) from None
    except Image.DecompressionBombError:
        raise DataError(TOO_LARGE) from None
    # Decoders raise errors of every type, documented or not, on files that are damaged.
    except Exception as error:
        detail = (str(error).strip() or type(error).__name__).splitlines()[0][:100]
        raise DataError(f"is truncated or damaged: {detail}") from None
