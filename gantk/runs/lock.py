"""A lock on a run's folder, held while it is trained and gone with the process that holds it."""

import errno
import json
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gantk.errors import GantkError

NAME = ".lock"

_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
"""What a system says where another process holds a lock."""


class HeldError(GantkError):
    """Another process trains in the folder."""


class Lock:
    """The lock of a folder, taken by the constructor.

    Where the file system has no locks, it is only written who trains. Raises HeldError, naming the process that holds
    it, and OSError where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self._file = _locked(self.path)
        # A process that loads images must not hold the lock of a training that was killed.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._close)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        who = {"process": os.getpid(), "host": socket.gethostname(), "since": since}
        with suppress(OSError):  # a full disk: the lock holds without a name
            os.ftruncate(self._file, 0)
            os.write(self._file, json.dumps(who).encode())

    def release(self) -> None:
        """Let others train in the folder."""
        self._close()

    def remove(self) -> None:
        """Release the lock and delete its file: of a folder in which nothing was begun."""
        if os.name == "nt":  # which deletes no file that is open
            self._close()
        with suppress(OSError):
            self.path.unlink()
        self._close()

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def is_held(folder: Path) -> bool:
    """Return whether a process trains in a folder; nothing is written. Where a file system has no locks: False."""
    path = folder / NAME
    try:
        file = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        _lock(file)
    except OSError as error:
        return error.errno in _HELD
    finally:
        os.close(file)
    return False


def _locked(path: Path) -> int:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            _lock(file)
            # Whoever held it may have deleted the file between the two: then this lock is of nothing.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file), path.stat()):
                    return file
        except OSError as error:
            if error.errno not in _HELD:
                return file  # a file system without locks
            who = _told(file)
            os.close(file)
            raise HeldError(f"{path.parent} is being trained {who}: wait for it, or stop it first") from error
        os.close(file)


def _lock(file: int) -> None:
    if os.name == "nt":
        import msvcrt

        # Beyond the text, which others may read.
        os.lseek(file, 1 << 20, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        os.lseek(file, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _told(file: int) -> str:
    """Return who holds a lock, as its file says."""
    try:
        who = json.loads(os.read(file, 4096))
        return f"by process {int(who['process'])} on {str(who['host'])[:100]} since {str(who['since'])[:40]}"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "by another process"
