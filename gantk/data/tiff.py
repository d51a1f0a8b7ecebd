"""TIFF files, which may hold any number of channels, and numbers of any kind."""

import io
import logging
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.directories import Directory, Header, read_header
from gantk.data.formats.known import TIFF
from gantk.data.formats.limits import check_size
from gantk.data.formats.parted import Metadata, Parted
from gantk.data.opened import SEVERAL, Facts, OpenedImage
from gantk.data.pillow import open_parted
from gantk.data.pixels import in_own_precision, upright
from gantk.errors import DataError

if TYPE_CHECKING:
    from tifffile import TiffFile

_MOST_CHANNELS = 64
"""More images than this in one file are taken for pages, not for channels."""

_ALPHA = (1, 2)
"""TIFF's values for associated and unassociated alpha among extra samples."""

_SUBFILE, _BITS, _ORIENTATION, _SAMPLES, _XMP = 254, 258, 274, 277, 700
_TILE_WIDTH, _TILE_HEIGHT, _PROFILE = 322, 323, 34675
_STRUCTURE = {
    *(_SUBFILE, 256, 257, _BITS, 259, 262, 266, 273, _SAMPLES, 278, 279, 284, 292, 293, 317, 320, 321),
    *(_TILE_WIDTH, _TILE_HEIGHT, 324, 325, 332, 333, 334, 336, 338, 339, 340, 341, 347, *range(512, 522)),
    *(529, 530, 531, 532),
}
"""Tags without which pixels cannot be decoded."""

_ELSEWHERE = (330, 34665, 34853, 40965)
"""Tags that lead to further directories: smaller copies, EXIF data, places."""


_PLANES = "ZT"
"""Axes of depth and of time."""


def open_tiff(data: bytes, *, shallow: bool = False) -> OpenedImage:
    """Open a TIFF: ordinary 8-bit ones with Pillow, which knows more compressions; others in full precision.

    Where tifffile is missing, Pillow reads all that is one image of one channel, and with `shallow` 16-bit colour.
    """
    header = read_header(io.BytesIO(data))
    directories = list(header.directories())
    if not directories:
        raise DataError("is truncated or damaged: it holds no image")
    _check(directories, len(data))
    said = _Said.of(header, directories, data)
    try:
        from tifffile import TiffFile
    except ImportError:
        one = directories[0]
        if len(directories) > 1 or not (said.bits <= 8 or shallow or one.number(_SAMPLES, 1) == 1):
            raise
        return said.by_pillow(data)
    # It writes a line on each odd tag to standard error; what matters it raises.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    plain = header.without(directories, _ELSEWHERE, data, alone=False)
    with TiffFile(io.BytesIO(plain)) as tiff:
        axes = _axes(tiff)
        return said.by_pillow(data) if _is_ordinary(tiff, axes) else said.by_tifffile(plain, tiff, axes)


@dataclass(frozen=True)
class _Said:
    """What the directories of a file say."""

    header: Header
    directories: list[Directory]
    metadata: Metadata
    orientation: int
    bits: int

    @classmethod
    def of(cls, header: Header, directories: list[Directory], data: bytes) -> "_Said":
        first = directories[0]
        metadata = Metadata(xmp=first.content(_XMP, data), profile=first.content(_PROFILE, data))
        turned = first.number(_ORIENTATION, 0)
        bits = np.frombuffer(first.content(_BITS, data), f"{header.order}u2")
        return cls(
            header,
            directories,
            Metadata(profile=metadata.profile),
            turned if 1 <= turned <= 8 else metadata.orientation,
            int(bits.max(initial=1)),
        )

    @property
    def images(self) -> int:
        """How many images there are, apart from smaller copies."""
        return sum(not directory.number(_SUBFILE, 0) & 1 for directory in self.directories)

    def by_pillow(self, data: bytes) -> OpenedImage:
        others = {entry.tag for entry in self.directories[0].entries} - _STRUCTURE
        pixels = self.header.without(self.directories, others, data, alone=True)
        parted = Parted(pixels, self.metadata, self.images > 1, orientation=self.orientation)
        return replace(open_parted(parted, TIFF), deep=self.bits > 8)

    def by_tifffile(self, data: bytes, tiff: "TiffFile", axes: str) -> OpenedImage:
        series = tiff.series[0]
        size = {axis: length for axis, length in zip(axes, series.shape, strict=True) if axis}
        channels = size.get("C", 1)
        check_size(size["Y"], size["X"], channels * series.dtype.itemsize)
        page = tiff.pages.first
        alpha = bool(page.extrasamples) and page.extrasamples[-1] in _ALPHA and page.dtype == np.uint16
        height, width = (size["X"], size["Y"]) if self.orientation >= 5 else (size["Y"], size["X"])
        dtype = str(in_own_precision(np.zeros((1, 1), series.dtype)).dtype)
        note = SEVERAL if "P" in axes or self.images > len(series.pages) else ""
        if axes == "CYX" and series.axes[0] not in "CS":
            note = note or f"is of {channels} grey pages, which are read as channels"

        def pixels() -> Array:
            array = _decoded(data, series.shape, first="P" in axes)
            kept = axes.replace("P", "")
            array = array.transpose([kept.index(axis) for axis in "YXC" if axis in kept])
            return upright(in_own_precision(array), self.orientation)

        return OpenedImage(Facts(height, width, channels, dtype, alpha, note=note), pixels, TIFF, self.metadata)


