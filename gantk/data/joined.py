"""The images of two columns as one column."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gantk.data.dataset import Array, Images


@dataclass(frozen=True)
class JoinedImages:
    """A column of images, first those of one column, then those of another that hold the same."""

    first: Images
    second: Images

    @property
    def channels(self) -> int:
        return self.first.channels

    @property
    def window(self) -> tuple[float, float]:
        return self.first.window

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.first.dtype

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def __getitem__(self, index: int) -> Array:
        """Return an image (H, W, C) in its own dtype."""
        place = int(index) - len(self.first)
        return self.first[int(index)] if place < 0 else self.second[place]


def agree(first: Images, second: Images) -> bool:
    """Return whether two columns hold the same: channels, precision and window."""
    return (first.channels, first.dtype, first.window) == (second.channels, second.dtype, second.window)
