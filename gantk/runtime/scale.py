"""The scale of a graph: how many times larger its images come out than they go in."""

from fractions import Fraction
from math import ceil

LARGEST_SCALE = 64
"""How many times larger or smaller an image may come out."""


def is_scale(value: float) -> bool:
    """Return whether images can come out so many times larger: a whole number up to 64, or 1 divided by one."""
    return any(abs(side - round(side)) < 1e-6 and 1 <= round(side) <= LARGEST_SCALE for side in (value, 1 / value))


def scaled(length: int, scale: float) -> int:
    """Return a length in pixels times a scale, a whole number or 1 divided by one, rounded up."""
    return ceil(length * Fraction(scale).limit_denominator(LARGEST_SCALE))
