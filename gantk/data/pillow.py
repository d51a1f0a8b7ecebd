"""What Pillow reads, with nothing left in the file that it could stumble over."""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.avif import part_avif
from gantk.data.formats.gif import part_gif
from gantk.data.formats.jpeg import part_jpeg
from gantk.data.formats.jpeg2000 import part_jpeg2000
from gantk.data.formats.known import HEIF, TIFF
from gantk.data.formats.limits import check_size
from gantk.data.formats.parted import Metadata, Parted
from gantk.data.formats.png import part_png
from gantk.data.opened import SEVERAL, Facts, OpenedImage
from gantk.data.pixels import upright
from gantk.errors import DataError
from gantk.install_lines import extra_line

if TYPE_CHECKING:
    from PIL.Image import Image

_PARTED: Mapping[str, Callable[[bytes], Parted]] = {
    "PNG": part_png,
    "JPEG": part_jpeg,
    "GIF": part_gif,
    "AVIF": part_avif,
    "JPEG2000": part_jpeg2000,
}
_AT_ONCE = 2**20
"""Pixels that are brought to another mode at once."""

_BYTES = 4
"""Bytes a pixel that Pillow takes, of nearly all modes."""

_DEEP_PNG = {2: (3, [2, 1, 0]), 4: (2, [0, 3]), 6: (4, [2, 1, 0, 3])}
"""Channels and their order as OpenCV gives them, by PNG's colour type: RGB, grey and opacity, RGB and opacity."""


def open_pillow(data: bytes, name: str, *, shallow: bool = False) -> OpenedImage:
    """Open a file of a format of that name.

    16-bit colour PNG, which Pillow would cut to 8 bits, is decoded by OpenCV, unless `shallow`. Raises DataError with
    the reason, and errors of other types where a file is damaged.
    """
    return open_parted(_PARTED.get(name, Parted)(data), name, shallow=shallow)


def open_parted(parted: Parted, name: str, *, shallow: bool = False) -> OpenedImage:
    """Open the pixels of a file, which say nothing else. The same as `open_pillow` otherwise."""
    from PIL import Image

    if name == HEIF:
        _register_heif()
    if name not in Image.OPEN:
        Image.init()
    if name not in Image.OPEN:
        raise DataError(f"is {name}, which this Pillow does not read")
    image = Image.open(io.BytesIO(parted.pixels), formats=[name])
    _check(image, parted)
    metadata, orientation = _metadata(image, parted)
    height, width = (image.width, image.height) if orientation >= 5 else (image.height, image.width)
    note = SEVERAL if parted.several or getattr(image, "n_frames", 1) > 1 else ""
    # In a PNG, byte 24 is the bit depth and byte 25 the colour type.
    deep = name == "PNG" and parted.pixels[24] == 16 and parted.pixels[25] in _DEEP_PNG
    if deep and not shallow:
        channels, order = _DEEP_PNG[parted.pixels[25]]
        facts = Facts(height, width, channels, "uint16", channels != 3, note=note)
        return OpenedImage(facts, lambda: upright(_deep_png(parted.pixels, order), orientation), name, metadata)
    mode = _mode(image)
    channels = len(Image.new(mode, (1, 1)).getbands())
    dtype = {"I;16": "uint16", "F": "float32"}.get(mode, "uint8")
    facts = Facts(height, width, channels, dtype, mode.endswith("A"), image.mode == "P" and name in ("PNG", TIFF), note)

    def pixels() -> Array:
        image.load()
        array = np.empty((image.height, image.width, channels), dtype)
        # At once, what is between Pillow's image and the array would be as large as either.
        for top in range(0, image.height, step := 1 + _AT_ONCE // image.width):
            strip = image.crop((0, top, image.width, min(top + step, image.height)))
            kept = strip if mode in ("I;16", "F") else strip.convert(mode)
            array[top : top + step] = np.asarray(kept).reshape(kept.height, kept.width, channels)
        return upright(array, orientation)

    def shrunk(divisor: Literal[2, 4, 8]) -> Array:
        # libjpeg computes fewer pixels of each block of 8 x 8, as many as this size asks for.
        image.draft(None, (image.width // divisor, image.height // divisor))
        return pixels()

    return OpenedImage(facts, pixels, name, metadata, deep, shrunk if name == "JPEG" else None)


def _check(image: "Image", parted: Parted) -> None:
    width, height = image.size
    check_size(height, width, _BYTES)
    if parted.holds[0] * parted.holds[1] > 2 * width * height + 2**16:
        found = "x".join(map(str, parted.holds))
        raise DataError(f"is damaged: it says that it has {width}x{height} pixels, and holds {found}")


def _metadata(image: "Image", parted: Parted) -> tuple[Metadata, int]:
    """Return what goes along with an image, and how it is turned."""
    said = parted.metadata
    values = {key: image.info.get(key) for key in ("exif", "xmp", "icc_profile")}
    exif, xmp, profile = (value if isinstance(value, bytes) else b"" for value in values.values())
    found = Metadata(said.exif or exif, said.xmp or xmp, said.profile or profile)
    # An AVIF is turned by what its container says, which Pillow gives as EXIF data of its own.
    orientation = parted.orientation or (Metadata(exif) if image.format == "AVIF" else found).orientation
    # The profile of inks is none of the colours that they become.
    return Metadata(found.exif, found.xmp, b"" if image.mode == "CMYK" else found.profile), orientation


def _mode(image: "Image") -> str:
    if image.mode.startswith("I;16"):
        return "I;16"
    if image.mode in ("I", "F"):
        return "F"
    return ("L" if image.mode in ("1", "L", "LA", "La") else "RGB") + ("A" if image.has_transparency_data else "")


def _deep_png(data: bytes, order: list[int]) -> Array:
    import cv2

    array: Array | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise DataError("is truncated or damaged")
    return array[:, :, order]


def _register_heif() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise DataError(f"is HEIC, which needs: {extra_line('heic')}") from None
    register_heif_opener()
