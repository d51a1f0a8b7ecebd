"""Image files read and written, and pictures as arrays of pixels."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gantk.data.dataset import Array
from gantk.data.formats.known import HEIF, NUMPY, format_of_content
from gantk.data.pixels import with_channels
from gantk.data.reading import NO_IMAGE, decode, open_image, register_heif
from gantk.errors import DataError, one_line
from gantk.runtime.png import write_png

_PICTURES = {"uint8": (1, 3, 4), "uint16": (1,), "float32": (1,)}
_REDUCED = "gantk.reduced"
"""Where a picture's `info` notes that its file has more bits."""

_ORIENTATION = 0x0112

LOSSY = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}}
"""How lossy formats are written."""


@dataclass(frozen=True)
class Deep:
    """An image file of 16 bits a channel that is in colour or has opacity, which no PIL image holds.

    Attributes:
        pixels: uint16 (H, W, C), the right way up.
        alpha: whether the last channel is opacity.
        format: Pillow's name of the file's format.
        companions: what goes along with pixels, see `write`.
    """

    pixels: Array
    alpha: bool
    format: str
    companions: Mapping[str, bytes]


def read(path: Path, pixel: str = "uint8") -> Image.Image | Array | Deep:
    """Return an image file as a picture the right way up, a `.npy` file as an array.

    `pixel` is the type of the values that are wanted: 16 bits of colour come as they are where it is "uint16", else as
    a picture of 8 bits, see `is_reduced`. Raises DataError where it cannot be read whole, or is an animation.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        with path.open("rb") as file:
            found = format_of_content(file.read(256))
        if found is None:
            raise DataError(NO_IMAGE)
        if found == HEIF:
            register_heif()
        if found == NUMPY:
            array: Array = np.load(path, allow_pickle=False)
            return array
        # Pillow warns of large images and of odd tags; what it cannot read it raises.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=[found]) as image:
            # A camera's MPO holds one photograph, its further frames being previews.
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
            if frames == 1:
                deep = _is_deep(image)
                if deep and pixel == "uint16":
                    return _deep(path, image)
                upright = ImageOps.exif_transpose(image)
                upright.format = image.format
                upright.info[_REDUCED] = deep
                return upright
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: {NO_IMAGE}") from error
    except Exception as error:
        raise DataError(f"{path}: cannot be read as an image ({one_line(error)})") from error
    raise DataError(f"{path}: holds {frames} frames; give single images")


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


def _is_deep(image: Image.Image) -> bool:
    """Return whether a picture, not yet decoded, has 16 bits in its file, of which Pillow would keep 8."""
    stored = [tile[3] if isinstance(tile[3], str) else tile[3][0] for tile in getattr(image, "tile", []) if tile[3]]
    return not image.mode.startswith(("I", "F")) and any(";16" in str(mode) for mode in stored)


def _deep(path: Path, image: Image.Image) -> Deep:
    """Return a file's pixels as training reads them; `image` is the file opened by Pillow."""
    data = path.read_bytes()
    try:
        alpha, pixels = open_image(path, data).facts.alpha, decode(path, data)
    except ImportError as error:
        packages = "opencv-python-headless tifffile"
        raise DataError(f"{path}: 16 bits of colour are read by other packages: pip install {packages}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    image.getexif().pop(_ORIENTATION, None)
    return Deep(pixels, alpha, image.format or "", companions_of(image))


def companions_of(image: Image.Image | Array | Deep) -> Mapping[str, bytes]:
    """Return the colour profile of an image in grey or RGB, and its EXIF data, from which orientation is gone.

    A TIFF has no EXIF data that could be told from its structure.
    """
    if isinstance(image, Deep):
        return image.companions
    if not isinstance(image, Image.Image):
        return {}
    known = {"icc_profile": image.info.get("icc_profile")} if image.mode in ("L", "LA", "RGB", "RGBA", "P") else {}
    exif = image.getexif()
    return {name: value for name, value in {**known, "exif": exif.tobytes() if exif else None}.items() if value}


def kept_format(image: Image.Image | Array | Deep) -> str | None:
    """Return Pillow's name of the format in which a result goes that keeps its image's; None: an array."""
    if isinstance(image, np.ndarray):
        return None
    return {"MPO": "JPEG"}.get(image.format or "", image.format)


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
