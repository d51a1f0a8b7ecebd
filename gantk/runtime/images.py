"""Image files read and written, and pictures as arrays of pixels."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from gantk.data.arrays import read_array
from gantk.data.dataset import Array
from gantk.data.formats.files import read_file
from gantk.data.formats.known import NUMPY, format_of_content
from gantk.data.formats.parted import Metadata
from gantk.data.formats.png import part_png
from gantk.data.opened import Facts
from gantk.data.pixel_arrays import open_image, pixels_of, told
from gantk.data.pixels import upright, with_channels
from gantk.errors import DataError
from gantk.runtime.png import write_png
from gantk.runtime.ports import LABELS

_PICTURES = {"uint8": (1, 3, 4), "uint16": (1,), "float32": (1,)}
_REDUCED, _NOTE = "gantk.reduced", "gantk.note"
"""Where a picture's `info` notes that its file has more bits, and what else its reader decided."""

LOSSY = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}, "AVIF": {"quality": 95}}
"""How lossy formats are written."""


@dataclass(frozen=True)
class Deep:
    """An image file that no PIL image holds: of 16 bits in colour or with opacity, or of more than four channels.

    So is an array of which something is to be told.

    Attributes:
        pixels: uint8, uint16 or float32 (H, W, C), the right way up.
        alpha: whether the last channel is opacity.
        format: Pillow's name of the file's format.
        companions: what goes along with pixels, see `write`.
        note: what its reader decided, in words that follow the file's name; mostly empty.
    """

    pixels: Array
    alpha: bool
    format: str
    companions: Mapping[str, bytes]
    note: str = ""


def read(path: Path, pixel: str = "uint8") -> Image.Image | Array | Deep:
    """Return an image file as a picture the right way up, a `.npy` file as an array.

    `pixel` is the type of the values that are wanted: 16 bits come as they are unless it is "uint8", then as
    a picture of 8 bits, see `is_reduced`; of "labels" a PNG keeps its table of colours besides. Raises DataError where
    it cannot be read whole.
    """
    try:
        return read_bytes(read_file(path), pixel)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def read_bytes(
    data: bytes, pixel: str = "uint8", check: Callable[[Facts], None] = lambda facts: None
) -> Image.Image | Array | Deep:
    """Return what `read` does, of an image file's bytes; the reason of a DataError names no file.

    `check` is told what the header says before anything is decoded; what it raises is raised.
    """
    # Pillow warns of large images and of odd tags; what it cannot read it raises.
    with warnings.catch_warnings(action="ignore"):
        if format_of_content(data) == NUMPY:
            return _array(data)
        opened = open_image(data, shallow=pixel == "uint8")
        check(opened.facts)
        if pixel == LABELS and opened.facts.palette and opened.format == "PNG":
            return told(lambda: _indexed(data))
        pixels, companions = pixels_of(opened), opened.metadata.companions()
    facts, reduced = opened.facts, opened.deep
    if facts.dtype == "uint16" and pixel == "uint8":
        # The upper 8 bits are what Pillow gives for such a file in colour; of grey it makes all above 255 white.
        pixels, reduced = (pixels >> 8).astype(np.uint8), True
    colours = facts.channels - facts.alpha
    if colours not in (1, 3) or (facts.channels > 1 and pixels.dtype != np.uint8):
        return Deep(pixels, facts.alpha, opened.format, companions, facts.note)
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if facts.channels == 1 else pixels))
    image.format = opened.format
    image.info.update({**companions, _REDUCED: reduced, _NOTE: facts.note})
    return image


def _indexed(data: bytes) -> Image.Image:
    """Return a PNG with a table of colours as a picture that has it."""
    image = Image.open(BytesIO(part_png(data).pixels), formats=["PNG"])
    image.load()
    return image


def _array(data: bytes) -> Array | Deep:
    """Return the array in a file, its channels last; whole numbers of other types than a picture's become float32."""
    given = told(lambda: read_array(data))
    if given.ndim not in (2, 3):
        return given
    opened = open_image(data)
    array = pixels_of(opened)
    if opened.facts.note:
        return Deep(array, False, NUMPY, {}, opened.facts.note)
    return array[..., 0] if given.ndim == 2 else array


def turned(image: Image.Image) -> Image.Image:
    """Return a picture that a caller gave the right way up. Raises DataError where its file cannot be decoded."""
    told(image.load)
    # Pillow turns a TIFF when it decodes it. EXIF data that it cannot read are passed over, as in files.
    with suppress(Exception):
        return ImageOps.exif_transpose(image)
    exif, xmp = (value if isinstance(value, bytes) else b"" for value in map(image.info.get, ("exif", "xmp")))
    return Image.fromarray(upright(np.asarray(image), Metadata(exif, xmp).orientation))


