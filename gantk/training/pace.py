"""How fast a training is."""

from collections import deque

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

    def at(self, step: int, now: float) -> float | None:
        """Return steps a second; None while none is done."""
        then, first = self._marks[0]
        return (step - first) / (now - then) if step > first and now > then else None
