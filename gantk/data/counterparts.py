"""Images and what is made of other ones: two domains of which pairs are known, and none is trained on."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gantk.data.chosen import ChosenImages
from gantk.data.dataset import Array, Dataset, DerivedImages, Group, Split, image_columns
from gantk.data.derived import Derived
from gantk.data.kinds import served
from gantk.data.views import open_split
from gantk.errors import DataError
from gantk.sizes import Sides

Made = Literal["edges", "negative"]
"""What is made of an image: its outline, which is a dilation by 3 x 3 pixels without the image, or its negative."""


@dataclass(frozen=True)
class Counterpart(DerivedImages):
    """What is made of each image of a column."""

    made: Made

    def __getitem__(self, index: int) -> Array:
        """Return the counterpart (H, W, C) of an image, in its dtype and within its window."""
        low, high = self.window
        image = self.images[index]
        if self.made == "negative":
            return np.asarray(low + high - image).astype(image.dtype)
        height, width = image.shape[:2]
        around = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
        moved = [around[y : y + height, x : x + width] for y in range(3) for x in range(3)]
        return np.asarray(low + np.max(moved, axis=0) - image).astype(image.dtype)


class Counterparts(Derived):
    """The images of a data set as A, and as B what is made of other ones of them.

    To train on, a half of the images is A and the counterparts of the other half are B, so that no pair is in both;
    which is in which is drawn once. Held out, A and B are pairs. Labels, where there are some, are A's; `labelled`
    batches show counterparts, so that a classifier of B can be measured.
    """

    def __init__(self, dataset: Dataset, made: Made) -> None:
        super().__init__(dataset, f"image -> {made}")
        self.made, self.classes = made, dataset.classes
        self.kinds = ("paired", "unpaired", *(("adapted", "labelled") if "labelled" in served(dataset.kinds) else ()))

    def derived(self, kind: str, test: bool, load: int | Sides | None) -> Split:
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves {' / '.join(self.kinds)} batches, not {kind} ones")
        columns = open_split(
            self.dataset, "labelled" if kind in ("adapted", "labelled") else "images", test, load
        ).columns
        image = image_columns(columns)["image"]
        order = np.arange(len(image)) if test else np.random.default_rng(0).permutation(len(image))
        first, second = (order, order) if test else np.split(order, [len(order) // 2])
        counterpart = Counterpart(image, self.made)
        if kind == "paired":
            return Split((Group({"source": image, "target": counterpart}),))
        if kind == "labelled":
            return Split((Group({"image": counterpart, "label": columns["label"]}),))
        a, b = ChosenImages(image, first), ChosenImages(counterpart, second)
        labels = {"label": np.asarray(columns["label"])[first]} if kind == "adapted" else {}
        return Split((Group({"a": a, **labels}), Group({"b": b})))
