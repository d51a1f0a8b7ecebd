"""The time limits of the requests in work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gantk_exports.server.refusal import Refusal

_MORE = 0.5
"""Seconds beyond a limit: a body that is late has an answer of its own."""

ENDING = "this server is ending; try again in 5 s"


class Limit:
    """The time limit of one request."""

    def __init__(self, seconds: float) -> None:
        self.began = asyncio.get_running_loop().time()
        self.seconds = seconds
        self.timeout = asyncio.timeout_at(self.deadline + _MORE)

    @property
    def deadline(self) -> float:
        """When it is over, in the event loop's time."""
        return self.began + self.seconds

    def extend(self, times: float) -> None:
        """Make the limit so many times longer."""
        self.seconds *= times
        self.set(self.deadline + _MORE)

    def set(self, when: float) -> None:
        """Set when it is over, unless it is already."""
        if not self.timeout.expired():
            self.timeout.reschedule(when)


class Clock:
    """Holds requests to their time limits. Belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._limits: set[Limit] = set()
        self._ended = False

    @asynccontextmanager
    async def limit(self, late: Callable[[float], Refusal]) -> AsyncIterator[Limit]:
        """Hold what is done in the context to a time limit. Raises Refusal: what `late` makes of the seconds."""
        limit = Limit(self._seconds)
        self._limits.add(limit)
        try:
            async with limit.timeout:
                yield limit
        except TimeoutError:
            raise Refusal(503, ENDING, {"Retry-After": "5"}) if self._ended else late(limit.seconds) from None
        finally:
            self._limits.discard(limit)

    def end(self) -> None:
        """End all requests in work now."""
        self._ended = True
        for limit in self._limits:
            limit.set(limit.began)
