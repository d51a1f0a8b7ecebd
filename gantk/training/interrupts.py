"""Signals that ask a training to end: before step 1 what has begun is undone; later the step is finished first."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from gantk.data.workers import ending_signals


class Interrupts:
    """While entered, notes the first signal that asks for an end in `received`, and tells `heard` of it.

    A second Ctrl-C ends the process at once; other signals may come several times for one end, as a closed terminal's
    does. One that is ignored at the start, as under `nohup`, stays ignored, unless `relayed`: torchrun sends its
    workers what it got itself before it kills them.
    """

    def __init__(self, heard: Callable[[int], None], *, relayed: bool = False) -> None:
        self.received: int | None = None
        self._heard = heard
        self._relayed = relayed
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        for number in ending_signals():
            before = signal.getsignal(number)
            if before is signal.SIG_IGN and not self._relayed:
                continue
            self._before[number] = before
            signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
            self._heard(number)
        elif number == signal.SIGINT:
            raise KeyboardInterrupt


@contextmanager
def undone_by_signals() -> Iterator[None]:
    """While entered, let a signal that would end the process at once raise what ends it in order, as Ctrl-C does."""
    received: list[int] = []
    owner = os.getpid()

    def end(number: int, _frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a process that loads images
            os._exit(128 + number)
        received.append(number)
        if len(received) == 1:  # a closed terminal hangs up twice
            raise KeyboardInterrupt

    numbers = [number for number in ending_signals() if signal.getsignal(number) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    except KeyboardInterrupt:
        if received:
            raise SystemExit(128 + received[0]) from None
        raise
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
