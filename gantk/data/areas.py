"""What tells the ids of a label map from the greys of a picture: they fill areas, and follow one another."""

from collections.abc import Sequence

import numpy as np

from gantk.data.dataset import Array

_SHARE = 0.6
"""The share of a value's pixels that the same value stands right of and below, in label maps more, on average.

Of a picture that was enlarged four times, each pixel a square, it is 9 of 16.
"""

_FEWEST = 3
"""Values of which two may be black and white."""


def values_in_areas(image: Array) -> frozenset[int]:
    """Return the values of an image (H, W, 1) of 8 bits that fill areas, as ids do; of gradients, none."""
    if image.dtype != np.uint8 or image.shape[2] != 1 or min(image.shape[:2]) < 2:
        return frozenset()
    here, right, below = image[:-1, :-1, 0], image[:-1, 1:, 0], image[1:, :-1, 0]
    count = np.bincount(here.ravel(), minlength=256)
    alike = np.bincount(here[(here == right) & (here == below)], minlength=256)
    there = count > 0
    if (alike[there] / count[there]).mean() < _SHARE:
        return frozenset()
    return frozenset(np.unique(image).tolist())


def are_ids(areas: Sequence[frozenset[int]]) -> bool:
    """Return whether images whose values fill these areas look like label maps.

    Ids begin near 0 and leave few numbers out; 255 may stand for what is to be ignored.
    """
    if not areas or not all(areas):
        return False
    values = frozenset().union(*areas)
    ids = values - {255}
    return len(values) >= _FEWEST and max(ids) + 1 <= 2 * len(ids)
