"""Where decoded images are kept, and files that appear whole or not at all."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_STALE = 24 * 3600
"""Seconds after which a half-written file is taken for one that a killed process left."""


def cache_folder() -> Path:
    """Return the folder of what can be made again: `$GANTK_CACHE`, else gantk's in the user's cache folder."""
    if chosen := os.environ.get("GANTK_CACHE"):
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("gantk")


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file to write to, which becomes `path` in one move when all went well, and vanishes if not.

    Of several processes that write the same path at once, each moves a file of its own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(path.parent)
    descriptor, name = tempfile.mkstemp(suffix=".partial", prefix=path.stem, dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            # Else the name may reach the disk before what it stands for, and a failing machine leaves an empty file.
            stream.flush()
            os.fsync(stream.fileno())
        try:
            partial.replace(path)
            flush_folder(path.parent)
        except PermissionError:
            # Where a file that is mapped cannot be replaced (Windows), the one that another process wrote will do.
            if not path.exists():
                raise
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until a file is on the disk, so that a name that is given to it later never names half of it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk, where the system has a way to ask for that (Windows has none)."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        # Some file systems refuse this for folders; they order renames themselves.
        with suppress(OSError):
            os.fsync(opened)
    finally:
        os.close(opened)


def _remove_stale(folder: Path) -> None:
    for partial in folder.glob("*.partial"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > _STALE:
                partial.unlink()
