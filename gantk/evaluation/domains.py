"""What a graph between domains is measured on: which images go in, what is said of them, what they should become."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gantk.data.dataset import Dataset
from gantk.data.kinds import kind_called, served
from gantk.recipe.metric import Function
from gantk.recipe.ports import Category
from gantk.recipe.recipe import Batch

TARGET, SOURCE = "domain", "source"
"""What the categories are called that say which domain an image shall become one of, and which it is of."""


@dataclass(frozen=True)
class Across:
    """A translation of held-out images into a domain.

    Attributes:
        kind: the kind of batches that the images are of.
        source: their batch key.
        truth: the key of what they should become; empty: the data does not know.
        said: the domains that are said by the names of the categories; of others, one is drawn for each image.
        columns: the keys of what the batches say of each image, by the names of the categories.
    """

    kind: str
    source: str
    truth: str
    said: Mapping[str, int]
    columns: Mapping[str, str]

    @property
    def keys(self) -> tuple[str, ...]:
        """All batch keys that are read."""
        return (self.source, *filter(None, [self.truth]), *self.columns.values())

    def told(self, batch: Batch) -> dict[str, Tensor]:
        """Return the domains (N,) of a batch's images, by the names of the categories that say them."""
        images: Tensor = batch[self.source]
        said = {name: torch.full((len(images),), number) for name, number in self.said.items()}
        return said | {name: batch[key].long() for name, key in self.columns.items()}


def across(function: Function, dataset: Dataset) -> Across | None:
    """Return what a graph is measured on that takes an image and the domain that it shall become one of; else None.

    Of data with two sides, these are a source and a target; of other data, all images.
    """
    ports = {port.name: port for port in function.inputs if isinstance(port, Category)}
    if TARGET not in ports:
        return None
    known, sides = served(dataset.kinds), dict(zip((SOURCE, TARGET), dataset.sides, strict=False))
    kind = next((kind for kind in ("paired", "unpaired") if kind in known), "")
    if not kind or len(sides) < 2 or any(sides[name] not in ports[name].names for name in ports.keys() & sides):
        columns = {name: kind_called("domains").keys("domains")[0] for name in ports.keys() & {SOURCE}}
        return Across("domains" if "domains" in known else "images", "image", "", {}, columns)
    source, target = kind_called(kind).sides
    said = {name: ports[name].names.index(sides[name]) for name in ports.keys() & sides}
    return Across(kind, source, target if kind == "paired" else "", said, {})
