"""Work that goes on in threads while its results are used, in order."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from time import sleep

import pytest

from gantk.data.parallel import ahead, in_order


@pytest.mark.parametrize("workers", [1, 3])
def test_work_comes_back_in_order(workers: int) -> None:
    assert list(in_order(lambda number: number**2, range(50), workers)) == [(n, n**2) for n in range(50)]


def test_an_error_in_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 // number, [1, 0, 1], 2))


def test_what_takes_much_waits_until_there_is_room() -> None:
    at_once, most, lock = [], [0], Lock()

    def work(number: int) -> int:
        with lock:
            at_once.append(number)
            most[0] = max(most[0], len(at_once))
        sleep(0.005)
        with lock:
            at_once.remove(number)
        return number

    assert [number for number, _ in in_order(work, range(8), 4, lambda number: 2**31)] == list(range(8))
    assert most[0] == 1
    assert [number for number, _ in in_order(work, range(8), 4, lambda number: 2**30)] == list(range(8))
    assert most[0] == 2


def test_work_goes_on_ahead_in_order_and_within_its_window() -> None:
    lock, state = Lock(), {"running": 0, "most": 0}

    def work(item: int) -> int:
        with lock:
            state["running"] += 1
            state["most"] = max(state["most"], state["running"])
        sleep(0.01 * (item % 3))
        with lock:
            state["running"] -= 1
        if item == 30:
            raise ValueError("thirty")
        return -item

    with ThreadPoolExecutor(8) as threads:
        assert list(ahead(threads, work, range(25), 4)) == [-item for item in range(25)]
        assert 2 <= state["most"] <= 5
        results = ahead(threads, work, range(28, 99), 4)
        assert [next(results), next(results)] == [-28, -29]
        with pytest.raises(ValueError, match="thirty"):
            next(results)
        assert list(ahead(threads, work, [], 4)) == []


def test_what_nobody_waits_for_is_dropped_and_what_goes_on_is_stopped() -> None:
    begun, stopped, done = Event(), Event(), []

    def work(number: int) -> int:
        if number:
            begun.set()
            assert stopped.wait(10)
        done.append(number)
        return number

    with ThreadPoolExecutor(1) as threads:
        results = ahead(threads, work, range(9), 4, stopped.set)
        assert next(results) == 0
        assert begun.wait(10)
        results.close()
    assert done == [0, 1]
