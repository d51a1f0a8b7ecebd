"""A data set of DICOM slices: one channel, 16 bits, one fixed window for all.

`slices:CT` reads the folder's `.dcm` files as images, `slices:CT,MR` those of two folders as two unpaired domains.
Values are those that the files' rescale slope and intercept give, Hounsfield units of a CT.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gantk import DataError, Dataset, Group, Split, UsageError, hookimpl
from gantk_tutorial.arrays import FileImages, files_in, shares

gantk_api = ">=1.0,<2"


def read_slice(file: Path) -> NDArray[Any]:
    """Return a slice (H, W, 1) in the unit that its file states."""
    try:
        from pydicom import dcmread
        from pydicom.pixels.processing import apply_rescale
    except ImportError as error:
        raise UsageError("DICOM files need the package pydicom") from error
    try:
        slice_ = dcmread(file)
        values = apply_rescale(slice_.pixel_array, slice_)
    except Exception as error:  # pydicom raises many kinds, by what is wrong with the file
        raise DataError(f"{file} cannot be read: {error}") from error
    if values.ndim != 2:
        raise DataError(f"{file} is of shape {values.shape}: one slice of one channel is needed")
    return np.asarray(values)[..., None]


class Slices(Dataset):
    """Slices of one modality as images, of two as unpaired domains `a` and `b`."""

    name = "slices"

    def __init__(self, folders: list[str], windows: list[tuple[float, float]]) -> None:
        self.windows = dict(zip(("a", "b") if len(folders) == 2 else ("image",), windows, strict=False))
        self.files = {key: shares(files_in(folder, "*.dcm")) for key, folder in zip(self.windows, folders, strict=True)}
        for train, test, _ in self.files.values():
            for file in (*train, *test):
                read_slice(file)
        self.argument = ",".join(str(Path(folder).resolve()) for folder in folders)
        self.kinds = ("unpaired",) if len(folders) == 2 else ("images",)
        counts = [f"{len(train):,} to train, {len(test):,} held out" for train, test, _ in self.files.values()]
        self.summary = f"DICOM slices: {'; '.join(counts)}"

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share; two modalities are two groups, since nothing pairs them."""
        if kind not in self.kinds:
            raise DataError(
                f"{self.name} serves {self.kinds[0]} batches here, not {kind} ones: name two folders or one"
            )
        return Split(
            tuple(
                Group({key: FileImages(held if test else train, read_slice, 1, self.windows[key], load)})
                for key, (train, held, _) in self.files.items()
            )
        )

    def fingerprint(self) -> str:
        """Return a hash of the contents and of the windows."""
        contents = [found[2] for found in self.files.values()]
        return hashlib.sha256(f"{contents} {self.windows}".encode()).hexdigest()


def slices(
    argument: str | None, *, low: float = -1000.0, high: float = 1000.0, low_b: float = 0.0, high_b: float = 2000.0
) -> Slices:
    """Open one folder of `.dcm` files, or two.

    Args:
        low: the value that becomes -1; -1000 is air in a CT.
        high: the value that becomes 1.
        low_b: the same for the second folder.
        high_b: the same for the second folder.
    """
    folders = (argument or "").split(",")
    if argument is None or len(folders) > 2:
        raise UsageError("the slices need a folder, or two: --data slices:CT,MR")
    if low >= high or low_b >= high_b:
        raise UsageError("data.low must be below data.high, and data.low_b below data.high_b")
    return Slices(folders, [(low, high), (low_b, high_b)])


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the data set."""
    return slices
