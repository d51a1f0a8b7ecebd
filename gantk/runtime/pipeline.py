"""Work that goes on in threads while its results are used one after another."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AGAIN = 0.1
"""Seconds after which work that was told to stop is told again: it may not have begun when it was told."""


class _Dropped(Exception):  # noqa: N818 (it is no error)
    """Raised in the place of work for whose result nobody waits any more."""


class _Work(Generic[Item, Result]):
    """Work that knows how much of it goes on, so that it can be ended wherever its user was interrupted."""

    def __init__(self, work: Callable[[Item], Result]) -> None:
        self._work = work
        self._changed = Condition()
        self._running = 0
        self._ended = False

    def __call__(self, item: Item) -> Result:
        with self._changed:
            if self._ended:
                raise _Dropped
            self._running += 1
        try:
            return self._work(item)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def end(self, stop: Callable[[], None]) -> None:
        """Begin nothing more, and stop what goes on."""
        with self._changed:
            self._ended = True
            while self._running:
                stop()
                self._changed.wait(_AGAIN)


def ahead(
    threads: Executor,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    window: int,
    stop: Callable[[], None] = lambda: None,
) -> Generator[Result, None, None]:
    """Yield what work makes of each item, in order, with up to `window` further items being worked on meanwhile.

    What work raises is raised in its turn. Where the generator is closed or interrupted before its end, what has not
    begun is dropped, and `stop` is called until what has begun has ended.
    """
    running: deque[Future[Result]] = deque()
    known = _Work(work)
    try:
        for item in items:
            running.append(threads.submit(known, item))
            if len(running) > window:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        known.end(stop)


def cores() -> int:
    """Return how many processor cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
