"""Numbers with as many digits as they are sure of."""

import re
from math import floor, log10
from statistics import mean, stdev

APART = "\u00a0"
"""A space at which no line ends."""


def together(text: str) -> str:
    """Return a number or a name in pieces that no line ends within: `6.3 ± 0.5`, `WGAN-GP`."""
    return re.sub(" ?± ?", f"{APART}±{APART}", text).replace("-", "\u2011")


def summary(values: list[float], error: float | None = None) -> str:
    """Return the mean of several values and their standard deviation, or one value, whose own error says its digits."""
    if len(values) == 1:
        return _at(values[0], _of_one(values[0], error))
    spread = stdev(values)
    places = _places(spread)
    if places is None:
        return f"{_at(values[0], _of_one(values[0], None))}{APART}±{APART}0"
    return f"{_at(mean(values), places)}{APART}±{APART}{_at(spread, places)}"


def _of_one(value: float, error: float | None) -> int:
    """Return the decimal places of a value alone: those that its error leaves, and three digits at most."""
    if value == round(value):
        return 0
    places = _places(error or 0)
    most = 2 - floor(log10(abs(value)))
    return most if places is None else min(places, most)


def _places(error: float) -> int | None:
    """Return the decimal place to which an error reaches: it has one digit, or two that begin with 1 or 2."""
    if not error:
        return None
    exponent = floor(log10(error))
    return (1 if error < 3 * 10**exponent else 0) - exponent


def _at(value: float, places: int) -> str:
    return f"{round(value, places) + 0.0:.{max(places, 0)}f}"
