"""A trained run, opened for export and measurement."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gantk.data.dataset import ImageInfo
from gantk.recipe.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A run's recipe with its trained weights.

    Attributes:
        run: the run's folder.
        plugin: the leading plugin.
        step: the checkpoint's step.
        recipe: on the CPU, float32, in its declared inference mode, with averaged weights where it keeps them.
        images: what each image key of its batches held ("a", "source", ...).
        data: name of the data.
        licence: SPDX identifier of the data, or empty.
        classes: names of the labels.
    """

    run: Path
    plugin: str
    step: int
    recipe: Recipe
    images: Mapping[str, ImageInfo]
    data: str
    licence: str
    classes: tuple[str, ...]
