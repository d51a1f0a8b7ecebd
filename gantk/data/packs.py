"""A file of decoded images, mapped into memory: their pixels, then a table of where each lies."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gantk.data.dataset import Array
from gantk.documents import parse_json, regular_file
from gantk.errors import DataError

RECORD = np.dtype(
    [("offset", "<i8"), ("height", "<i8"), ("width", "<i8"), ("channels", "<i8"), ("low", "<f8"), ("high", "<f8")]
)
"""Where an image lies, its shape, and its least and greatest value before it was scaled."""

_END = struct.Struct("<QQ8s")
_MAGIC = b"gantk\r\n\0"


class Pack:
    """A file of decoded images: their pixels, one after the other, then a table of where each lies."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Pack, (self.path,)

    @cached_property
    def table(self) -> Array:
        """offset, height, width, channels, low and high of each image; one that could not be decoded has height 0."""
        return self._ends[0]

    @property
    def is_whole(self) -> bool:
        """Whether the file can be read and holds all that its table says."""
        # A damaged table can be anything.
        try:
            sizes = self.table["height"] * self.table["width"] * self.table["channels"] * self.dtype.itemsize
            ends = self.table["offset"] + sizes
            begins = (self.table["offset"] >= 0).all() and (sizes >= 0).all() and self.bad is not None
            return bool(begins and ends.max(initial=0) == self._ends[2])
        except (OSError, DataError, ValueError, TypeError, LookupError, AttributeError):
            return False

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = np.dtype(self._ends[1]["dtype"])
        return dtype

    @cached_property
    def bad(self) -> dict[int, str]:
        """Why files could not be decoded, by their number among the packed files."""
        return {int(number): reason for number, reason in self._ends[1]["bad"].items()}

    @cached_property
    def values(self) -> list[int]:
        """The values that label maps hold before they are scaled, as codes of `palette_of`; of pictures, none."""
        return [int(value) for value in self._ends[1]["values"]]

    def __getitem__(self, number: int) -> Array:
        """Return an image (H, W, C); its memory is the file's, and cannot be written."""
        offset, height, width, channels = (int(value) for value in self.table[number].tolist()[:4])
        size = height * width * channels * self.dtype.itemsize
        return self._pixels[offset : offset + size].view(self.dtype).reshape(height, width, channels)

    @cached_property
    def _pixels(self) -> Array:
        return np.asarray(np.memmap(self.path, np.uint8, "r"))

    @cached_property
    def _ends(self) -> tuple[Array, dict[str, Any], int]:
        """The table, what is said of it, and where the pixels end."""
        regular_file(self.path)
        with self.path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(size - _END.size, 0))
            end = stream.read()
            count, length, magic = _END.unpack(end) if len(end) == _END.size else (0, 0, b"")
            if magic != _MAGIC or size < _END.size + length + count * RECORD.itemsize:
                raise DataError(f"{self.path} is damaged: delete it, and the images are decoded anew")
            place = stream.seek(-_END.size - length - count * RECORD.itemsize, 2)
            table = np.frombuffer(stream.read(count * RECORD.itemsize), RECORD)
            return table, parse_json(stream.read(length).decode()), place


@dataclass(frozen=True)
class PackedImages:
    """A column of images in a pack: the Images of folders. Pickled, it is its path and numbers alone.

    Attributes:
        shrink: how many times smaller they are than the largest of their group.
    """

    pack: Pack
    numbers: Array
    channels: int
    window: tuple[float, float]
    shrink: int = 1

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.pack.dtype

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Array:
        return self.pack[int(self.numbers[index])]


def write_table(stream: BinaryIO, table: Array, dtype: str, bad: dict[int, str], values: Sequence[int] = ()) -> None:
    """End a file of pixels with the table of where each image lies, and with the values of label maps."""
    said = json.dumps({"dtype": dtype, "bad": bad, "values": list(values)}).encode()
    stream.write(table.tobytes() + said + _END.pack(len(table), len(said), _MAGIC))
