"""Ctrl-C while something runs that cannot be interrupted: it is said what is waited for, and a second one ends it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread
from types import FrameType

from gantk.cli.output import say

_PATIENCE = 1.0
"""Seconds after which a user is told why nothing has ended."""


@contextmanager
def answered_interrupts() -> Iterator[None]:
    """While entered, raise KeyboardInterrupt at the first Ctrl-C, and end the process at the second.

    An operator of a model runs to its end, and so may a decoder; where that takes more than a second, a line on
    standard error says so. Commands that stop in their own way, such as a training, put their own handlers in place.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    ended, owner = Event(), os.getpid()
    interrupted = False

    def told() -> None:
        if not ended.wait(_PATIENCE):
            say("stopping: what runs now cannot be interrupted and is waited for; Ctrl-C again ends at once", err=True)

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        # Processes that load images are copies of this one.
        if os.getpid() == owner:
            if interrupted:
                os._exit(130)
            interrupted = True
            Thread(target=told, daemon=True).start()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        ended.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
