"""Work on many files at once."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_ROOM = 2**31
"""Bytes that the items being worked on take together, unless one of them takes more by itself."""


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    takes: Callable[[Item], int] = lambda item: 0,
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with the result of work on it, in order, while threads work ahead by a few items.

    `workers` is the number of threads; 0 takes one a processor. `takes` says how many bytes an item takes while it is
    worked on: what takes much waits until there is room.
    """
    threads = workers or min(os.cpu_count() or 1, 32)
    ahead: deque[tuple[Item, int, Future[Result]]] = deque()
    taken = 0
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                wanted = takes(item)
                # Bounds what is decoded but not yet taken, which may be large images.
                while ahead and (len(ahead) > 3 * threads or taken + wanted > _ROOM):
                    done, freed, future = ahead.popleft()
                    taken -= freed
                    yield done, future.result()
                ahead.append((item, wanted, pool.submit(work, item)))
                taken += wanted
            while ahead:
                done, _, future = ahead.popleft()
                yield done, future.result()
        finally:
            for _, _, future in ahead:
                future.cancel()
