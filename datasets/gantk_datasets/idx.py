"""The idx format of MNIST and the data sets that took its place: a header of sizes, then bytes."""

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np

from gantk import DataError
from gantk.data.dataset import Array
from gantk_datasets.files import contents, damaged
from gantk_datasets.small_images import Share, Shares

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""The four files, as published."""


_FIRST_LABELS = {"mnist": (5, 0, 4, 1, 9, 2, 1, 3, 1, 4), "fashion-mnist": (9, 0, 0, 3, 0, 2, 7, 2, 5, 5)}
"""What the published training labels begin with: the files of both are named alike."""


def read_shares(files: Mapping[str, Path], name: str) -> Shares:
    """Return the training and the test share of the four files of a data set.

    Raises DataError where one is damaged, or where they are another data set's.
    """
    train_images, train_labels, test_images, test_labels = (files[name] for name in NAMES)
    train, test = _share(train_images, train_labels), _share(test_images, test_labels)
    for other, first in _FIRST_LABELS.items():
        if other != name and tuple(train.labels[: len(first)]) == first:
            folder = train_labels.parent
            raise DataError(f"{folder} holds the files of {other}, not of {name}: say --data {other}:{folder}")
    return train, test


def read_idx(path: Path, axes: int) -> Array:
    """Return an idx file's bytes as an array, uint8, with so many axes. Raises DataError where it holds none.

    A file begins with two zero bytes, the type (8: unsigned bytes) and the number of axes; then comes the length of
    each axis, as 32 bits with the highest byte first.
    """
    data = contents(path)
    start = 4 + 4 * axes
    if data[:4] != bytes((0, 0, 8, axes)) or len(data) < start:
        raise damaged(path, f"it does not begin like an idx file of bytes with {axes} axes")
    shape = tuple(int(length) for length in np.frombuffer(data, ">u4", axes, 4))
    if len(data) != start + prod(shape):
        raise damaged(path, f"it should hold {prod(shape):,} bytes behind its header, but holds {len(data) - start:,}")
    # A copy, since the bytes could not be written to.
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


def _share(images: Path, labels: Path) -> Share:
    pixels, numbers = read_idx(images, 3), read_idx(labels, 1)
    if len(pixels) != len(numbers):
        raise damaged(labels, f"it labels {len(numbers):,} images, but {images.name} holds {len(pixels):,}")
    if pixels.shape[1] != pixels.shape[2]:
        raise damaged(images, f"its images are {pixels.shape[2]}x{pixels.shape[1]} pixels, not square")
    if len(numbers) == 0 or numbers.max() > 9:
        raise damaged(labels, "it should hold labels from 0 to 9")
    return Share(pixels[..., None], numbers.astype(np.int64))
