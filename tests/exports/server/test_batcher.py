"""Which requests run together, and what each is told."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from gantk_exports.server.accept_header import acceptable
from gantk_exports.server.batcher import Batcher
from gantk_exports.server.refusal import Refusal


class Doubling:
    """Doubles what it gets, once it is let go; keeps the shapes that it ran on. Negative numbers make it fail."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.go = threading.Event()

    def __call__(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert self.go.wait(10)
        self.shapes.append(values.shape)
        if (values < 0).any():
            raise ValueError("negative")
        return 2 * values, values.sum(tuple(range(1, values.ndim)))


def run(test: Callable[[Batcher, Doubling], Coroutine[Any, Any, None]], size: int = 4, most: int = 100) -> Doubling:
    doubling = Doubling()
    batcher = Batcher(doubling, size, most)
    asyncio.run(test(batcher, doubling))
    batcher.close()
    return doubling


def sample(number: int, length: int = 3, count: int = 1) -> tuple[np.ndarray]:
    return (np.full((count, length), number),)


async def later(batcher: Batcher, *values: tuple[np.ndarray], cost: int = 0) -> list[asyncio.Task[Any]]:
    """Submit values one after another, and let them wait."""
    tasks = [asyncio.create_task(batcher.submit(value, cost)) for value in values]
    await asyncio.sleep(0.02)
    return tasks


def test_the_first_runs_at_once_and_what_waits_meanwhile_runs_together() -> None:
    async def test(batcher: Batcher, doubling: Doubling) -> None:
        (first,) = await later(batcher, sample(0))
        tasks = await later(batcher, *(sample(number) for number in range(1, 7)))
        doubling.go.set()
        answers = await asyncio.gather(first, *tasks)
        for number, (doubled, total) in enumerate(answers):
            assert np.array_equal(doubled, [[2 * number] * 3])
            assert np.array_equal(total, [3 * number])
        assert batcher.seconds > 0

    assert run(test).shapes == [(1, 3), (4, 3), (2, 3)]


def test_only_one_shape_runs_together_and_the_longest_waiting_is_first() -> None:
    async def test(batcher: Batcher, doubling: Doubling) -> None:
        tasks = await later(batcher, sample(0))
        tasks += await later(batcher, sample(1), sample(2, 5), sample(3), sample(4, 5))
        doubling.go.set()
        assert [int(doubled[0, 0]) for doubled, _ in await asyncio.gather(*tasks)] == [0, 2, 4, 6, 8]

    assert run(test).shapes == [(1, 3), (2, 3), (2, 5)]


def test_a_batch_costs_no_more_than_it_may_unless_one_alone_does() -> None:
    async def test(batcher: Batcher, doubling: Doubling) -> None:
        tasks = await later(batcher, sample(0))
        tasks += await later(batcher, sample(1), sample(2), sample(3), cost=40)
        tasks += await later(batcher, sample(4), cost=400)
        doubling.go.set()
        await asyncio.gather(*tasks)

    assert run(test).shapes == [(1, 3), (2, 3), (1, 3), (1, 3)]


def test_requests_of_several_samples_are_never_cut() -> None:
    async def test(batcher: Batcher, doubling: Doubling) -> None:
        tasks = await later(batcher, sample(0))
        tasks += await later(batcher, sample(1, count=3), sample(2, count=2), sample(3))
        doubling.go.set()
        answers = await asyncio.gather(*tasks)
        assert [len(doubled) for doubled, _ in answers] == [1, 3, 2, 1]

    assert run(test).shapes == [(1, 3), (4, 3), (2, 3)]


def test_nobody_fails_for_anothers_request() -> None:
    async def test(batcher: Batcher, doubling: Doubling) -> None:
        tasks = await later(batcher, sample(0))
        tasks += await later(batcher, sample(1), sample(-1), sample(3))
        doubling.go.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(done[2], ValueError)
        assert [int(done[place][0][0, 0]) for place in (0, 1, 3)] == [0, 2, 6]

    assert run(test).shapes == [(1, 3), (3, 3), (1, 3), (1, 3), (1, 3)]


def test_what_nobody_waits_for_is_not_run() -> None:
    async def test(batcher: Batcher, doubling: Doubling) -> None:
        tasks = await later(batcher, sample(0))
        tasks += await later(batcher, sample(1), sample(2))
        tasks[1].cancel()
        doubling.go.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(done[1], asyncio.CancelledError)
        assert int(done[2][0][0, 0]) == 4

    assert run(test).shapes == [(1, 3), (1, 3)]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, ["a/x", "a/y"]),
        ("", ["a/x", "a/y"]),
        ("a/y, a/x;q=0.2", ["a/y", "a/x"]),
        ("A/Y ; Q=0.3, */*;q=0.1", ["a/y", "a/x"]),
        ("a/*;q=0, a/y", ["a/y"]),
        ("a/x;q=many", ["a/x"]),
    ],
)
def test_types_are_ranked_as_the_client_ranks_them(accept: str | None, expected: list[str]) -> None:
    assert acceptable(accept, ["a/x", "a/y"]) == expected


@pytest.mark.parametrize("accept", ["b/*", "a/z", "a/*;q=0", ","])
def test_what_cannot_be_given_is_refused_with_what_can(accept: str) -> None:
    with pytest.raises(Refusal, match="a/x, a/y") as refused:
        acceptable(accept, ["a/x", "a/y"])
    assert refused.value.status == 406
