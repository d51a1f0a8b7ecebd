"""Work that goes on in threads while its results are used, in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_ROOM = 2**31
"""Bytes that the items being worked on take together, unless one of them takes more by itself."""

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
    takes: Callable[[Item], int] = lambda item: 0,
) -> Generator[Result, None, None]:
    """Yield what work makes of each item, in order, with up to `window` further items being worked on meanwhile.

    `takes` says how many bytes an item takes while it is worked on: what takes much waits until there is room. What
    work raises is raised in its turn. Where the generator is closed or interrupted before its end, what has not begun
    is dropped, and `stop` is called until what has begun has ended.
    """
    running: deque[tuple[int, Future[Result]]] = deque()
    known = _Work(work)
    taken = 0
    try:
        for item in items:
            wanted = takes(item)
            while running and taken + wanted > _ROOM:
                freed, future = running.popleft()
                taken -= freed
                yield future.result()
            running.append((wanted, threads.submit(known, item)))
            taken += wanted
            if len(running) > window:
                freed, future = running.popleft()
                taken -= freed
                yield future.result()
        while running:
            yield running.popleft()[1].result()
    finally:
        known.end(stop)


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    takes: Callable[[Item], int] = lambda item: 0,
) -> Generator[tuple[Item, Result], None, None]:
    """Yield each item with the result of work on it, in order, while threads of its own work ahead by a few items.

    `workers` is the number of threads; 0 takes one a processor. `takes` is that of `ahead`.
    """
    count = workers or min(cores(), 32)
    with ThreadPoolExecutor(count) as threads:
        yield from ahead(threads, lambda item: (item, work(item)), items, 3 * count, takes=takes)


def cores() -> int:
    """Return how many processor cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
