"""The tensors that strips are read from: those between two sections, on disk, and the image, padded."""

from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.runtime.card import Card
from gantk.runtime.ports import Port
from gantk.runtime.strips.operators import RowSpan
from gantk.runtime.strips.pixel_rows import PixelRows


class Scratch:
    """A tensor (1, C, H, W) of a whole image in a file of its own."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path = path
        self.rows = rows
        self._file = path.open("w+b")
        self._dtype, self._channels, self._width = np.dtype(np.float32), 0, 0

    def write(self, first: int, rows: Array) -> None:
        """Write rows (1, C, h, W) from a row on. Raises OSError where the disk is full."""
        self._dtype, self._channels, self._width = rows.dtype, rows.shape[1], rows.shape[3]
        for channel, plane in enumerate(np.ascontiguousarray(rows[0])):
            self._file.seek(self._place(channel, first))
            self._file.write(plane.data)

    def read(self, span: RowSpan) -> Array:
        """Return rows (1, C, h, W)."""
        rows = np.empty((1, self._channels, span.end - span.first, self._width), self._dtype)
        for channel, plane in enumerate(rows[0]):
            self._file.seek(self._place(channel, span.first))
            self._file.readinto(plane.data.cast("B"))
        return rows

    def _place(self, channel: int, row: int) -> int:
        return (channel * self.rows + row) * self._width * self._dtype.itemsize

    def close(self) -> None:
        """Give the file's space back."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Padded:
    """An image (H, W, C) with its last row and column repeated, as the model would do it itself."""

    def __init__(self, image: PixelRows, card: Card, port: Port) -> None:
        self._image = image
        self._port = port
        self.height, self.width = (
            max(-(-length // card.multiple) * card.multiple, card.minimum) for length in image.shape[:2]
        )

    def read(self, span: RowSpan) -> Array:
        """Return rows as a model's tensor of one image."""
        height, width = self._image.shape[:2]
        first = min(span.first, height - 1)
        rows = self._image[first : max(min(span.end, height), first + 1)]
        below = span.end - span.first - len(rows)
        if below or width < self.width:
            rows = np.pad(rows, ((0, below), (0, self.width - width), (0, 0)), "edge")
        return self._port.to_tensor(rows[None])
