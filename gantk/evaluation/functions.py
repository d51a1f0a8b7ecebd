"""Graphs of a run and exported models as functions of tensors, computed in pieces."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import prod

import numpy as np
import torch
from torch import Tensor

from gantk.data.palettes import Palette
from gantk.data.windows import from_window, to_window
from gantk.recipe.graph import Graph, Input
from gantk.recipe.ports import Caption, Category, Image, Latent, Scalar, Vector
from gantk.runtime.card import Task
from gantk.runtime.model import Model
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import MOST_NUMBERS

PIECE = 64
"""Samples that are computed at once, where their images have no more than `PIXELS` pixels together."""

PIXELS = 2**20


def piece(sides: tuple[int, int], inputs: Sequence[Input] = ()) -> int:
    """Return how many images of this height and width are computed at once, with these further inputs."""
    numbers = sum(port.length for port in inputs if isinstance(port, Latent))
    return max(1, min(PIECE, PIXELS // prod(sides), MOST_NUMBERS // max(1, numbers)))


class Pieces(ABC):
    """A function of many samples that answers a few at once.

    Attributes:
        name: the graph's name.
        task: what it does.
        inputs: what goes in: images and label maps, as ids (N, H, W), by their batch key, a Latent, a Category, a
            Scalar, a Caption.
        outputs: what comes out: images and label maps by their batch key, or a Vector.
        form: how it is computed.
        scale: pixels of the image that comes out, along a side, for each of those that go in.
    """

    name: str
    task: Task
    inputs: tuple[Input, ...]
    outputs: tuple[str | Vector, ...]
    form: str
    scale: float

    def __init__(self, sides: tuple[int, int]) -> None:
        self._sides = sides

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs on the CPU, in order."""
        parts = zip(*(torch.split(values, piece(self._sides, self.inputs)) for values in inputs), strict=True)
        answers = [self._answer(*part) for part in parts]
        return tuple(torch.cat(column) for column in zip(*answers, strict=True))

    @abstractmethod
    def _answer(self, *inputs: Tensor) -> tuple[Tensor, ...]: ...


class RunFunction(Pieces):
    """A graph of a trained recipe that stands in its inference form, in float32.

    Args:
        name: the graph's name.
        graph: the graph.
        sides: height and width in pixels of the images.
        device: where it computes.
        palettes: the classes of label maps by batch key.
    """

    form = "torch fp32"

    def __init__(
        self,
        name: str,
        graph: Graph,
        sides: tuple[int, int],
        device: torch.device,
        palettes: Mapping[str, Palette] | None = None,
    ) -> None:
        super().__init__(sides)
        self._palettes = palettes or {}
        self.name, self.task, self.inputs, self.outputs = name, graph.task, graph.inputs, graph.outputs
        self.scale = graph.scale
        self._device = device
        self._network = graph.network.to(device)

    def _answer(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        # The default for convolutions on CUDA is TF32, which is not float32.
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            given = zip(self.inputs, (values.to(self._device) for values in inputs), strict=True)
            answer = self._network(*(self._known(port, values) for port, values in given))
        answers = answer if isinstance(answer, tuple) else (answer,)
        scored = [isinstance(port, str) and port in self._palettes for port in self.outputs]
        return tuple((v.argmax(1) if ids else v).cpu() for v, ids in zip(answers, scored, strict=True))

    def _known(self, port: Input, values: Tensor) -> Tensor:
        """Return values as the network knows them, label maps as one-hot numbers."""
        palette = self._palettes.get(port) if isinstance(port, str) else None
        return values if palette is None else palette.one_hot(values)


class ModelFunction(Pieces):
    """An exported model, run by ONNX Runtime.

    Args:
        model: the model.
        sides: height and width in pixels of the images.
    """

    form = "onnxruntime"

    def __init__(self, model: Model, sides: tuple[int, int]) -> None:
        super().__init__(sides)
        self._model = model
        self.name, self.task, self.scale = model.card.graph, model.card.task, model.card.scale

    @cached_property
    def inputs(self) -> tuple[Input, ...]:  # type: ignore[override]
        return tuple(_input(port) for port in self._model.card.inputs)

    @cached_property
    def outputs(self) -> tuple[str | Vector, ...]:  # type: ignore[override]
        return tuple(_output(port) for port in self._model.card.outputs)

    def _answer(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        card = self._model.card
        given = (_to_model(port, values) for port, values in zip(card.inputs, inputs, strict=True))
        answer = self._model.call(*given)
        return tuple(_from_model(port, values) for port, values in zip(card.outputs, answer, strict=True))


def _input(port: Port | Numbers) -> Input:
    if isinstance(port, Port):
        return Image(port.key, name=port.name)
    if port.kind == "category":
        default = None if port.default is None else int(port.default)
        return Category(name=port.name, count=port.categories, names=port.names, default=default)
    if port.kind == "caption":
        return Caption(name=port.name, words=port.words, length=port.length)
    if port.kind == "scalar":
        return Scalar(name=port.name, default=port.default or 0.0, low=port.low, high=port.high)
    return Latent(name=port.name, length=port.length, shape=port.shape, distribution=port.distribution or "normal")


def _output(port: Port | Numbers) -> str | Vector:
    if isinstance(port, Port):
        return port.key
    return Vector(name=port.name, length=None if port.layout == "N" else port.length)


def _to_model(port: Port | Numbers, values: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    if not isinstance(port, Port) or port.palette is not None:
        return values.numpy().astype(port.dtype)
    tensor = to_window(values.permute(0, 2, 3, 1), port.range)
    if np.issubdtype(np.dtype(port.dtype), np.integer):
        limits = np.iinfo(port.dtype)
        tensor = tensor.round().clamp(limits.min, limits.max)
    return port.to_tensor(tensor.numpy().astype(port.dtype))


def _from_model(port: Port | Numbers, values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Tensor:
    if not isinstance(port, Port):
        return torch.from_numpy(values)
    if port.palette is not None:
        return torch.from_numpy(values.astype(np.int64))
    images = torch.from_numpy(port.from_tensor(values).astype(np.float32)).permute(0, 3, 1, 2).contiguous()
    return from_window(images, port.range)
