"""Where decoded images are kept, and files that appear whole or not at all."""

import os
from pathlib import Path

import pytest

from gantk.data.storage import cache_folder, cached, moved_into_place


def test_the_cache_is_the_user_s_unless_named(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert cache_folder() == home
    monkeypatch.delenv("GANTK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder().name == "gantk"


def test_what_another_process_left_half_written_is_removed_after_a_day(home: Path) -> None:
    home.mkdir()
    for name, age in (("old", 90_000), ("new", 60)):
        (home / f".1234-{name}").write_text("half")
        changed = home.stat().st_mtime - age
        os.utime(home / f".1234-{name}", (changed, changed))
    with cached(home / "x") as stream:
        stream.write(b"whole")
    assert sorted(path.name for path in home.iterdir()) == [".1234-new", "x"]


def test_a_file_that_fails_midway_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")

    def fail() -> None:
        with moved_into_place(tmp_path / "x") as aside:
            aside.write_bytes(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
