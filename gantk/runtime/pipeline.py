"""Work that goes on in threads while its results are used one after another."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(threads: Executor, work: Callable[[Item], Result], items: Iterable[Item], window: int) -> Iterator[Result]:
    """Yield what work makes of each item, in order, with up to `window` further items being worked on meanwhile.

    What work raises is raised in its turn.
    """
    running: deque[Future[Result]] = deque()
    for item in items:
        running.append(threads.submit(work, item))
        if len(running) > window:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def cores() -> int:
    """Return how many processor cores this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
