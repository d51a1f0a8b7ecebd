"""A metric: a measure of what was trained, what it is given to measure, and the scores that it returns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Tensor

from gantk.data.dataset import Dataset
from gantk.recipe.graph import Input
from gantk.recipe.ports import Vector
from gantk.runtime.card import Task

Detail = float | int | str | None


@dataclass(frozen=True, kw_only=True)
class Score:
    """One number, and how it was measured.

    Attributes:
        name: what was measured, such as `modes` or `kid`.
        value: the number.
        better: whether higher or lower numbers are better.
        unit: what it is measured in, or empty.
        error: the standard error of the value, or what the protocol says it is; None: unknown.
        protocol: how it was measured, in a sentence that someone could repeat it by.
        details: what else the number depends on or is read beside: counts, bandwidth, extractor.
    """

    name: str
    value: float
    better: Literal["higher", "lower"]
    unit: str = ""
    error: float | None = None
    protocol: str
    details: Mapping[str, Detail] = field(default_factory=dict)


class Function(Protocol):
    """A graph of a trained run, or an exported model, as a function of torch tensors on the CPU.

    Images are float32 (N, C, H, W) in [-1, 1], label maps ids int64 (N, H, W). It computes in pieces, so N may be
    large.

    Attributes:
        name: the graph's name.
        task: what it does.
        inputs: what goes in: images by their batch key, a Latent, a Category, a Scalar, a Caption.
        outputs: what comes out: images by their batch key, or a Vector.
        scale: pixels of the image that comes out, along a side, for each of those that go in.
    """

    @property
    def name(self) -> str: ...
    @property
    def task(self) -> Task: ...
    @property
    def inputs(self) -> tuple[Input, ...]: ...
    @property
    def outputs(self) -> tuple[str | Vector, ...]: ...
    @property
    def scale(self) -> float: ...

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]: ...


@dataclass(frozen=True)
class Translated:
    """Held-out images, what a graph makes of them, and what it should make; each (N, C, H, W) in [-1, 1].

    Attributes:
        source: the held-out images.
        made: their translations.
        truth: what they should be; None where the data does not know.
    """

    source: Tensor
    made: Tensor
    truth: Tensor | None


class Subject(Protocol):
    """What is measured: functions, and the data to hold them against. All tensors are on the CPU.

    Attributes:
        dataset: the data.
        seed: what is drawn follows from it.
        device: where a metric's own networks may compute.
    """

    @property
    def dataset(self) -> Dataset: ...
    @property
    def seed(self) -> int: ...
    @property
    def device(self) -> torch.device: ...

    def function(self, *tasks: Task, gives: str | None = None) -> Function:
        """Return the first graph of the first of these tasks that has one, and that gives an output of that name.

        Raises Unsupported where there is none.
        """

    def generated(self, count: int, **said: Tensor) -> Tensor:
        """Return images (count, C, H, W) that the `generate` graph makes of the numbers that the seed stands for.

        `said` gives an input by its name instead, such as `label`. Raises Unsupported where there is no such graph.
        """

    def translated(self) -> Iterator[Translated]:
        """Yield all held-out images with what the `translate` graph makes of them, in pieces.

        Raises Unsupported where there is no such graph, or no such images.
        """

    def count(self, key: str, *, test: bool) -> int:
        """Return how many images of a batch key are held out, or trained on."""

    def images(self, key: str, *, test: bool, rows: slice | int = slice(None)) -> Tensor:
        """Return held-out or training images (N, C, H, W), cut centrally.

        `key` is a batch key ("image", "target", "b"). `rows` are those to take, or how many at most, spread evenly over
        the share. Raises Unsupported where the data holds no such images.
        """

    def labelled(self, *, test: bool) -> tuple[Tensor, Tensor]:
        """Return all held-out or training images (N, C, H, W) and their labels (N,).

        Raises Unsupported where the data has no labels.
        """


class Metric(ABC):
    """A measure of what was trained; its options are keyword-only parameters, as everywhere."""

    @abstractmethod
    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return the scores. Raises Unsupported, the reason, where the subject cannot be measured so.

        Torch's random numbers follow from the subject's seed while it measures.
        """
