"""Work on many files at once, in order."""

import pytest

from gantk.data.parallel import in_order


@pytest.mark.parametrize("workers", [1, 3])
def test_work_comes_back_in_order(workers: int) -> None:
    assert list(in_order(lambda number: number**2, range(50), workers)) == [(n, n**2) for n in range(50)]


def test_an_error_in_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 // number, [1, 0, 1], 2))
