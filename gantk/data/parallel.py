"""Work on many files at once."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[tuple[Item, Result]]:
    """Yield each item with the result of work on it, in order, while threads work ahead by a few items.

    `workers` is the number of threads; 0 takes one a processor.
    """
    threads = workers or min(os.cpu_count() or 1, 32)
    ahead: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                ahead.append((item, pool.submit(work, item)))
                # Bounds what is decoded but not yet taken, which may be large images.
                if len(ahead) > 3 * threads:
                    done, future = ahead.popleft()
                    yield done, future.result()
            while ahead:
                done, future = ahead.popleft()
                yield done, future.result()
        finally:
            for _, future in ahead:
                future.cancel()
