"""The window of values that becomes -1 to 1, there and back; for arrays and tensors alike."""

from typing import Any, TypeVar

Window = tuple[float, float]

BYTES: Window = (0.0, 255.0)

Values = TypeVar("Values", bound=Any)


def from_window(values: Values, window: Window) -> Values:
    """Return floating-point values of a window (low, high) in [-1, 1]."""
    low, high = window
    scaled: Values = (values - low) * (2 / (high - low)) - 1
    return scaled


def to_window(values: Values, window: Window = BYTES) -> Values:
    """Return floating-point values in [-1, 1] as those of a window (low, high), neither rounded nor clamped."""
    low, high = window
    widened: Values = (values + 1) * ((high - low) / 2) + low
    return widened
