"""TIFF files, which may hold any number of channels, and numbers of any kind."""

import io
from typing import TYPE_CHECKING

import numpy as np

from gantk.data.dataset import Array
from gantk.data.formats.limits import check_size
from gantk.data.pixels import in_own_precision, upright
from gantk.data.reading import Facts, Opened, open_pillow
from gantk.errors import DataError

if TYPE_CHECKING:
    from tifffile import TiffFile

_MOST_CHANNELS = 64
"""More images than this in one file are taken for pages, not for channels."""

_ALPHA = (1, 2)
"""TIFF's values for associated and unassociated alpha among extra samples."""


def open_tiff(data: bytes) -> Opened:
    """Open a TIFF: ordinary 8-bit ones with Pillow, which knows more compressions; others in full precision."""
    from tifffile import TiffFile

    with TiffFile(io.BytesIO(data)) as tiff:
        if _is_ordinary(tiff):
            return open_pillow(data)
        axes, shape = _axes(tiff), tiff.series[0].shape
        page = tiff.pages.first
        orientation = int(page.tags.valueof(274, 1))
        alpha = bool(page.extrasamples) and page.extrasamples[-1] in _ALPHA and page.dtype == np.uint16
        dtype = str(in_own_precision(np.zeros((1, 1), tiff.series[0].dtype)).dtype)
    height, width = shape[axes.index("Y")], shape[axes.index("X")]
    check_size(height, width)
    if orientation >= 5:
        height, width = width, height
    channels = shape[axes.index("C")] if "C" in axes else 1

    def pixels() -> Array:
        array = _decoded(data, shape).transpose([axes.index(axis) for axis in "YXC" if axis in axes])
        return upright(in_own_precision(array), orientation)

    return Opened(Facts(height, width, channels, dtype, alpha), pixels)


def _is_ordinary(tiff: "TiffFile") -> bool:
    page = tiff.pages.first
    meaning = getattr(page.photometric, "name", "")
    one_page = tiff.series[0].axes in ("YX", "YXS", "SYX")
    several_grey = meaning == "MINISBLACK" and page.samplesperpixel > 1 and page.extrasamples[-1:] not in ((1,), (2,))
    return one_page and page.bitspersample <= 8 and page.samplesperpixel <= 4 and not several_grey


def _axes(tiff: "TiffFile") -> str:
    """Return which axis of the first series is Y, X and C."""
    series = tiff.series[0]
    axes, shape = series.axes.replace("S", "C"), series.shape
    if axes in ("YX", "YXC", "CYX"):
        return axes
    if len(shape) == 3 and min(shape[0], shape[2]) <= _MOST_CHANNELS:
        # Written without a word on its axes, an array (H, W, C) looks like H pages of W x C.
        return "CYX" if shape[0] <= shape[2] else "YXC"
    raise DataError(f"holds an array {shape} with axes {series.axes}: wanted one image with at most 64 channels")


def _decoded(data: bytes, shape: tuple[int, ...]) -> Array:
    from tifffile import TiffFile

    try:
        with TiffFile(io.BytesIO(data)) as tiff:
            array: Array = tiff.series[0].asarray()
            return array
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
    return _by_opencv(data, shape)


def _by_opencv(data: bytes, shape: tuple[int, ...]) -> Array:
    """Decode the compressions that tifffile leaves to a package of its own."""
    import cv2

    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.shape != shape:
        raise DataError("is a TIFF with a compression that cannot be read: save it uncompressed")
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}
    return array if array.ndim == 2 else array[:, :, order.get(array.shape[2], slice(None))]
