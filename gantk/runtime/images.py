"""Image files read and written, and pictures as arrays of pixels."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gantk.data.dataset import Array
from gantk.data.pixels import with_channels
from gantk.errors import DataError, one_line

_PICTURES = {"uint8": (1, 3, 4), "uint16": (1,), "float32": (1,)}
LOSSY = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"quality": 95}}
"""How lossy formats are written."""


def read(path: Path) -> Image.Image | Array:
    """Return an image file as a picture the right way up, a `.npy` file as an array.

    Raises DataError where it cannot be read whole, or is an animation.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    if path.suffix.lower() in (".heic", ".heif"):
        _learn_heic(path)
    try:
        if path.suffix.lower() == ".npy":
            array: Array = np.load(path, allow_pickle=False)
            return array
        # Pillow warns of large images and of odd tags; what it cannot read it raises.
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            # A camera's MPO holds one photograph, its further frames being previews.
            frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
            if frames == 1:
                upright = ImageOps.exif_transpose(image)
                upright.format = image.format
                return upright
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: is no image that can be read") from error
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
    refusal = DataError(f"{file_format} cannot hold this image (mode {image.mode}); write a .png")
    if file_format not in Image.SAVE or (image.mode in ("I;16", "F") and file_format not in ("PNG", "TIFF")):
        raise refusal
    try:
        image.save(path, file_format, **LOSSY.get(file_format, {}), **(companions or {}))
    except OSError as error:
        # Pillow's own refusals have no error number, the system's have one.
        raise refusal if error.errno is None else error from error


def format_of(path: Path) -> str | None:
    """Return Pillow's name for the format that a file name's suffix stands for, or None."""
    return Image.registered_extensions().get(path.suffix.lower())


def picture_to_pixels(image: Image.Image, pixel: str, channels: int) -> tuple[Array, Image.Image | None]:
    """Return a picture as pixels (H, W, channels) of type `pixel`, and its alpha channel where it has one to keep.

    Grey and colour become each other and alpha is laid over white, as in training. Raises DataError where values would
    be lost or made up.
    """
    if channels not in (1, 3, 4):
        raise DataError(f"the model takes {channels} channels of {pixel}: give an array (H, W, {channels})")
    held = "uint16" if image.mode.startswith("I;16") else "float32" if image.mode in ("I", "F") else "uint8"
    if held != pixel:
        raise DataError(f"the model takes {pixel} values, and this image (mode {image.mode}) was read as {held}")
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


def _learn_heic(path: Path) -> None:
    try:
        import pillow_heif
    except ImportError:
        raise DataError(f"{path}: HEIC images are read by an extra: pip install 'gantk[heic]'") from None
    pillow_heif.register_heif_opener()
