"""What a graph between domains is measured on: which images go in, which domain is asked for, and what it should be."""

from dataclasses import dataclass

from gantk.data.dataset import Dataset
from gantk.data.kinds import kind_called, served
from gantk.recipe.graph import Input
from gantk.recipe.metric import Function
from gantk.recipe.ports import Category

_KIND = "domains"


@dataclass(frozen=True)
class Across:
    """A translation of held-out images into a domain.

    Attributes:
        kind: the kind of batches that the images are of.
        source: their batch key.
        truth: the key of what they should become; empty: the data does not know.
        port: the category that says the domain.
        domain: the domain that is asked for; None: one is drawn for each image.
    """

    kind: str
    source: str
    truth: str
    port: Input
    domain: int | None


def across(function: Function, dataset: Dataset) -> Across | None:
    """Return what a graph is measured on that takes an image and the domain that it shall become one of; else None.

    Of data with two sides, these are a source and a target; of other data, all images.
    """
    (key,) = kind_called(_KIND).keys("domains")
    port = next((port for port in function.inputs if isinstance(port, Category) and port.name == key), None)
    if port is None:
        return None
    known = served(dataset.kinds)
    kind = next((kind for kind in ("paired", "unpaired") if kind in known), "")
    if not kind or not dataset.sides or dataset.sides[1] not in port.names:
        return Across(_KIND if _KIND in known else "images", "image", "", port, None)
    source, target = kind_called(kind).sides
    return Across(kind, source, target if kind == "paired" else "", port, port.names.index(dataset.sides[1]))
