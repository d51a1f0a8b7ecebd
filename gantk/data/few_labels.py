"""Labelled images of which only some are known to have their labels, as batches: what semi-supervised recipes read."""

from functools import partial
from typing import Any, cast

import numpy as np

from gantk.data.chosen import ChosenImages
from gantk.data.dataset import Array, Group, Images, Split
from gantk.data.kinds import Kind
from gantk.errors import DataError

UNKNOWN = -1
"""The label of an image that has none."""

_CURE = "labels are one folder a class"


def few_labels(count: int, seed: int) -> Kind:
    """Return the kind of batches that hold so many labelled images alone, as many of each class as there can be.

    A seed stands for the same images everywhere; in a recipe's `__init__`, `torch.initial_seed()` is its run's. Where
    there are not so many, or fewer than there are classes are asked for, DataError is raised as the batches are opened.
    """
    served = {"labelled": partial(_few, count=count, seed=seed)}
    return Kind(f"{count} labels {seed}", {"image": "images", "label": "classes"}, served_by=served, cure=_CURE)


def some_labels(share: float, seed: int) -> Kind:
    """Return the kind of batches that hold all images, of which a share of each class has labels; the others have -1.

    At least one of each class has. A seed stands for the same images everywhere, as for `few_labels`.
    """
    served = {"labelled": partial(_some, share=share, seed=seed)}
    return Kind(f"{share:g} labelled {seed}", {"image": "images", "label": "classes"}, served_by=served, cure=_CURE)


def _few(split: Split, *, count: int, seed: int) -> Split:
    columns, labels = split.columns, _labels(split)
    present = len(np.unique(labels))
    if not present <= count <= len(labels):
        raise DataError(
            f"{count} labels were asked for: there are {len(labels):,} labelled images to train on, of {present} "
            "classes, each of which needs one"
        )
    ranks, _ = _ranks(labels, seed)
    rows = np.sort(np.argsort(ranks, kind="stable")[:count])
    chosen: dict[str, Any] = {"image": ChosenImages(cast(Images, columns["image"]), rows), "label": labels[rows]}
    return Split((Group(chosen),))


def _some(split: Split, *, share: float, seed: int) -> Split:
    labels = _labels(split)
    ranks, sizes = _ranks(labels, seed)
    known = (ranks == 0) | (ranks + 0.5 <= share * sizes)
    chosen: dict[str, Any] = {"image": split.columns["image"], "label": np.where(known, labels, UNKNOWN)}
    return Split((Group(chosen),))


def _labels(split: Split) -> Array:
    return np.asarray(split.columns["label"], np.int64)


def _ranks(labels: Array, seed: int) -> tuple[Array, Array]:
    """Return each row's place among those of its class, in an order that a seed draws, and its class's size: (N,)."""
    order = np.random.default_rng(seed).permutation(len(labels))
    ranks, sizes = np.empty(len(labels), np.int64), np.empty(len(labels), np.int64)
    for each in np.unique(labels):
        rows = order[labels[order] == each]
        ranks[rows], sizes[rows] = np.arange(len(rows)), len(rows)
    return ranks, sizes
