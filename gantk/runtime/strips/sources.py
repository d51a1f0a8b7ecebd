"""Images whose rows are read from their files when they are wanted: `.npy` arrays, and TIFFs with the extra `tile`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryFile, gettempdir
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np

from gantk.data.arrays import channels_first
from gantk.data.dataset import Array
from gantk.data.formats.directories import read_header
from gantk.data.formats.known import NUMPY, TIFF, format_of_content
from gantk.data.pixels import with_channels
from gantk.errors import DataError, one_line
from gantk.runtime.images import Deep, companions_of, is_reduced, kept_format, note_of, picture_to_pixels, read
from gantk.runtime.ports import Port

if TYPE_CHECKING:
    from tifffile import TiffPage

_ALPHA = (1, 2)
"""TIFF's values for associated and unassociated alpha among extra samples."""

_XMP = 700

_AT_ONCE = 1 << 20
"""Bytes of a compressed TIFF that are read in one pass."""


class PixelRows(Protocol):
    """An image (H, W, C) that gives some of its rows: an array, or a file."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: slice, /) -> Array: ...


@dataclass(frozen=True)
class FileRows:
    """Rows that lie in an open file one after another, from `offset` on."""

    file: IO[bytes]
    offset: int
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    def __getitem__(self, rows: slice) -> Array:
        first, end, _ = rows.indices(self.shape[0])
        found = np.empty((max(0, end - first), *self.shape[1:]), self.dtype)
        self.file.seek(self.offset + first * found[:1].nbytes if len(found) else self.offset)
        if self.file.readinto(found.data.cast("B")) != found.nbytes:  # type: ignore[attr-defined]
            raise DataError("is truncated")
        return found.astype(self.dtype.newbyteorder("="), copy=False)


@dataclass(frozen=True)
class Changed:
    """Rows that are changed when they are read, into such of `channels` channels."""

    rows: PixelRows
    change: Callable[[Array], Array]
    channels: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.rows.shape[:2], self.channels)

    def __getitem__(self, rows: slice) -> Array:
        return self.change(self.rows[rows])


@dataclass(frozen=True)
class Source:
    """An image for a model, row by row.

    Attributes:
        pixels: (H, W, C) with the model's channels, in the type that its pixels have.
        opacity: (H, W, 1) of the same type, to be put back on the result; None: there is none.
        file_format: Pillow's name of the file's format; None: it is an array.
        companions: what goes along with pixels, see `write`.
        reduced: whether the file has 16 bits a channel, of which 8 are taken.
        note: what was decided when it was read, in words that follow its name; mostly empty.
    """

    pixels: PixelRows
    opacity: PixelRows | None = None
    file_format: str | None = None
    companions: Mapping[str, bytes] = field(default_factory=dict)
    reduced: bool = False
    note: str = ""


@contextmanager
def opened(path: Path, port: Port) -> Iterator[Source | None]:
    """Open an image file for a model's input; a picture that is no plain TIFF is decoded whole.

    None is given for an array whose values are not as the model takes them. Raises DataError where it cannot be read,
    or where the model cannot take it.
    """
    with path.open("rb") if path.is_file() else TemporaryFile() as file, TemporaryFile(prefix="gantk-") as scratch:
        found = format_of_content(file.read(16))
        lazily = _array(path, file) if found == NUMPY else _tiff(path, file, scratch) if found == TIFF else None
        if lazily is None:
            yield _whole(path, port)
            return
        rows, alpha, companions = lazily
        if found == NUMPY:
            own = rows.dtype == port.dtype == port.pixel and port.range == port.window
            yield Source(rows) if own and rows.shape[2] == port.channels else None
            return
        held = str(rows.dtype.newbyteorder("="))
        reduced = (held, port.pixel) == ("uint16", "uint8") and rows.shape[2] > 1
        if held != port.pixel and not reduced:
            raise DataError(f"the model takes {port.pixel} values, and this image holds {held}")
        # Of 16 bits Pillow keeps the upper 8, which are all that a picture of such a file has elsewhere.
        kept = Changed(rows, lambda array: (array >> 8).astype(np.uint8), rows.shape[2]) if reduced else rows
        yield _source(kept, alpha, port, "TIFF", companions, reduced)


def _source(
    rows: PixelRows, alpha: bool, port: Port, file_format: str, companions: Mapping[str, bytes], reduced: bool = False
) -> Source:
    """Return rows in the model's type with the model's channels. Raises DataError where they cannot become these."""
    taken = Changed(rows, lambda array: with_channels(array, alpha, port.channels), port.channels)
    taken[0:1]
    opacity = Changed(rows, lambda array: array[:, :, -1:], 1) if alpha and port.channels != 4 else None
    return Source(taken, opacity, file_format, companions, reduced)


def _whole(path: Path, port: Port) -> Source | None:
    image = read(path, port.pixel)
    if isinstance(image, np.ndarray) or kept_format(image) is None:
        return None
    if isinstance(image, Deep):
        return replace(_source(image.pixels, image.alpha, port, image.format, image.companions), note=image.note)
    pixels, alpha = picture_to_pixels(image, port.pixel, port.channels)
    opacity = None if alpha is None else np.asarray(alpha)[:, :, None]
    return Source(pixels, opacity, kept_format(image), companions_of(image), is_reduced(image), note_of(image))


Lazily = tuple[FileRows, bool, Mapping[str, bytes]]
"""An image's rows, whether their last channel is opacity, and what goes along with them."""


def _array(path: Path, file: IO[bytes]) -> Lazily | None:
    """Open an array (H, W, C) saved by NumPy; None where it holds something else."""
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:
        raise DataError(f"cannot be read as an array ({one_line(error)})") from error
    if channels_first(mapped.shape) or mapped.ndim != 3 or 0 in mapped.shape or not mapped.flags.c_contiguous:
        return None
    return FileRows(file, mapped.offset, mapped.shape, mapped.dtype), False, {}


def _tiff(path: Path, file: IO[bytes], scratch: IO[bytes]) -> Lazily | None:
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
