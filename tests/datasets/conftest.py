"""Shipped emoji in the forms in which other data sets are published."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gantk.data.resized import resized
from gantk_datasets.emoji import emoji


@pytest.fixture(scope="session")
def grey() -> Callable[[int], np.ndarray]:
    """Return a function that gives so many emoji in grey at 28 px, white on black: uint8 (N, 28, 28)."""
    column = resized(emoji("flat").split("images", False, None).columns["image"].array[..., :1], 28)

    def take(count: int) -> np.ndarray:
        return np.stack([255 - column[index][..., 0] for index in range(count)])

    return take


def idx(array: np.ndarray) -> bytes:
    """Return an array of bytes as an idx file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def published(grey, tmp_path) -> Callable[..., Path]:
    """Return a function that writes 30 + 20 emoji as MNIST's four files, label i % 10 for the i-th of a share."""

    def write(folder: str = "idx", dotted: bool = False, gzipped: bool = False) -> Path:
        place = tmp_path / folder
        place.mkdir(parents=True)
        images = grey(50)
        for share, pixels in {"train": images[:30], "t10k": images[30:]}.items():
            labels = (np.arange(len(pixels)) % 10).astype(np.uint8)
            for name, array in {"images-idx3-ubyte": pixels, "labels-idx1-ubyte": labels}.items():
                name = f"{share}-{name}".replace("-idx", ".idx") if dotted else f"{share}-{name}"
                data = gzip.compress(idx(array)) if gzipped else idx(array)
                (place / f"{name}{'.gz' if gzipped else ''}").write_bytes(data)
        return place

    return write
