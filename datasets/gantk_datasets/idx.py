"""The idx format of MNIST and the data sets that took its place: a header of sizes, then bytes."""

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk_datasets.files import contents, damaged
from gantk_datasets.small_images import Share, Shares

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""The four files, as published."""


def read_shares(files: Mapping[str, Path]) -> Shares:
    """Return the training and the test share of the four files. Raises DataError where one is damaged."""
    train_images, train_labels, test_images, test_labels = (files[name] for name in NAMES)
    return _share(train_images, train_labels), _share(test_images, test_labels)


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
