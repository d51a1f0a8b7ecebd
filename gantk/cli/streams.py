"""Standard output and standard error that take any text and outlive their reader."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class LostOutput(io.RawIOBase):
    """A stream of bytes that, once it cannot be written, swallows the rest, so that the work goes on.

    Attributes:
        error: what kept it from being written; None as long as it can be.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.error: OSError | None = None

    def write(self, data: Any) -> int | None:
        """Write bytes; return how many were taken."""
        if self.error is None:
            try:
                written: int | None = self.raw.write(data)
                return written
            except OSError as error:
                self.error = error
        return len(data)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return bool(self.raw.isatty())

    def fileno(self) -> int:
        return int(self.raw.fileno())


@contextmanager
def guarded_streams() -> Iterator[None]:
    """While entered, let no character and no reader of standard output or standard error end the work.

    A character that the encoding has not is written as its escape. A reader that has gone (`| head -1`) misses what
    follows; where output is lost otherwise (a full disk), exit status 0 becomes 1 and standard error says why. A stream
    that was closed at the start is one that nobody reads, and its number is given to no other file.
    """
    _occupy_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Others that stand in for them, such as those of a test, are not ours to wrap.
    raw = _wrap("stdout") if sys.stdout is sys.__stdout__ else None
    if sys.stderr is sys.__stderr__:
        _wrap("stderr")
    try:
        yield
    except SystemExit as end:
        _say_lost(raw, end)
        raise


def _occupy_closed() -> None:
    """Open the null device in place of each standard stream that is closed.

    Else the next file that is opened would get its number, and with it what libraries print.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, f"__{name}__") is None:
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (it stays open as long as the process)
            setattr(sys, name, stream)


def _wrap(name: str) -> LostOutput | None:
    stream = getattr(sys, name)
    if not isinstance(stream, io.TextIOWrapper):
        return None
    buffer = stream.buffer
    raw = LostOutput(getattr(buffer, "raw", buffer))  # an unbuffered stream is raw itself
    wrapped = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    setattr(sys, name, wrapped)
    return raw


def _say_lost(raw: LostOutput | None, end: SystemExit) -> None:
    sys.stdout.flush()
    lost = raw.error if raw is not None else None
    if lost is None or lost.errno == errno.EPIPE:
        return
    sys.stderr.write(f"Error: standard output could not be written: {lost.strerror}\n")
    if end.code in (0, None):
        end.code = 1
