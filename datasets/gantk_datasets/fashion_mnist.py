"""Fashion-MNIST: clothes at 28 px, grey, in the form of MNIST (Xiao et al. 2017, arXiv:1708.07747).

`fashion-mnist` is downloaded; `fashion-mnist:PATH` reads a folder with the four idx files as published.
"""

from collections.abc import Callable
from pathlib import Path

from gantk import Dataset, hookimpl
from gantk_datasets.files import PublishedFiles
from gantk_datasets.idx import NAMES, read_shares
from gantk_datasets.small_images import SmallImages

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
"""The paper's table 2."""


def _download(folder: Path) -> None:
    from torchvision.datasets import FashionMNIST

    FashionMNIST(folder, download=True)


def fashion_mnist(argument: str | None) -> Dataset:
    """Open Fashion-MNIST; the argument names the folder of its files, or None to download them.

    Raises DataError where the folder does not hold them.
    """
    source = PublishedFiles("fashion-mnist", NAMES, ("FashionMNIST/raw",), _download, "each may be gzipped")
    files = source.located(argument)
    return SmallImages(
        "fashion-mnist",
        lambda: read_shares(files(), "fashion-mnist"),
        what="pictures of clothes",
        classes=CLASSES,
        licence="MIT",
        size=28,
        folder=source.given(argument),
    )


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens Fashion-MNIST."""
    return fashion_mnist
