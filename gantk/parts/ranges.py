"""The ranges of what a training is told: each number, and each that a schedule comes to."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gantk.documents import quoted
from gantk.errors import GantkError, PluginError, UsageError, blamed_line, one_line, written_at
from gantk.parts.context import Progress
from gantk.parts.scheduled import changes, shown, value_at
from gantk.sizes import Sides


def _whole(most: int) -> tuple[Callable[[Any], bool], str]:
    return lambda value: 1 <= value <= most, f"from 1 to {most:,}"


_SHARE = (lambda value: 0 <= value < 1, "in [0, 1)")
_WEIGHT = (lambda value: 0 <= value < math.inf, "at least 0")
_POSITIVE = (lambda value: 0 < value < math.inf, "a finite number above 0")

RANGES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "learning_rate": _POSITIVE,
    "player_rates": _POSITIVE,
    "schedule": (lambda value: 0 <= value < math.inf, "a factor of at least 0"),
    "betas": (lambda value: 0 <= value < 1, "a pair in [0, 1)"),
    "rmsprop_decay": _SHARE,
    "weight_decay": _WEIGHT,
    "batch_size": _whole(2**20),
    "accumulate": _whole(4096),
    "critic_steps": _whole(1000),
    "decay_from": (lambda value: 0 <= value <= 1, "in [0, 1]"),
    "size": _whole(16_384),
    "steps": _whole(10**9),
    "epochs": _whole(10**9),
    "ema": (lambda value: 0 <= value < 1, "a decay in [0, 1) by network"),
    "r1": _WEIGHT,
    "r2": _WEIGHT,
    "historical_averaging": _WEIGHT,
    "orthogonal": _WEIGHT,
    "pack": _whole(64),
    "clip": _POSITIVE,
    "shrink": _whole(64),
    "shrink_blur": (lambda value: 0 <= value <= 64, "a number of pixels up to 64, or two"),
    "shrink_noise": (lambda value: 0 <= value <= 255, "a number up to 255, or two"),
    "shrink_jpeg": (lambda value: 1 <= value <= 100, "a quality from 1 to 100, or two"),
    "jitter": (lambda value: 1 <= value <= 16, "from 1 to 16"),
}
"""What a number must be, and how that is said, by the name of what it is for."""

_STEPS = 100_000
_TRIED = tuple(Progress(step, _STEPS) for step in (0, _STEPS // 4, _STEPS // 2, 3 * _STEPS // 4, _STEPS - 1))


def check_ranges(said: Mapping[str, Any], what: str = "setting ") -> None:
    """Raise UsageError where a number, or one of those that a schedule comes to, is out of the range of its name.

    Raises PluginError where a function cannot be called. `what` stands before the name.
    """
    for name, value in said.items():
        if name not in RANGES:
            continue
        fits, words = RANGES[name]
        for number in _numbers(name, value):
            if isinstance(number, str) or fits(number):
                continue
            came = f" comes to {quoted(number)}, which" if _is_scheduled(value) else ""
            plain = came or isinstance(value, Sides)
            raise UsageError(f"{what}{name}: {shown(value) if plain else quoted(value)}{came} is not {words}")


def _numbers(name: str, value: Any) -> Iterator[Any]:
    """Yield the numbers in a value; of what changes, those at five points of a run."""
    if isinstance(value, Mapping | tuple | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _numbers(name, item)
    elif changes(value):
        for progress in _TRIED:
            yield _called(name, value, progress)
    else:
        yield value


def _called(name: str, value: Any, progress: Progress) -> float:
    try:
        number = value_at(value, progress)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise TypeError(f"it gives a {type(number).__name__}, where a number is needed")
    except GantkError:
        raise
    except Exception as error:
        raise PluginError(
            f"{written_at(value)}{shown(value)}, of {name}, at {progress.fraction:.2f} of the run: "
            f"{blamed_line(error)}{one_line(error)}"
        ) from error
    return number


def _is_scheduled(value: Any) -> bool:
    if isinstance(value, Mapping | tuple | list):
        return any(map(_is_scheduled, value.values() if isinstance(value, Mapping) else value))
    return changes(value)
