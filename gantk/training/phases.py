"""What is under way before step 1: importing torch alone may take a minute."""

import os
import shutil
import sys
from collections.abc import Callable
from types import TracebackType

from gantk.text import printable


class Phases:
    """Says on standard error what is being done: one line that is replaced on a terminal, else a line each."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._replaces = is_live()
        self._stands = False
        self._leads = os.environ.get("RANK", "0") == "0"  # torchrun starts several processes that do the same

    def __enter__(self) -> "Phases":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def begin(self, doing: str) -> None:
        """Say what begins now."""
        if not self._leads:
            return
        self._stands = self._replaces
        if self._replaces:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{printable(doing)[: width - 4]} ...")
        else:
            sys.stderr.write(f"{printable(doing)} ...\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, for others to write."""
        if self._stands:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._stands = False

    def say(self, text: str) -> None:
        """Say something that stays."""
        self.clear()
        self._say(text)


def is_live() -> bool:
    """Return whether standard error is a terminal on which a line can be replaced."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
