"""A data set of NumPy files with any number of channels, channels first, as satellites and microscopes give them.

`arrays:FOLDER` reads the folder's `.npy` files, each (C, H, W). The last channels can be what the others are translated
to, such as a fluorescent stain that is predicted from bright-field images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gantk import DataError, Dataset, Group, Split, UsageError, hookimpl

gantk_api = ">=1.0,<2"

Array = NDArray[np.float32]


@dataclass(frozen=True)
class FileImages:
    """A column of images that are read when they are asked for, as float32 (H, W, channels)."""

    files: tuple[Path, ...]
    read: Callable[[Path], NDArray[Any]]
    channels: int
    window: tuple[float, float]
    load: int | None

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Array:
        return resized(self.read(self.files[index]).astype(np.float32), self.load)


def resized(image: Array, load: int | None) -> Array:
    """Return the image (H, W, C) with a shorter side of `load` pixels; None keeps it as it is."""
    from PIL import Image

    height, width = image.shape[:2]
    if load is None or load == min(height, width):
        return image
    size = round(width * load / min(height, width)), round(height * load / min(height, width))
    method = Image.Resampling.BOX if load < min(height, width) else Image.Resampling.BICUBIC
    # Pillow knows one channel of floats, not five.
    return np.stack(
        [np.asarray(Image.fromarray(channel).resize(size, method)) for channel in np.moveaxis(image, 2, 0)], 2
    )


def read_channels(file: Path, first: int, last: int) -> NDArray[Any]:
    """Return channels `first` to `last` of a file (C, H, W), as (H, W, C); no other channel is read."""
    return np.moveaxis(np.load(file, mmap_mode="r")[first:last], 0, 2)


def shares(files: Sequence[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...], str]:
    """Return the files to train on, a tenth that is held out, and a hash of all contents.

    A file's share follows from its contents: duplicates fall on one side, and none changes sides when others come.
    """
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    if len(set(digests)) < 2:
        raise DataError("at least two different files are needed: one to train on, one to hold out")
    least, largest = min(digests), max(digests)
    # A tenth of all hexadecimal numbers begin below 0.1999.
    held = [digest == least or (digest < "1999" and digest != largest) for digest in digests]
    train = tuple(file for file, out in zip(files, held, strict=True) if not out)
    test = tuple(file for file, out in zip(files, held, strict=True) if out)
    return train, test, hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def files_in(argument: str, pattern: str) -> list[Path]:
    """Return the folder's files of a pattern. Raises DataError where there are none."""
    folder = Path(argument).resolve()
    files = sorted(folder.glob(pattern))
    if not files:
        raise DataError(f"{folder} holds no {pattern} file: name the folder that the files lie in")
    return files


def channels_of(files: Sequence[Path]) -> int:
    """Return the number of channels that all files have. Raises DataError where they differ; only headers are read."""
    found: dict[int, Path] = {}
    for file in files:
        try:
            shape = np.load(file, mmap_mode="r").shape
        except (OSError, ValueError) as error:
            raise DataError(f"{file} cannot be read: {error}") from error
        if len(shape) != 3:
            raise DataError(f"{file} is of shape {shape}: (channels, height, width) is needed")
        found.setdefault(shape[0], file)
    if len(found) > 1:
        raise DataError("channels differ: " + ", ".join(f"{file.name} has {count}" for count, file in found.items()))
    return next(iter(found))


class Arrays(Dataset):
    """Arrays as images, or as pairs of their first and their last channels."""

    name = "arrays"

    def __init__(self, folder: str, target: int, window: tuple[float, float]) -> None:
        files = files_in(folder, "*.npy")
        self.total, self.target, self.window = channels_of(files), target, window
        if not 0 <= target < self.total:
            raise UsageError(f"data.target must be from 0 to {self.total - 1}, not {target}: channels are {self.total}")
        self.train, self.test, self.contents = shares(files)
        self.argument = str(Path(folder).resolve())
        self.kinds = ("paired",) if target else ("images",)
        how = f"the last {target} are the target" if target else "all of them are the image"
        self.summary = (
            f"{len(self.train):,} arrays of {self.total} channels to train, {len(self.test):,} held out, {how}"
        )

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share."""
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves {self.kinds[0]} batches, not {kind} ones: data.target decides")
        first = self.total - self.target
        bounds = {"source": (0, first), "target": (first, self.total)} if self.target else {"image": (0, first)}
        files = self.test if test else self.train
        columns = {
            key: FileImages(files, partial(read_channels, first=low, last=high), high - low, self.window, load)
            for key, (low, high) in bounds.items()
        }
        return Split((Group(columns),))

    def fingerprint(self) -> str:
        """Return a hash of the contents and of how they are read."""
        return hashlib.sha256(f"{self.contents} {self.target} {self.window}".encode()).hexdigest()


def arrays(argument: str | None, *, target: int = 0, low: float = 0.0, high: float = 1.0) -> Arrays:
    """Open a folder of `.npy` files.

    Args:
        target: how many of the last channels are the target; 0: there is none.
        low: the value that becomes -1.
        high: the value that becomes 1.
    """
    if argument is None:
        raise UsageError("the arrays need a folder: --data arrays:FOLDER")
    if low >= high:
        raise UsageError(f"data.low must be below data.high, not {low} and {high}")
    return Arrays(argument, target, (low, high))


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the data set."""
    return arrays
