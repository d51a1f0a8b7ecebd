"""What a data set is: columns of images and labels, in groups that share one order."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from gantk.sizes import Sides

Array = NDArray[Any]


class Images(Protocol):
    """A column of images; it can be pickled and sent to another process.

    Attributes:
        channels: channels of every image.
        window: the values that become -1 and 1, the same for every image of the data set.
    """

    @property
    def channels(self) -> int: ...

    @property
    def window(self) -> tuple[float, float]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Array:
        """Return an image (H, W, C) in its own dtype."""


@dataclass(frozen=True)
class ArrayImages:
    """Images of one size, held in one array (N, H, W, C)."""

    array: Array
    window: tuple[float, float] = (0.0, 255.0)

    @property
    def channels(self) -> int:
        return int(self.array.shape[3])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: int) -> Array:
        image: Array = self.array[index]
        return image


@dataclass(frozen=True)
class DerivedImages(ABC):
    """A column of images, each made of the same row of another column.

    Attributes:
        images: what they are made of.
    """

    images: Images

    @property
    def channels(self) -> int:
        return self.images.channels

    @property
    def window(self) -> tuple[float, float]:
        return self.images.window

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.images.dtype

    def __len__(self) -> int:
        return len(self.images)

    @abstractmethod
    def __getitem__(self, index: int) -> Array:
        """Return an image (H, W, C) in its own dtype."""


class LabelImages(Protocol):
    """A column of label maps, each read as ids (H, W, 1); `palette` says which classes they are."""

    @property
    def palette(self) -> Any: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Array: ...


Column = Images | LabelImages | Sequence[int] | Sequence[str] | Array


@dataclass(frozen=True)
class Group:
    """Columns whose rows belong together: drawn in one order, images changed by one geometry."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def image_columns(columns: Mapping[str, Column]) -> dict[str, Images]:
    """Return those of the columns that hold images."""
    return {key: cast(Images, column) for key, column in columns.items() if hasattr(column, "window")}


def cut_columns(columns: Mapping[str, Column]) -> dict[str, Images]:
    """Return those of the columns that are cut: images and label maps."""
    cut = {key: column for key, column in columns.items() if hasattr(column, "window") or hasattr(column, "palette")}
    return {key: cast(Images, column) for key, column in cut.items()}


def shrink_of(column: Images) -> int:
    """Return how many times smaller a column's images are than the largest of its group."""
    return int(getattr(column, "shrink", 1))


@dataclass(frozen=True)
class Split:
    """The training or the test share of a data set: groups that are drawn independently of each other."""

    groups: tuple[Group, ...]

    def __len__(self) -> int:
        """Return the number of samples that make one pass over the data."""
        return max(len(group) for group in self.groups)

    @property
    def columns(self) -> dict[str, Column]:
        """Return the columns of all groups, by batch key."""
        return {key: column for group in self.groups for key, column in group.columns.items()}


class Dataset(ABC):
    """Images to train on, in one or more kinds of batches.

    Attributes:
        name: what it is called.
        licence: the SPDX identifier of the images, or empty where unknown.
        kinds: the kinds of batches that it serves by itself; poorer ones are derived.
        summary: one line that says what was found and how it is read.
        classes: names of the labels.
        domains: names of the domains.
        argument: what follows its name in `--data NAME:ARGUMENT`, in a form that holds from every folder; None: as the
            user said it.
    """

    name: str
    licence: str = ""
    kinds: tuple[str, ...]
    summary: str = ""
    classes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    argument: str | None = None

    @property
    def credits(self) -> Sequence[str]:
        """Who made the images, where their licences ask to name them; a line each."""
        return ()

    @property
    def notes(self) -> Sequence[str]:
        """What a user should hear before a training, such as which files were left out; a line each."""
        return ()

    @property
    def sides(self) -> tuple[str, ...]:
        """Which of the domains are the two sides of pairs, the one that is translated first; empty: it has none."""
        return self.domains if len(self.domains) == 2 else ()

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return option values at which runs on batches of a kind are quick, by name ("size", "generator.filters").

        "normalization.generator" and "normalization.discriminator" name what normalizes a recipe's default networks.
        `steps` are turns of the critics: where these move five times in a step, a fifth as many steps are trained.
        """
        return {}

    @abstractmethod
    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share as groups of columns.

        `load` is the length in pixels to which the shorter side of larger or smaller images is brought; None keeps
        them as they are. Raises DataError.
        """

    def covering(self, kind: str, test: bool, load: Sides) -> Split:
        """Return a split as `split` does, of images that are no smaller than a height and width.

        Unless a data set says otherwise, their shorter side becomes the longer of the two. Raises DataError.
        """
        return self.split(kind, test, max(load))

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a hash of the contents, so that a run can say what it was trained on."""
