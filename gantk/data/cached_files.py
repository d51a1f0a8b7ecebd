"""What lies in the cache folder, and room again."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gantk.data.storage import cache_folder

PARTS = {
    "images": "decoded images",
    "seen": "headers of files that were looked at",
    "datasets": "downloaded data sets",
}
"""The folders in the cache, and what they hold."""


@dataclass(frozen=True)
class CachePart:
    """A folder in the cache: its name, what it holds, its number of files, and the bytes that they take."""

    name: str
    holds: str
    files: int
    bytes: int


def cache_parts() -> list[CachePart]:
    """Return what lies in the cache folder."""
    parts = []
    for name, holds in PARTS.items():
        sizes = [size for _, size, _ in _files(cache_folder() / name)]
        parts.append(CachePart(name, holds, len(sizes), sum(sizes)))
    return parts


def make_room(at_most: int) -> tuple[int, int]:
    """Delete decoded images, those that were used longest ago first, until they take at most so many bytes.

    A training that reads them goes on where the system keeps open files, else they stay. Returns how many files went,
    and their bytes.
    """
    packs = sorted(_files(cache_folder() / "images"), key=lambda file: file[2])
    left = sum(size for _, size, _ in packs)
    count = freed = 0
    for path, size, _ in packs:
        if left <= at_most:
            break
        with suppress(OSError):
            path.unlink()
            left, freed, count = left - size, freed + size, count + 1
    return count, freed


def _files(folder: Path) -> Iterator[tuple[Path, int, float]]:
    """Yield the files under a folder with their bytes and the time of their last use."""
    for path in folder.rglob("*"):
        # Another process may remove one meanwhile.
        with suppress(OSError):
            if path.is_file():
                stat = path.stat()
                yield path, stat.st_size, stat.st_mtime