def write(
    image: Image.Image | Array, path: Path, file_format: str | None, companions: Mapping[str, bytes] | None = None
) -> None:
    """Write a picture or an array (.npy), lossy formats at quality 95; `file_format` None reads it from the suffix.

    `companions` are what Pillow writes beside pixels, such as `icc_profile` and `exif`, where a format has a place.
    Raises DataError where the format cannot hold the picture, OSError where the system does not let it be written.
    """
    if not isinstance(image, Image.Image):
        with path.open("wb") as file:
            np.save(file, image)
        return
    Image.init()
    file_format = file_format or format_of(path)
    refusal = DataError(f"{file_format or path.suffix} cannot hold this image (mode {image.mode}); write a .png")
    if file_format not in Image.SAVE or (image.mode in ("I;16", "F") and file_format not in ("PNG", "TIFF")):
        raise refusal
    if file_format == "PNG" and image.mode in ("L", "LA", "RGB", "RGBA", "I;16"):
        pixels = np.asarray(image)
        with path.open("wb") as file:
            write_png([pixels.reshape(image.height, image.width, -1)], file, image.height, companions)
        return
    try:
        image.save(path, file_format, **LOSSY.get(file_format, {}), **(companions or {}))
    except OSError as error:
        # Pillow's own refusals have no error number, the system's have one.
        raise refusal if error.errno is None else error from error


def format_of(path: Path) -> str | None:
    """Return Pillow's name for the format that a file name's suffix stands for, or None."""
    return Image.registered_extensions().get(path.suffix.lower())


def is_reduced(image: object) -> bool:
    """Return whether a picture was read in fewer bits than its file has."""
    return isinstance(image, Image.Image) and bool(image.info.get(_REDUCED))


def note_of(image: object) -> str:
    """Return what was decided when an image file was read, in words that follow its name; mostly empty."""
    return image.note if isinstance(image, Deep) else str(getattr(image, "info", {}).get(_NOTE, ""))


def companions_of(image: Image.Image | Array | Deep) -> Mapping[str, bytes]:
    """Return the colour profile of an image file in grey or RGB, and its EXIF data, from which orientation is gone.

    A TIFF has no EXIF data that could be told from its structure.
    """
    if isinstance(image, Deep):
        return image.companions
    info = image.info if isinstance(image, Image.Image) else {}
    return {name: info[name] for name in ("icc_profile", "exif") if name in info}


def kept_format(image: Image.Image | Array | Deep) -> str | None:
    """Return Pillow's name of the format in which a result goes that keeps its image's; None: an array."""
    return None if isinstance(image, np.ndarray) or image.format == NUMPY else image.format


def picture_to_pixels(image: Image.Image, pixel: str, channels: int) -> tuple[Array, Image.Image | None]:
    """Return a picture as pixels (H, W, channels) of type `pixel`, and its alpha channel where it has one to keep.

    Grey and colour become each other and alpha is laid over white, as in training. Raises DataError where values would
    be lost or made up.
    """
    if channels not in (1, 3, 4):
        raise DataError(f"the model takes {channels} channels of {pixel}: give an array (H, W, {channels})")
    held = "uint16" if image.mode.startswith("I;16") else "float32" if image.mode in ("I", "F") else "uint8"
    if held != pixel:
        raise DataError(
            f"the model takes {pixel} values, and this image (mode {image.mode}) was read as {held}; "
            "bring it to that depth first, or give an array, which is brought to it by its whole range"
        )
    if pixel != "uint8":
        return with_channels(np.asarray(image).astype(pixel)[..., None], False, channels), None
    transparent = image.has_transparency_data
    image = image.convert(("L" if image.mode in ("1", "L", "LA", "La") else "RGB") + ("A" if transparent else ""))
    array = np.asarray(image).reshape(image.height, image.width, -1)
    alpha = image.getchannel("A") if transparent and channels != 4 else None
    return with_channels(array, transparent, channels), alpha


def is_picture(pixels: Array) -> bool:
    """Return whether pixels (..., C) have channels and a type that a picture can have."""
    return pictured(pixels.shape[-1], str(pixels.dtype))


def pictured(channels: int, pixel: str) -> bool:
    """Return whether a picture can have so many channels of a type."""
    return channels in _PICTURES.get(pixel, ())


def pixels_to_picture(pixels: Array, alpha: Image.Image | None = None) -> Image.Image:
    """Return pixels (H, W, C) as a picture, with the alpha channel of an image that they come from.

    Raises DataError where no picture has such channels.
    """
    channels = pixels.shape[-1]
    if not is_picture(pixels):
        raise DataError(f"the model gives {channels} channels of {pixels.dtype}: give an array to receive one")
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels))
    if alpha is not None and image.mode in ("L", "RGB"):
        image.putalpha(alpha)
    return image
