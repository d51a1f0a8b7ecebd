"""Images that give some of their rows, without the others in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import DataError


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


StoredRows = tuple[FileRows, bool, Mapping[str, bytes]]
"""An image's rows, whether their last channel is opacity, and what goes along with them."""
