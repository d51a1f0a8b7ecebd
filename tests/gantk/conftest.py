"""Folders of images, and one in which decoded images are kept, for one test."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zlib import crc32

import pytest
from PIL import Image


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder, not there yet, in which decoded images are kept."""
    monkeypatch.setenv("GANTK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def fill(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes images of different colours into a root's folders, under these names."""
    root = tmp_path / "data"

    def write(folders: Mapping[str, Sequence[str]], size: tuple[int, int] = (16, 16)) -> Path:
        for folder, names in folders.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for name in names:
                colour = tuple(crc32(os.fsencode(f"{folder}{name}{i}")) % 256 for i in range(3))
                path = root / folder / (name if "." in name else f"{name}.png")
                Image.new("RGB", size, colour).save(path)
        return root

    return write
