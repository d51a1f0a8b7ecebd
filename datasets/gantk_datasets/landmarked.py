"""Images with landmarks, of two sides that are drawn independently of each other: what such data sets share."""

from gantk import Group, Kind, Split
from gantk.data.dataset import Array, Column

LANDMARKED = Kind(
    "landmarked",
    {"a": "images", "a_points": "numbers", "b": "images", "b_points": "numbers"},
    translates=True,
    whole=True,
)
"""Each image with its landmarks, float32 (L, 2): x to the right and y down, the image's edges at -1 and 1."""


def landmarked(a: Column, a_points: Array, b: Column, b_points: Array) -> Split:
    """Return a share of two sides, each of images and of as many rows of landmarks."""
    return Split((Group({"a": a, "a_points": a_points}), Group({"b": b, "b_points": b_points})))
