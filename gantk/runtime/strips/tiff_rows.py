"""The rows of a TIFF, read from its file when they are wanted, with the extra `tile`."""

from __future__ import annotations

from pathlib import Path
from shutil import disk_usage
from tempfile import gettempdir
from typing import IO, TYPE_CHECKING

import numpy as np

from gantk.data.formats.directories import read_header
from gantk.errors import DataError
from gantk.runtime.strips.pixel_rows import FileRows, StoredRows

if TYPE_CHECKING:
    from tifffile import TiffPage

_ALPHA = (1, 2)
"""TIFF's values for associated and unassociated alpha among extra samples."""

_XMP = 700

_AT_ONCE = 1 << 20
"""Bytes of a compressed TIFF that are read in one pass."""


def tiff_rows(path: Path, file: IO[bytes], scratch: IO[bytes]) -> StoredRows | None:
    """Open a TIFF of one upright grey or RGB image; None for others, and where tifffile is missing.

    What is compressed, or lies in tiles, is written to `scratch` as plain rows.
    """
    try:
        from tifffile import TiffFile
    except ImportError:
        return None
    try:
        file.seek(0)
        directories = list(read_header(file).directories(2))
        # XMP data can say that an image is turned.
        if len(directories) != 1 or any(entry.tag == _XMP for entry in directories[0].entries):
            return None
        with TiffFile(path) as tiff:
            page = tiff.pages.first
            if not _is_plain(page):
                return None
            shape, dtype = (page.imagelength, page.imagewidth, page.samplesperpixel), np.dtype(page.dtype)
            alpha = bool(page.extrasamples) and page.extrasamples[-1] in _ALPHA
            profile = page.tags.valueof(34675)
            companions = {"icc_profile": bytes(profile)} if profile else {}
            if page.is_memmappable:
                order = dtype.newbyteorder(tiff.byteorder)
                return FileRows(file, page.dataoffsets[0], shape, order), alpha, companions
            _check_room(page)
            _unpack(page, scratch)
            return FileRows(scratch, 0, shape, dtype), alpha, companions
    except (OSError, DataError):
        raise
    # tifffile raises errors of many types on damaged files, and on compressions that it leaves to another package.
    except Exception:
        return None


def _is_plain(page: TiffPage) -> bool:
    """Return whether rows of a page are rows of an upright image whose values are pixels."""
    return (
        getattr(page.photometric, "name", "") in ("MINISBLACK", "RGB")
        and page.planarconfig == 1
        and page.tags.valueof(274, 1) == 1
        and page.dtype in (np.uint8, np.uint16, np.float32)
        and page.bitspersample == np.dtype(page.dtype).itemsize * 8
        and page.imagedepth == 1
    )


def _check_room(page: TiffPage) -> None:
    """Raise DataError where the folder for temporary files has no room for a page that is unpacked."""
    free = disk_usage(gettempdir()).free
    if page.nbytes > free / 2:
        raise DataError(
            f"unpacks to {page.nbytes / 2**30:.1f} GiB, and {gettempdir()} has {free / 2**30:.1f} GiB left: "
            "name another folder in TMPDIR"
        )


def _unpack(page: TiffPage, scratch: IO[bytes]) -> None:
    """Write a page's rows one after another, a row of tiles or a strip at a time."""
    block = np.zeros((page.tilelength if page.is_tiled else page.rowsperstrip, page.imagewidth, page.samplesperpixel))
    block, top = block.astype(page.dtype), 0
    for segment, (_, _, row, column, _), _ in page.segments(maxworkers=1, buffersize=_AT_ONCE):
        if row != top:
            scratch.write(block.data)
            block[:], top = 0, row
        if segment is not None:
            part = segment[0, :, : page.imagewidth - column]
            block[: len(part), column : column + part.shape[1]] = part
    scratch.write(block[: page.imagelength - top].data)
    scratch.flush()
