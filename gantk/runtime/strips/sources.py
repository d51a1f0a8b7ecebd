"""Image files that are read row by row: `.npy` arrays, and TIFFs with the extra `tile`; others are decoded whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from gantk.data.arrays import channels_first
from gantk.data.formats.known import NUMPY, TIFF, format_of_content
from gantk.data.pixels import with_channels
from gantk.errors import DataError, one_line
from gantk.runtime.images import Deep, companions_of, is_reduced, kept_format, note_of, picture_to_pixels, read
from gantk.runtime.ports import Port
from gantk.runtime.strips.pixel_rows import Changed, FileRows, PixelRows, StoredRows
from gantk.runtime.strips.tiff_rows import tiff_rows


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
        lazily = _array(path, file) if found == NUMPY else tiff_rows(path, file, scratch) if found == TIFF else None
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


def _array(path: Path, file: IO[bytes]) -> StoredRows | None:
    """Open an array (H, W, C) saved by NumPy; None where it holds something else."""
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:
        raise DataError(f"cannot be read as an array ({one_line(error)})") from error
    if channels_first(mapped.shape) or mapped.ndim != 3 or 0 in mapped.shape or not mapped.flags.c_contiguous:
        return None
    return FileRows(file, mapped.offset, mapped.shape, mapped.dtype), False, {}
