"""CIFAR-10: photographs of ten classes at 32 px, RGB (Krizhevsky 2009).

`cifar10` is downloaded; `cifar10:PATH` reads a folder with the binary version. The Python version is pickled, and
unpickling can run code, so it is not read. The report: "Learning multiple layers of features from tiny images". No
licence is stated for the images.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gantk import Dataset, hookimpl
from gantk_datasets.files import PublishedFiles, contents, damaged
from gantk_datasets.small_images import Share, Shares, SmallImages

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = "test_batch.bin"
PIXELS = 32
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
"""Of the archive with the binary version, as its publisher states it."""


def _download(folder: Path) -> None:
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import download_and_extract_archive

    # torchvision knows the Python version alone; the binary one lies beside it.
    download_and_extract_archive(CIFAR10.url.replace("python", "binary"), str(folder), md5=MD5)


def cifar10(argument: str | None) -> Dataset:
    """Open CIFAR-10; the argument names the folder of its files, or None to download them.

    Raises DataError where the folder does not hold them.
    """
    hint = "take the binary version: the Python one is pickled, and to unpickle it could run code"
    source = PublishedFiles("cifar10", (*TRAIN, TEST), ("cifar-10-batches-bin",), _download, hint)
    files, folder = source.located(argument), source.given(argument)

    def read() -> Shares:
        paths = files()
        return read_share([paths[name] for name in TRAIN]), read_share([paths[TEST]])

    return SmallImages("cifar10", read, what="photographs", classes=CLASSES, licence="", size=PIXELS, folder=folder)


def read_share(paths: Sequence[Path]) -> Share:
    """Return the images of binary files in order. Raises DataError where one is damaged.

    An image is 3,073 bytes: its label, then 32 x 32 values of red, of green and of blue.
    """
    records = np.concatenate([_records(path) for path in paths])
    planes = records[:, 1:].reshape(-1, 3, PIXELS, PIXELS)
    return Share(np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, 0].astype(np.int64))


def _records(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    data, length = contents(path), 1 + 3 * PIXELS**2
    if not data or len(data) % length:
        raise damaged(path, f"it holds {len(data):,} bytes, which is not {length:,} for each image")
    records = np.frombuffer(data, np.uint8).reshape(-1, length)
    if records[:, 0].max() >= len(CLASSES):
        raise damaged(path, "it should hold labels from 0 to 9")
    return records


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens CIFAR-10."""
    return cifar10
