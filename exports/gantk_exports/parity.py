"""The distance of an exported model from the torch network that it was exported from.

A difference of images is one of their values, of label maps the share of pixels with another class. One of vectors and
scores is relative: divided by the largest magnitude that torch gives in that output, over everything that is tried.

A sampler is compared step by step, see `gantk_exports.iterations`: the worst step's difference stands beside that of
the outputs from torch's last state. How far both part when all steps follow one another is noted too, and not limited.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from gantk.data.dataset import Array
from gantk.errors import GantkError
from gantk.parts.iterated import samplers_in
from gantk.plan.trial import several
from gantk.runtime.card import STEP, TOGETHER, Card, limited
from gantk.runtime.model import Model
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.samples import samples
from gantk_exports.geometry import Geometry
from gantk_exports.iterations import Steps

_TOLERANCE = 1e-4
_APART = 1e-3
_BATCHES = (1, 2)
_MOST = 64
_SIDE = 64


def differences(model: Model, module: nn.Module) -> dict[str, float]:
    """Return the largest difference between a model and its torch module, by input shapes, and by output if several.

    Two batch sizes, of which the larger holds every category (the first 64 at most), at two sizes each where those are
    free, of which one must be padded; of a sampler two samples at most, and each size with one batch. An image's shape
    reads N x H x W x C.
    """
    card, samplers = model.card, samplers_in(module)
    steps = Steps(model, module, samplers[0]) if samplers else None
    found: dict[tuple[str, int, str], float] = {}
    single: dict[str, float] = {}
    magnitudes = [float(np.finfo(np.float32).tiny)] * len(card.outputs)
    for (height, width), batch in _tries(card, bool(samplers)):
        values = samples(card.inputs, batch, height, width)
        shapes = ",".join(_shape(value, port) for value, port in zip(values, card.inputs, strict=True))
        answers = model.call(*values)
        if steps is None:
            compared = list(zip(answers, run_torch(module, values), strict=True))
        else:
            single[f"{shapes}{STEP}"], compared = steps.compared(values)
        for index, (answer, expected) in enumerate(compared):
            found[shapes, index, ""] = _largest_difference(answer, expected, card.outputs[index])
            if steps is not None:
                found[shapes, index, TOGETHER] = _largest_difference(answers[index], expected, card.outputs[index])
            magnitudes[index] = max(magnitudes[index], float(np.abs(expected.astype(np.float64)).max()))
    return single | {
        (shapes if len(card.outputs) == 1 else f"{shapes} {card.outputs[index].name}") + what: (
            value if isinstance(card.outputs[index], Port) else value / magnitudes[index]
        )
        for (shapes, index, what), value in found.items()
    }


def run_torch(module: nn.Module, values: Sequence[Array]) -> tuple[Array, ...]:
    """Return a torch module's output tensors for the tensors of its card."""
    with torch.no_grad():
        answers = several(module(*map(torch.from_numpy, values)))
    return tuple(answer.numpy() for answer in answers)


def limit(port: Port | Numbers) -> float:
    """Return the largest difference allowed: 1e-4 of a network's output, as pixels at least one level.

    Of a label map it is the share of pixels that may have another class, where two scored nearly alike.
    """
    if isinstance(port, Numbers):
        return _TOLERANCE
    if port.palette is not None:
        return _APART
    low, high = port.range
    if np.issubdtype(np.dtype(port.dtype), np.integer):
        return max(1.0, _TOLERANCE * (high - low))
    return _TOLERANCE * (high - low) / 2


def check(measured: Mapping[str, float], card: Card, name: str) -> None:
    """Raise GantkError where a difference is above the limit, or not a number."""
    for tried, value in limited(measured).items():
        # A graph gives one image, or else vectors alone, whose limits are one.
        allowed = _TOLERANCE if tried.endswith(STEP) else limit(card.outputs[0])
        if not value <= allowed:
            raise GantkError(
                f"{name}: ONNX Runtime differs from torch by {value:.3g} at {tried}, above the limit of {allowed:.3g}"
            )


def _tries(card: Card, sampler: bool) -> list[tuple[tuple[int, int], int]]:
    """Return the sizes and batches that are tried together."""
    sizes, batches = _sizes(card), _BATCHES if sampler else _batches(card)
    if not sampler:
        return [(size, batch) for size in sizes for batch in batches]
    return list(zip((sizes * 2)[:2], batches, strict=True)) if card.batch is None else [(sizes[0], card.batch)]


def _sizes(card: Card) -> tuple[tuple[int, int], ...]:
    if card.sides is not None:
        return (card.sides,)
    side = Geometry(card.multiple, card.minimum, card.halo).padded(_SIDE)
    return ((side, side), (side - 5, side + 13))


def _batches(card: Card) -> tuple[int, int]:
    counts = [port.categories for port in card.inputs if isinstance(port, Numbers)]
    small, large = _BATCHES
    return small, max(large, min(_MOST, max(counts, default=0)))


def _shape(value: Array, port: Port | Numbers) -> str:
    lengths = (port.from_tensor(value) if isinstance(port, Port) else value).shape
    return "x".join(str(length) for length in lengths)


def _largest_difference(answer: Array, expected: Array, port: Port | Numbers) -> float:
    if answer.shape != expected.shape or answer.dtype != expected.dtype:
        return float("inf")
    if isinstance(port, Port) and port.palette is not None:
        return float((answer != expected).mean())
    return float(np.abs(answer.astype(np.float64) - expected.astype(np.float64)).max())
