"""A checker that all tests of the suite share, and files that it checks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from gantk.testing import Checker, Report

HEADER = '"""Made for a test (Author et al. 2020, arXiv:2001.00001)."""\n'


@pytest.fixture(scope="session")
def checker() -> Iterator[Checker]:
    with Checker() as made:
        yield made


@pytest.fixture
def check(checker, tmp_path) -> Callable[..., Report]:
    """Return a function that writes a plugin's file, under its docstring, and checks it."""

    def write_and_check(body: str, *only: str, docstring: str = HEADER, **options: object) -> Report:
        path = tmp_path / "mine.py"
        path.write_text(f"{docstring}{dedent(body)}")
        return checker.check(str(path), only=only or None, **options)

    return write_and_check


@pytest.fixture
def caught(check) -> Callable[..., str]:
    """Return a function that checks a plugin, of which one check must fail; it gives the reason."""

    def one_fails(body: str, fails: str, **options: object) -> str:
        report = check(body, fails, **options)
        assert report[fails].status == "FAIL", str(report)
        return report[fails].reason

    return one_fails


@pytest.fixture
def line(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that gives "file:line" of the first line of the plugin that holds a text."""

    def find(text: str) -> str:
        path = tmp_path / "mine.py"
        numbers = [number for number, one in enumerate(path.read_text().splitlines(), 1) if text in one]
        return f"{path}:{numbers[0]}"

    return find
