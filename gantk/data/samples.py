"""The order of samples: sample i depends on the seed and on i only."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeGuard

import numpy as np

from gantk.data.cropping import Cropping
from gantk.data.dataset import Array, ArrayImages, Group, Images, Split, cut_columns, shrink_of
from gantk.data.degradation import Degraded


class Samples:
    """The endless sequence of a split's samples; picklable, so that worker processes can hold it.

    Each group of columns is drawn in an order of its own, shuffled anew at each pass.
    """

    def __init__(self, split: Split, cropping: Cropping, seed: tuple[int, ...]) -> None:
        self.split = split
        self.cropping = cropping
        self.seed = seed

    def batch(self, positions: Sequence[int]) -> dict[str, Any]:
        """Return the samples at these positions as one batch: images (N, H, W, C) in their own dtype, labels, texts."""
        batch: dict[str, Any] = {}
        for number, group in enumerate(self.split.groups):
            rows = [self._row(number, len(group), position) for position in positions]
            seeds = [(*self.seed, number, position) for position in positions]
            batch |= read_rows(group, rows, self.cropping, seeds)
        return batch

    def _row(self, number: int, length: int, position: int) -> int:
        passes, place = divmod(position, length)
        return int(_order(length, (*self.seed, number, passes))[place])


def read_rows(
    group: Group, rows: Sequence[int], cropping: Cropping, seeds: Sequence[tuple[int, ...]]
) -> dict[str, Any]:
    """Return rows of a group as one batch; the images of a row are cut with one geometry, which follows from its seed.

    Degraded copies are made of images that are cut, anew for each seed; without a seed, the same of a row each time.
    Arrays and numbers are stacked, texts listed.
    """
    every = cut_columns(group.columns)
    made = {key: column for key, column in every.items() if isinstance(column, Degraded) and column.of in ("", *every)}
    images = {key: column for key, column in every.items() if key not in made}
    images |= {key: column.images for key, column in made.items() if not column.of}
    whole = {key: column.array for key, column in images.items() if _is_whole(column, cropping)}
    if len(whole) == len(images):
        batch: dict[str, Any] = {key: array[rows] for key, array in whole.items()}
    else:
        shrinks = {key: shrink_of(column) for key, column in images.items()}
        of_one_size = set(shrinks.values()) <= {1}
        cut = [
            cropping(whole_row, seed) if of_one_size else cropping.aligned(whole_row, shrinks, seed)
            for row, seed in zip(rows, seeds, strict=True)
            for whole_row in [{key: column[row] for key, column in images.items()}]
        ]
        batch = {key: np.stack([one[key] for one in cut]) for key in images}
    for key, copies in made.items():
        drawn = [seed or (row,) for row, seed in zip(rows, seeds, strict=True)]
        batch[key] = np.stack(list(map(copies.made, batch[copies.of or key], drawn)))
    for key, column in group.columns.items():
        if key not in every:
            values = [column[row] for row in rows]
            batch[key] = values if isinstance(values[0], str) else np.stack(values)
    return batch


def _is_whole(column: Images, cropping: Cropping) -> TypeGuard[ArrayImages]:
    """Return whether images stay as they are, and lie in one array: a subclass may make each when it is read."""
    return type(column) is ArrayImages and not cropping.changes(column.array.shape[1:3])


@lru_cache(maxsize=8)
def _order(length: int, seed: tuple[int, ...]) -> Array:
    return np.random.default_rng(seed).permutation(length)
