"""Folders of images, one in which decoded images are kept, and a data set in memory, for one test."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from gantk import ArrayImages, Dataset, Group, Split


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


class Rows(Dataset):
    """Images of 4 x 4 pixels, each of one level, its row's number; the label is the row's number too."""

    name, summary, kinds = "rows", "rows of images", ("labelled",)

    def __init__(self, train=10, test=7, channels=3):
        self.counts, self.channels = {False: train, True: test}, channels

    def split(self, kind, test, load):
        levels = np.arange(self.counts[test], dtype=np.uint8)
        images = np.broadcast_to(levels[:, None, None, None], (len(levels), load, load + 2, self.channels)).copy()
        images[:, :, [0, -1]] = 255  # what a central cut leaves out
        return Split((Group({"image": ArrayImages(images), "label": levels.astype(np.int64)}),))

    def fingerprint(self):
        return "of rows"


@pytest.fixture
def rows() -> type[Dataset]:
    """Return the class of a small data set whose images tell their row."""
    return Rows
