"""The course of a run's losses, thinned so that any run's is short."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MOST = 400
"""Points of a curve; beyond, two neighbours become one, their mean."""

_LONGEST = 1 << 20
"""The bytes of the longest line that is read."""


class Curves:
    """Means of losses and notes by step, `MOST` points of each at most, evenly apart."""

    def __init__(self) -> None:
        self._points: list[_Point] = []
        self._logs_a_point = 1

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Add what was logged after a step; numbers that are not finite are left out."""
        if not self._points or self._points[-1].logs == self._logs_a_point:
            if len(self._points) == MOST:
                self._points = [one.with_next(other) for one, other in zip(*[iter(self._points)] * 2, strict=True)]
                self._logs_a_point *= 2
            self._points.append(_Point())
        self._points[-1].add(step, values)

    def read(self, path: Path) -> None:
        """Add the lines of a run's `scalars.jsonl`, if it is there. Raises OSError."""
        if not path.is_file():
            return
        for step, values in _lines(path):
            self.add(step, values)

    def columns(self) -> dict[str, Any]:
        """Return the steps of all points as `steps`, and under `values` as many numbers or None by name."""
        names = dict.fromkeys(name for point in self._points for name in point.sums)
        return {
            "steps": [point.step for point in self._points],
            "values": {name: [point.mean(name) for point in self._points] for name in names},
        }


class _Point:
    """Some logs in a row: the step of the last, and the sum and count of each name."""

    def __init__(self) -> None:
        self.step = self.logs = 0
        self.sums: dict[str, tuple[float, int]] = {}

    def add(self, step: int, values: Mapping[str, float]) -> None:
        self.step = step
        self.logs += 1
        for name, value in values.items():
            if math.isfinite(value):
                self._count(name, value, 1)

    def with_next(self, other: "_Point") -> "_Point":
        self.step = other.step
        self.logs += other.logs
        for name, (total, count) in other.sums.items():
            self._count(name, total, count)
        return self

    def mean(self, name: str) -> float | None:
        """Return a mean of five digits, as many as a curve shows."""
        total, count = self.sums.get(name, (0.0, 0))
        return float(f"{total / count:.5g}") if count else None

    def _count(self, name: str, value: float, count: int) -> None:
        total, before = self.sums.get(name, (0.0, 0))
        self.sums[name] = (total + value, before + count)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the step and the values of each line of scalars; what is no such line is passed over."""
    with path.open("rb") as file:
        while line := file.readline(_LONGEST):
            try:
                said = json.loads(line)
                step = int(said.pop("step"))
                yield step, {str(name): float(value) for name, value in said.items()}
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
                continue
