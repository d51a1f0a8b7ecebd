"""Fixtures for the tests of a plugin: `pytest_plugins = ["gantk.testing.fixtures"]` in its conftest.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gantk.testing.report import Report


@pytest.fixture(scope="session")
def gantk_check() -> Iterator[Callable[..., Report]]:
    """Return what checks a plugin, as `gantk.testing.check_plugin` does.

    Checks of one session share their processes, and those of one plugin its run, so that a test for each check costs
    little more than one for all.
    """
    from gantk.testing.suite import Checker

    with Checker() as checker:
        yield checker.check
