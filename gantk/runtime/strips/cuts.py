"""A model in strips: cut into sections for the numbers that it is given besides its images."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import Unsupported
from gantk.runtime.card import Card
from gantk.runtime.samples import samples
from gantk.runtime.session import Sessions
from gantk.runtime.strips.memory import fitting_tile
from gantk.runtime.strips.pixel_rows import PixelRows
from gantk.runtime.strips.strips import Strips


class Cuts:
    """The ways in which a model is cut; that for the numbers which came last is kept.

    Args:
        path: its file.
        card: what it says of itself.
        sessions: what opens sessions of it.
    """

    def __init__(self, path: Path, card: Card, sessions: Sessions) -> None:
        self._path, self._card, self._sessions = path, card, sessions
        self._last: tuple[tuple[bytes, ...], Strips] | None = None

    def of(self, further: Mapping[str, Array] | None) -> Strips:
        """Return the model cut for one sample's rows of further inputs; None: for any.

        Raises Unsupported where it cannot run in strips.
        """
        numbers = self._card.numbers_in
        if further is None:
            further = {port.name: value for port, value in zip(numbers, samples(numbers, 1, 0, 0), strict=True)}
        given = {port.name: further[port.name] for port in numbers}
        key = tuple(value.tobytes() for value in given.values())
        if self._last is None or self._last[0] != key:
            self._last = key, Strips(self._path, self._card, self._sessions.open, given)
        return self._last[1]

    def tile_for(self, pixels: int) -> int | None:
        """Return the tile in whose strips so many pixels are to be run; None: they can be run whole, or not so."""
        try:
            return fitting_tile(pixels, self.of(None).bytes_a_pixel)
        except Unsupported:
            return None

    def run(self, image: PixelRows, further: Mapping[str, Array], tile: int, exact: bool) -> Iterator[Array]:
        """Yield the answer (h, W, C) to an image (H, W, C) and one row of each further input, from top to bottom."""
        return self.of(further).run(self._images(image, further), tile, exact)

    def joined(self, batch: Array, further: Mapping[str, Array], tile: int, exact: bool) -> Array:
        """Return the answers (N, H, W, C) to images (N, H, W, C) and the rows of further inputs, made in strips."""
        answers = []
        for row, image in enumerate(batch):
            own = {name: values[row : row + 1] for name, values in further.items()}
            answers.append(self.of(own).joined(self._images(image, own), tile, exact))
        return np.stack(answers)

    def _images(self, image: PixelRows, further: Mapping[str, Array]) -> dict[str, PixelRows]:
        """Return all images of one sample by name."""
        first, *others = self._card.images_in
        return {first.name: image, **{port.name: further[port.name][0] for port in others}}
