"""Checks of a metric: it measures small functions on a few images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gantk.data.dataset import ArrayImages, Column, Dataset, Group, Split
from gantk.data.kinds import served
from gantk.data.views import open_split
from gantk.errors import Unsupported
from gantk.evaluation.subject import OpenSubject
from gantk.plan.open_data import open_data
from gantk.recipe.graph import Input
from gantk.recipe.metric import Metric, Score
from gantk.recipe.ports import Latent, Vector
from gantk.runs.config import Config
from gantk.runtime.card import Task
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure, Skip

SIZE, FEW, LENGTH = 32, 24, 8


def measures(checked: CheckedPlugin) -> str:
    """Measure functions of every task on a few images, twice after one seed."""
    metric: Metric = checked.factory("metric")(**checked.options_for("metric"))
    dataset = FewRows(open_data(Config(data=list(checked.data))))
    found = []
    for _ in range(2):
        torch.manual_seed(0)
        try:
            found.append(list(metric.measure(_subject(dataset))))
        except Unsupported as refusal:
            raise Skip(f"measures nothing that is tried here: {refusal}; say --data, or its options") from None
    if not found[0]:
        raise Failure("measure() returns no scores")
    for score, again in zip(*found, strict=True):
        if not isinstance(score, Score):
            raise Failure(f"measure() returned a {type(score).__name__}: gantk.Score objects are needed")
        if not score.name or not score.protocol:
            raise Failure(f"score {score.name!r} says no name or no protocol: a sentence that it could be repeated by")
        if not math.isfinite(score.value):
            raise Failure(f"score {score.name} is {score.value}")
        if score.value != again.value:
            raise Failure(
                f"score {score.name} is {score.value:g}, then {again.value:g} of the same seed: "
                "draw random numbers from torch alone"
            )
    return ", ".join(f"{score.name} {score.value:.4g}" for score in found[0])


class FewRows(Dataset):
    """The first rows of each share of a data set, and whatever else it knows.

    Args:
        whole: the data set.
    """

    def __init__(self, whole: Dataset) -> None:
        self.whole = whole
        self.name, self.kinds, self.summary = whole.name, whole.kinds, whole.summary
        self.classes, self.domains = whole.classes, whole.domains

    def __getattr__(self, name: str) -> Any:
        if name == "whole":
            raise AttributeError(name)
        return getattr(self.whole, name)

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return a share's first rows."""
        groups = self.whole.split(kind, test, load).groups
        return Split(tuple(Group({key: _first(column) for key, column in one.columns.items()}) for one in groups))

    def fingerprint(self) -> str:
        """Return that of the whole."""
        return self.whole.fingerprint()


@dataclass(frozen=True)
class SmallFunction:
    """A graph that is a formula."""

    task: Task
    inputs: tuple[Input, ...]
    outputs: tuple[str | Vector, ...]
    compute: Callable[[Tensor], Tensor]
    scale: float = 1

    @property
    def name(self) -> str:
        """Its task."""
        return self.task

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return (self.compute(inputs[0]),)


def _subject(dataset: FewRows) -> OpenSubject:
    size = 1 if "points" in dataset.kinds else SIZE
    columns = open_split(dataset, "images", False, size).columns
    channels = getattr(columns["image"], "channels", 3)
    pixels = channels * size**2
    draw = torch.Generator().manual_seed(0)
    maker = torch.randn(LENGTH, pixels, generator=draw) / LENGTH**0.5
    reader = torch.randn(pixels, LENGTH, generator=draw) / pixels**0.5
    source, target = ("source", "target") if "paired" in served(dataset.kinds) else ("image", "image")
    functions = (
        SmallFunction(
            "generate",
            (Latent(length=LENGTH),),
            ("image",),
            lambda z: (z @ maker).tanh().view(-1, channels, size, size),
        ),
        SmallFunction("translate", (source,), (target,), lambda x: 0.5 * x),
        SmallFunction("encode", ("image",), (Vector(name="code", length=LENGTH),), lambda x: x.flatten(1) @ reader),
        SmallFunction("score", ("image",), (Vector(name="score"),), lambda x: x.flatten(1).mean(1)),
    )
    known = dict.fromkeys((source, target, "image"), channels)
    return OpenSubject(functions={one.name: one for one in functions}, dataset=dataset, size=size, channels=known)


def _first(column: Column) -> Column:
    count = min(FEW, len(column))
    if hasattr(column, "window"):
        return ArrayImages(np.stack([column[row] for row in range(count)]), window=column.window)
    rows: Sequence[Any] = [column[row] for row in range(count)]
    return np.asarray(rows) if not isinstance(rows[0], str) else list(rows)
