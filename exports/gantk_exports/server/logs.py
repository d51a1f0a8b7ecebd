"""What a server writes to its log: lines that nobody else can forge, and not more of them than can be read."""

import logging
import time
from collections.abc import Callable
from copy import copy

from gantk.text import printable

_MINUTE = 60.0
_LINES = 20
"""Complaints a minute that are printed."""


def tidy_logs() -> None:
    """Make the logs of the running server safe to read, and quiet about what anybody may send."""
    # It warns of each malformed form, of which the sender is told.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    for name in ("uvicorn", "uvicorn.access"):
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(Safe(handler.formatter or logging.Formatter()))
    complaints = logging.getLogger("uvicorn").handlers
    for handler in complaints:
        handler.addFilter(Few())
    logging.getLogger("asyncio").handlers = complaints


class Safe(logging.Formatter):
    """Formats as another does: a record is one line, but for a traceback, whose lines are set in."""

    def __init__(self, other: logging.Formatter) -> None:
        super().__init__()
        self._other = other

    def format(self, record: logging.LogRecord) -> str:
        plain = copy(record)
        plain.exc_info = plain.exc_text = None
        lines = [printable(self._other.format(plain))]
        if record.exc_info:
            lines += [f"  {printable(line)}" for line in self.formatException(record.exc_info).splitlines()]
        return "\n".join(lines)


class Few(logging.Filter):
    """Lets some records a minute through, and says with the next one how many it left out."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._since, self._seen = now(), 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is printed."""
        left_out = self._seen - _LINES
        if self._now() - self._since > _MINUTE:
            self._since, self._seen = self._now(), 0
            if left_out > 0:
                record.msg, record.args = "%s (after %d lines that were left out)", (record.getMessage(), left_out)
        self._seen += 1
        return self._seen <= _LINES
