"""A training that waits for its data."""

from collections import deque
from collections.abc import Iterator

from gantk.training.doctor.detector import Detector, Finding, Logged

SHARE = 0.3
"""The share of the time that is spent on waiting, in so many logs in a row, before it is said."""

LOGS = 3


class Pace(Detector):
    """Watches how long steps wait for images."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=LOGS)

    def logged(self, seen: Logged) -> Iterator[Finding]:
        """Yield that much of the time is spent on waiting for data."""
        if seen.waiting is None:
            return
        self._last.append(seen.waiting)
        if len(self._last) == LOGS and min(self._last) > SHARE:
            more = max(2 * seen.workers, 2)
            yield Finding(
                "the data comes too slowly",
                "data",
                f"{seen.waiting:.0%} of the time was spent on waiting for images, read by "
                f"{f'{seen.workers} processes' if seen.workers else 'the training itself'}",
                f"--workers {more} (by --resume too), images on a local disk, or images of the size of the training",
            )
