"""Squares of large images, as a column of a data set."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from gantk.data.dataset import Array
from gantk.data.resized import at_size


@dataclass(frozen=True, kw_only=True)
class Squares(ABC):
    """Squares that are cut and resized when they are read: uint8 (load, load, 3).

    Attributes:
        places: where each lies, whole numbers (N, M); the last two are its left and its upper pixel.
        side: height and width in pixels of a square on the large image.
        load: height and width in pixels that it is brought to.
    """

    places: Array
    side: int
    load: int
    channels: int = 3
    window: tuple[float, float] = (0.0, 255.0)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Array:
        left, upper = (int(value) for value in self.places[index][-2:])
        return at_size(self.whole(index)[upper : upper + self.side, left : left + self.side], self.load)

    @abstractmethod
    def whole(self, index: int) -> Array:
        """Return the large image, uint8 (H, W, 3), that a square lies on."""
