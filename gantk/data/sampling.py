"""Which sample comes at which position: sample i depends on the seed and on i only."""

from functools import lru_cache
from typing import Any

import numpy as np

from gantk.data.augmentation import Augmentation
from gantk.data.dataset import Array, Group, Split, image_columns


class Samples:
    """The endless sequence of a split's samples; picklable, so that worker processes can hold it.

    Each group of columns is drawn in an order of its own, shuffled anew at each pass.
    """

    def __init__(self, split: Split, augmentation: Augmentation, seed: tuple[int, ...]) -> None:
        self.split = split
        self.augmentation = augmentation
        self.seed = seed

    def __getitem__(self, position: int) -> dict[str, Any]:
        """Return sample `position`: images (H, W, C) in their own dtype, labels, texts."""
        sample: dict[str, Any] = {}
        for number, group in enumerate(self.split.groups):
            passes, place = divmod(position, len(group))
            row = int(_order(len(group), (*self.seed, number, passes))[place])
            sample |= read_row(group, row, self.augmentation, (*self.seed, number, position))
        return sample


def read_row(group: Group, row: int, augmentation: Augmentation, seed: tuple[int, ...]) -> dict[str, Any]:
    """Return a group's row, its images cut with one geometry that follows from the seed."""
    images = image_columns(group.columns)
    cut = augmentation({key: column[row] for key, column in images.items()}, seed)
    return {key: cut[key] if key in cut else column[row] for key, column in group.columns.items()}


@lru_cache(maxsize=8)
def _order(length: int, seed: tuple[int, ...]) -> Array:
    return np.random.default_rng(seed).permutation(length)
