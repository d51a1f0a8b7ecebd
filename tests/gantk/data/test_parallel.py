"""Work on many files at once, in order."""

from threading import Lock
from time import sleep

import pytest

from gantk.data.parallel import in_order


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
