"""A degradation of images, and the column of copies to which it was done."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gantk.data.dataset import Array, DerivedImages, shrink_of


class Degradation(ABC):
    """What is done to an image; equal seeds do the same."""

    @abstractmethod
    def channels(self, given: int) -> int:
        """Return how many channels a degraded image has. Raises DataError for images that it cannot be done to."""

    @abstractmethod
    def __call__(self, image: Array, window: tuple[float, float], random: np.random.Generator) -> Array:
        """Return a degraded copy (H, W, channels) of an image (H, W, C) in its own dtype, of a window of values."""


@dataclass(frozen=True)
class Degraded(DerivedImages):
    """A column of degraded copies of another column's images.

    Attributes:
        of: the batch key of the images: a copy is made of an image as it was cut, so that both show the same; empty:
            they are no column of their own.
        degradation: what is done to them.
    """

    of: str
    degradation: Degradation

    @property
    def channels(self) -> int:
        return self.degradation.channels(self.images.channels)

    @property
    def shrink(self) -> int:
        return shrink_of(self.images)

    def __getitem__(self, index: int) -> Array:
        """Return the degraded copy (H, W, channels) of a whole image, always the same."""
        return self.made(self.images[index], (int(index),))

    def made(self, image: Array, seed: Sequence[int]) -> Array:
        """Return the degraded copy of an image as it was cut, drawn from a seed."""
        # The crop was drawn from the same seed.
        return self.degradation(image, self.window, np.random.default_rng([*seed, 1]))


def as_stored(dtype: np.dtype[Any], values: Array, window: tuple[float, float]) -> Array:
    """Return values as pixels of a precision, within a window."""
    values = values if dtype.kind == "f" else values.round()
    return values.clip(*window).astype(dtype)
