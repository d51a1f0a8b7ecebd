"""A file's pixels apart from what else it says, so that a decoder sees nothing that it could stumble over.

Comments, EXIF data and the like are where readers fail or take for ever, on files whose pixels are whole.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gantk.data.formats.directories import Directory, read_header
from gantk.errors import DataError

_ORIENTATION = 0x0112
_WHOLE_NUMBERS = (1, 3, 4)
"""TIFF's types for bytes, and for whole numbers of 16 and of 32 bits."""

_TURNED = re.compile(rb"tiff:Orientation(?:=\"|>)([1-8])")
_START = b"Exif\0\0"
_LARGEST = 2**17
"""Bytes of EXIF data that are written anew; to read more could take long, each entry being as large as all."""


@dataclass(frozen=True)
class Metadata:
    """What goes along with an image's pixels.

    Attributes:
        exif: EXIF data, with or without their own first six bytes, as they are in the file.
        xmp: XMP data.
        profile: an ICC colour profile.
    """

    exif: bytes = b""
    xmp: bytes = b""
    profile: bytes = b""

    @property
    def orientation(self) -> int:
        """How the image is turned, as EXIF counts it, 1 to 8: by EXIF data, else by XMP; 1 where none can be read."""
        directory = _first_directory(self.exif)
        for entry in directory.entries if directory else ():
            if entry.tag == _ORIENTATION and entry.kind in _WHOLE_NUMBERS and 1 <= entry.number <= 8:
                return entry.number
        found = _TURNED.search(self.xmp)
        return int(found[1]) if found else 1

    def companions(self) -> Mapping[str, bytes]:
        """Return what is written beside an image that was turned upright: its `icc_profile` and `exif`.

        EXIF data are written anew, without the orientation; those that cannot be read are left out.
        """
        return {key: value for key, value in (("icc_profile", self.profile), ("exif", self._upright())) if value}

    def _upright(self) -> bytes:
        directory = _first_directory(self.exif)
        if directory is None or len(self.exif) > _LARGEST:
            return b""
        from PIL import Image

        exif = Image.Exif()
        # Readers of EXIF raise errors of every type.
        try:
            exif.load(self.exif)
            exif.pop(_ORIENTATION, None)
            return exif.tobytes() if exif else b""
        except Exception:
            return b""


@dataclass(frozen=True)
class Parted:
    """A file in two parts.

    Attributes:
        pixels: a file of the same format that holds the first image's pixels, and what it takes to decode them.
        metadata: what else the file says.
        several: whether the file holds more than one image, as an animation does.
        holds: width and height of the largest image that a decoder would meet, where the file can say another size.
        orientation: how the image is turned; None: as its metadata say.
    """

    pixels: bytes
    metadata: Metadata = field(default_factory=Metadata)
    several: bool = False
    holds: tuple[int, int] = (0, 0)
    orientation: int | None = None


def _first_directory(exif: bytes) -> Directory | None:
    try:
        header = read_header(io.BytesIO(exif.removeprefix(_START)))
        return next(header.directories(1), None)
    except DataError:
        return None
