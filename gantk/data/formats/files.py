"""A user's file as bytes: only what is a file, and only so much of it."""

import os
import stat
from pathlib import Path

from gantk.data.formats.limits import MAX_FILE
from gantk.errors import DataError

# Without it a named pipe that nobody writes to would be waited for; Windows has no such pipes, and wants O_BINARY.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: Path, most: int = MAX_FILE) -> bytes:
    """Return a file's content. Pipes, devices and folders are no files.

    Raises DataError with the reason, which does not name the file, also where it holds more than `most` bytes.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise DataError("is no file but a pipe, a device or a folder")
            if found.st_size > most:
                raise DataError(f"holds {found.st_size:,} bytes: files of up to {most:,} are read")
            # What the system makes up while it is read says that it has no size, and may never end.
            return stream.read(found.st_size)
    except FileNotFoundError:
        raise DataError("no such file") from None
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or str(error)).lower()}") from None
