"""The data set is drawn: outlines of discs, and the same discs filled and shaded.

Each image follows from its number alone. It stands for your own images: what a data set
owes is `split`, which gives arrays, and `fingerprint`.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from gantk import ArrayImages, DataError, Dataset, Group, Split, UsageError, hookimpl
from numpy.typing import NDArray

SIZE = 64
HELD_OUT = 64


def drawn_disc(number: int, size: int) -> NDArray[np.uint8]:
    """Return a disc's outline and its shaded image, uint8 (2, size, size, 3)."""
    random = np.random.default_rng(number)
    radius = random.uniform(0.15, 0.35)
    x, y = random.uniform(radius, 1 - radius, 2)
    colour = random.uniform(0.2, 1, 3)
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    distance = np.hypot(columns - x, rows - y) / radius
    outline = np.abs(distance - 1) < 2 / (size * radius)
    shade = np.sqrt(np.clip(1 - distance**2, 0, 1))
    ground = np.ones((size, size, 3))
    drawn = ground * ~outline[..., None]
    filled = np.where((distance < 1)[..., None], shade[..., None] * colour, ground)
    return np.round(255 * np.stack([drawn, filled])).astype(np.uint8)


class Discs(Dataset):
    """Pairs of an outline and a shaded disc."""

    name = "discs"
    licence = "CC0-1.0"
    kinds = ("paired",)

    def __init__(self, count: int) -> None:
        self.count = count
        self.summary = f"{count:,} drawn discs to train, {HELD_OUT} held out"

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share, drawn at the size that is wanted."""
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves paired batches, not {kind} ones")
        first, count = (self.count, HELD_OUT) if test else (0, self.count)
        pairs = np.stack(
            [drawn_disc(first + row, load or SIZE) for row in range(count)]
        )
        columns = {
            "source": ArrayImages(pairs[:, 0]),
            "target": ArrayImages(pairs[:, 1]),
        }
        return Split((Group(columns),))

    def fingerprint(self) -> str:
        """Return what tells these images from others."""
        said: dict[str, Any] = {"name": self.name, "count": self.count, "version": 1}
        return hashlib.sha256(repr(said).encode()).hexdigest()


def discs(argument: str | None, *, count: int = 512) -> Discs:
    """Draw the data set; it takes no argument.

    Args:
        count: images to train on.
    """
    if argument is not None:
        raise UsageError(f"the discs take no argument, such as {argument!r}")
    if count < 1:
        raise UsageError(f"data.count must be at least 1, not {count}")
    return Discs(count)


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the data set."""
    return discs
