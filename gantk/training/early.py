"""When a young run shows itself, before previews come regularly."""

APART = 2.0
"""Seconds between two previews at least."""


class EarlyPreviews:
    """Says after which steps a preview is written before the first regular one.

    These are 2, 4, 8 and so on, as soon as two seconds have passed since the first step or since the one before: a fast
    machine shows none that nobody would see, a slow one the first in a few seconds, and all together cost little.
    """

    def __init__(self, every: int) -> None:
        """`every` is the number of steps between two regular previews."""
        self._every = every
        self._last: float | None = None

    def is_due(self, done: int, now: float) -> bool:
        """Return whether a preview comes now, in seconds of any clock, after so many steps of the run.

        It is asked after each step.
        """
        if self._last is None:  # The first step waits for processes to start, and for what torch does once.
            self._last = now
        due = done < self._every and done & (done - 1) == 0 and now - self._last >= APART
        if due:
            self._last = now
        return due
