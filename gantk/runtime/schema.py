"""What a value that somebody else wrote may be: checks, each of which names the field that is wrong.

A check takes a value and the field's name, and returns the value as it is used. By hand, since importing pydantic takes
longer than everything else that `gantk translate` does before its first image.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Set
from typing import Any

Check = Callable[[Any, str], Any]

_DEEPEST = 8
_LONGEST = 2**22
_SHOWN = 40


class FieldError(ValueError):
    """Raised where a value is not what a field may be, in words that follow "its"."""


def text(*, least: int = 0, most: int = 10_000) -> Check:
    """Return a check for a text of so many characters."""

    def check(value: Any, name: str) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise _wrong(value, name, f"a text of {_so_many(least, most)} characters")
        return value

    return check


def whole(least: int, most: int) -> Check:
    """Return a check for a whole number in a range, both ends included."""

    def check(value: Any, name: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _wrong(value, name, f"a whole number from {least:,} to {most:,}")
        return value

    return check


def number(least: float, most: float) -> Check:
    """Return a check for a finite number in a range, both ends included."""

    def check(value: Any, name: str) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            raise _wrong(value, name, f"a number from {least:g} to {most:g}")
        return value

    return check


def one_of(*known: str) -> Check:
    """Return a check for one of some words."""

    def check(value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in known:
            raise _wrong(value, name, " or ".join(json.dumps(word) for word in known))
        return value

    return check


def maybe(inner: Check) -> Check:
    """Return a check for null or what another takes."""
    return lambda value, name: None if value is None else inner(value, name)


def several(inner: Check, *, least: int = 0, most: int) -> Check:
    """Return a check for a list of so many items that another takes; it gives a tuple."""

    def check(value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or not least <= len(value) <= most:
            raise _wrong(value, name, f"a list of {_so_many(least, most)} items")
        return tuple(inner(item, f"{name}[{place}]") for place, item in enumerate(value))

    return check


def mapping(inner: Check, *, most: int = 1000) -> Check:
    """Return a check for an object whose values another takes, of any keys."""

    def check(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, Mapping) or len(value) > most:
            raise _wrong(value, name, f"an object of at most {most:,} fields")
        return {key: inner(item, f"{name}[{_shown(key)}]") for key, item in value.items()}

    return check


def record(checks: Mapping[str, Check], needed: Set[str]) -> Check:
    """Return a check for an object of these fields and no other, of which some must be there."""

    def check(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _wrong(value, name, "an object")
        if unknown := sorted(value.keys() - checks.keys()):
            raise FieldError(f"{name} has a field {_shown(unknown[0])}, which this gantk does not know")
        if missing := sorted(needed - value.keys()):
            raise FieldError(f"{name} has no {missing[0]}")
        return {key: checks[key](item, f"{name}.{key}") for key, item in value.items()}

    return check


def interval(value: Any, name: str) -> tuple[float, float]:
    """Check a smaller and a larger number, apart enough for values to be told between them."""
    low, high = several(number(-1e30, 1e30), least=2, most=2)(value, name)
    if high - low < max(1e-30, 1e-9 * max(abs(low), abs(high))):
        raise _wrong(value, name, "a smaller and a larger number")
    return low, high


def from_json(value: str, name: str) -> Any:
    """Return what a JSON text says. Raises FieldError where it is none, is too long or nested too deep."""
    if len(value) > _LONGEST:
        raise FieldError(f"{name} has {len(value):,} characters, more than {_LONGEST:,}")
    depth = 0
    for bracket in re.findall(r'"(?:[^"\\]|\\.)*"?|[][{}]', value, re.DOTALL):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket, 0)
        if depth > _DEEPEST:
            raise FieldError(f"{name} is nested more than {_DEEPEST} deep")
    try:
        return json.loads(value, parse_constant=_refuse, object_pairs_hook=_once)
    except ValueError as error:
        raise FieldError(f"{name} is no JSON that can be read ({error})") from None


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key in it comes twice")
    return found


def _so_many(least: int, most: int) -> str:
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"


def _wrong(value: Any, name: str, wanted: str) -> FieldError:
    return FieldError(f"{name} is {_shown(value)}, not {wanted}")


def _shown(value: Any) -> str:
    """Return a value as JSON, cut where it is long."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    shown = json.dumps(value, ensure_ascii=True, default=str)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
