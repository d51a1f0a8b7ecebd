"""What takes room in the cache, and what goes first."""

import os
from pathlib import Path

from gantk.data.cached_files import cache_parts, make_room


def write(home: Path, name: str, size: int, used: int) -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (used, used))
    return path


def test_an_empty_cache_takes_no_room(home: Path) -> None:
    assert [(part.name, part.files, part.bytes) for part in cache_parts()] == [
        ("images", 0, 0), ("seen", 0, 0), ("datasets", 0, 0)
    ]  # fmt: skip
    assert make_room(0) == (0, 0)


def test_what_was_used_longest_ago_goes_first_until_the_rest_fits(home: Path) -> None:
    newest, oldest, middle = (
        write(home, f"images/{name}.pack", 100, used) for name, used in (("a", 30), ("b", 10), ("c", 20))
    )
    kept = [write(home, "datasets/mnist/raw", 500, 1), write(home, "seen/x.json", 50, 1)]
    assert make_room(300) == (0, 0)
    assert make_room(150) == (2, 200)
    assert newest.exists()
    assert not oldest.exists()
    assert not middle.exists()
    assert [(part.name, part.files, part.bytes) for part in cache_parts()] == [
        ("images", 1, 100), ("seen", 1, 50), ("datasets", 1, 500)
    ]  # fmt: skip
    assert make_room(0) == (1, 100)
    assert all(path.exists() for path in kept)
