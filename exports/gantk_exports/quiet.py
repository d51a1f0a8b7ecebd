"""Silence for tools that speak of their own workings."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what a tool prints, warns and logs from the user."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    unread = StringIO()
    try:
        with warnings.catch_warnings(action="ignore"), redirect_stdout(unread), redirect_stderr(unread):
            yield
    finally:
        logging.disable(disabled)
