"""The cache folder, and files that appear whole or not at all."""

import os
import secrets
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
def moved_into_place(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """Give a name beside `path` to write to; when all went well it becomes `path` in one move, else it is removed.

    Makes the folder. Of several who write one path at once, each moves a file of its own. A link at `path` is replaced,
    not followed. With `durable`, a failing machine leaves the old file or the new one. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        yield aside
        if durable:
            # Else the name may reach the disk before what it stands for.
            flush(aside)
        aside.replace(path)
        if durable:
            flush_folder(path.parent)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


@contextmanager
def cached(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write to, which becomes one of the cache when all went well. Raises OSError."""
    _remove_stale(path.parent)
    with moved_into_place(path, durable=True) as aside, aside.open("xb") as stream:
        yield stream


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
    for partial in folder.glob(".*-*"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > _STALE:
                partial.unlink()
