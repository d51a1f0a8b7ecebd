"""The line that says what a command is at while it says nothing else."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from gantk.cli.output import say
from gantk.text import printable

EVERY = 60.0
"""Seconds between two lines about one thing."""


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """Give a function that is told what begins ("measuring kid"), or an empty text when it is done.

    It is shown on standard error: on a terminal as a status that passes, else as a line, and as another every minute.
    """
    if not sys.stderr.isatty():
        with _in_lines() as begin:
            yield begin
        return
    from rich.console import Console
    from rich.markup import escape

    status = Console(stderr=True).status("")

    def show(what: str) -> None:
        if not what:
            status.stop()
            return
        status.update(escape(printable(what)))
        status.start()

    try:
        yield show
    finally:
        status.stop()


@contextmanager
def _in_lines() -> Iterator[Callable[[str], None]]:
    current = ("", 0.0)
    ended = threading.Event()

    def begin(what: str) -> None:
        nonlocal current
        current = (what, monotonic())
        if what:
            say(what, err=True)

    def repeat() -> None:
        while not ended.wait(EVERY):
            what, since = current
            if what and monotonic() - since >= EVERY:
                say(f"still {what}, for {(monotonic() - since) / 60:.0f} min", err=True)

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield begin
    finally:
        ended.set()
        thread.join()
