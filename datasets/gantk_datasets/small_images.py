"""Data sets of small labelled images, held in memory."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gantk import DataError, Dataset, Group, Split
from gantk.data.dataset import Array
from gantk.data.resized import resized
from gantk.plan.quick import NETWORKS


@dataclass(frozen=True)
class Share:
    """Images, uint8 (N, S, S, C), and their labels, int64 (N,)."""

    images: Array
    labels: Array


Shares = tuple[Share, Share]
"""The images to train on, and those that are held out."""


class SmallImages(Dataset):
    """Square labelled images of one size; they are read, or downloaded, when they are first asked for.

    Args:
        name: what `--data` calls it.
        read: returns both shares; raises DataError.
        what: what the images show, as the summary says it.
        split_by: how images were held out, where the publisher did not say which.
        folder: where its files were given; None: they are downloaded.
        classes: names of the labels.
        licence: SPDX identifier, or empty where unknown.
        size: height and width in pixels of the quick scale.
    """

    kinds = ("labelled",)

    def __init__(
        self,
        name: str,
        read: Callable[[], Shares],
        *,
        what: str,
        classes: tuple[str, ...],
        licence: str,
        size: int,
        split_by: str = "",
        folder: Path | None = None,
    ) -> None:
        self.argument = None if folder is None else str(folder.absolute())
        self.name, self.classes, self.licence = name, classes, licence
        self._read, self._what, self._split_by, self._size = read, what, split_by, size

    @property
    def summary(self) -> str:  # type: ignore[override]
        """What was found and how it is read, in one line."""
        train, test = (len(share.labels) for share in self.shares)
        held_out = f"{test:,} held out{f' ({self._split_by})' if self._split_by else ''}"
        return (
            f"{self.name}: {train + test:,} {self._what} at {self.shares[0].images.shape[1]} px, {train:,} to train, "
            f"{held_out}"
        )

    @cached_property
    def shares(self) -> Shares:
        """The images to train on, and those that are held out."""
        return self._read()

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return the scale at which two CPU cores show something within minutes: the images as they are."""
        scale = {"size": self._size, "batch_size": 64, "steps": 3000, "jitter": 1.0, "precision": "auto"}
        return {**scale, **NETWORKS}

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share; images are brought to `load` pixels when read."""
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves labelled batches, not {kind} ones")
        share = self.shares[test]
        return Split((Group({"image": resized(share.images, load), "label": share.labels}),))

    def fingerprint(self) -> str:
        """Return the SHA-256 of all pixels and labels, however they were packed."""
        digest = hashlib.sha256()
        for share in self.shares:
            digest.update(share.images.tobytes())
            digest.update(share.labels.tobytes())
        return digest.hexdigest()
