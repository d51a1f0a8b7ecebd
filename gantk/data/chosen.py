"""Some of a column's images as a column, and those of one domain as batches."""

from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from gantk.data.dataset import Array, DerivedImages, Group, Images, Split
from gantk.data.kinds import Kind


@dataclass(frozen=True)
class ChosenImages(DerivedImages):
    """Some rows of another column of images.

    Attributes:
        rows: their numbers (N,) there.
    """

    rows: Array

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Array:
        """Return an image (H, W, C) in its own dtype."""
        return self.images[int(self.rows[index])]


def one_domain(number: int) -> Kind:
    """Return the kind of batches that hold images of one domain alone, as `image`; `number` counts domains from 0.

    A recipe that reads some domains at a step, and each by itself, asks for it: `next(batches.of(one_domain(2)))`.
    """
    return Kind(
        f"domain {number}",
        {"image": "images"},
        translates=True,
        served_by={"domains": partial(_of_domain, number=number)},
        cure="its domains are folders with images in each",
    )


def _of_domain(split: Split, *, number: int) -> Split:
    columns = split.columns
    rows = np.flatnonzero(np.asarray(columns["domain"]) == number)
    return Split((Group({"image": ChosenImages(cast(Images, columns["image"]), rows)}),))
