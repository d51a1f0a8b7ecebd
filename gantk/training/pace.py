"""The pace of a training."""

from collections import deque
from dataclasses import dataclass

WINDOW = 60.0
"""Seconds of the past that the pace is taken from."""


class Pace:
    """Steps a second over the last minute."""

    def __init__(self, step: int, now: float) -> None:
        self._marks = deque([(now, step)])

    def mark(self, step: int, now: float) -> None:
        """Note that a step is done."""
        if now - self._marks[-1][0] >= 1:
            self._marks.append((now, step))
        while len(self._marks) > 1 and now - self._marks[1][0] >= WINDOW:
            self._marks.popleft()

    def leave_out(self, seconds: float) -> None:
        """Count as if the last seconds, so many, had not been."""
        self._marks = deque((then + seconds, step) for then, step in self._marks)

    def at(self, step: int, now: float) -> float | None:
        """Return steps a second; None while none is done."""
        then, first = self._marks[0]
        return (step - first) / (now - then) if step > first and now > then else None


@dataclass(frozen=True)
class Expected:
    """The time that a run is expected to take.

    Attributes:
        seconds: what a step of each stage takes.
        ends: the number of steps that are done when each stage ends.
    """

    seconds: tuple[float, ...]
    ends: tuple[int, ...]

    def of_a_step(self, done: int) -> float:
        """Return the seconds of the step that comes after so many."""
        return next((seconds for seconds, end in zip(self.seconds, self.ends, strict=True) if done < end), 0.0)

    def left(self, done: int) -> float:
        """Return the seconds that all steps take after so many."""
        begins = (0, *self.ends)
        return sum(
            seconds * max(end - max(begin, done), 0)
            for seconds, begin, end in zip(self.seconds, begins, self.ends, strict=False)
        )