def _check(directories: list[Directory], length: int) -> None:
    """Raise DataError where it would take long to read the directories, or where a tile is too large to decode."""
    if sum(min(entry.size, length) for one in directories for entry in one.entries) > 4 * length + 2**16:
        raise DataError("is damaged: its tags take more bytes than it has")
    for one in directories:
        check_size(one.number(_TILE_HEIGHT, 1), one.number(_TILE_WIDTH, 1), one.number(_SAMPLES, 1))


def _is_ordinary(tiff: "TiffFile", axes: str) -> bool:
    page = tiff.pages.first
    meaning = getattr(page.photometric, "name", "")
    pages = tiff.series[0].axes in ("YX", "YXS", "SYX") or axes == "PYXC"
    several_grey = meaning == "MINISBLACK" and page.samplesperpixel > 1 and page.extrasamples[-1:] not in ((1,), (2,))
    return pages and page.bitspersample <= 8 and page.samplesperpixel <= 4 and not several_grey


def _axes(tiff: "TiffFile") -> str:
    """Return which axis of the first series is Y, X and C, and P where there are several images of several channels."""
    series = tiff.series[0]
    axes, shape = series.axes.replace("S", "C"), series.shape
    if axes in ("YX", "YXC", "CYX"):
        return str(axes)
    if found := [axis for axis in _PLANES if axis in axes]:
        count = prod(shape[axes.index(axis)] for axis in found)
        meaning = " and ".join({"Z": "depth", "T": "time"}[axis] for axis in found)
        raise DataError(
            f"holds {count} planes of {meaning} (axes {axes}), which are no channels: save each as an image, or all of "
            "them with axes CYX if they are to be channels"
        )
    if len(axes) == 4 and axes[1:] == "YXC":
        return "PYXC"
    if len(shape) == 3 and min(shape[0], shape[2]) <= _MOST_CHANNELS:
        # Written without a word on its axes, an array (H, W, C) looks like H pages of W x C.
        return "CYX" if shape[0] <= shape[2] else "YXC"
    raise DataError(f"holds an array {shape} with axes {series.axes}: wanted one image with at most 64 channels")


def _decoded(data: bytes, shape: tuple[int, ...], *, first: bool) -> Array:
    from tifffile import TiffFile

    try:
        with TiffFile(io.BytesIO(data)) as tiff:
            array: Array = (tiff.pages.first if first else tiff.series[0]).asarray()
            return array
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
    return _by_opencv(data, shape[1:] if first else shape)


def _by_opencv(data: bytes, shape: tuple[int, ...]) -> Array:
    """Decode the compressions that tifffile leaves to a package of its own."""
    import cv2

    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.shape != shape:
        raise DataError("is a TIFF with a compression that cannot be read: save it uncompressed")
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
    return array if array.ndim == 2 else array[:, :, order.get(array.shape[2], slice(None))]
