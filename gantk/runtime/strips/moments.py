"""The mean and the spread of each channel of an image, gathered strip by strip."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gantk.data.dataset import Array


@dataclass
class Moments:
    """Mean and sum of squared deviations of each channel (C,) over strips (Chan et al. 1979)."""

    count: int = 0
    mean: Any = 0.0
    squares: Any = 0.0

    def add(self, count: int, mean: Array, squares: Array) -> None:
        """Add those of a strip in which a channel has `count` pixels."""
        total, apart = self.count + count, mean.ravel().astype(np.float64) - self.mean
        self.squares = self.squares + squares.ravel() + apart**2 * (self.count * count / total)
        self.mean = self.mean + apart * (count / total)
        self.count = total
