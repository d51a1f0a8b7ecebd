"""How far an exported model is from the torch network that it was exported from."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from gantk.data.dataset import Array
from gantk.errors import GantkError
from gantk.runtime.card import Card, Port
from gantk.runtime.model import Model
from gantk_exports.geometry import Geometry

_TOLERANCE = 1e-4
_BATCHES = (1, 2)
_SIDE = 64


def differences(model: Model, module: nn.Module) -> dict[str, float]:
    """Return the largest difference in the output's values between a model and its torch module, by input shape.

    Two sizes, one of which must be padded, in two batch sizes each; a shape reads N x H x W x C.
    """
    card = model.card
    geometry = Geometry(card.multiple, card.minimum, card.halo)
    side = geometry.padded(_SIDE)
    measured = {}
    for height, width in ((side, side), (side - 5, side + 13)):
        for batch in _BATCHES:
            images = sample(card.inputs[0], batch, height, width)
            answer, expected = model.run(images), run_torch(module, card.inputs[0], images)
            name = "x".join(str(length) for length in images.shape)
            measured[name] = _largest_difference(answer, expected)
    return measured


def sample(port: Port, batch: int, height: int, width: int) -> Array:
    """Return random images (N, H, W, C) over the values of a model's input."""
    low, high = port.range
    values = np.random.default_rng(height * width + batch).uniform(low, high, (batch, height, width, port.channels))
    return values.astype(port.dtype)


def run_torch(module: nn.Module, port: Port, images: Array) -> Array:
    """Return a torch module's answer (N, H, W, C) to images (N, H, W, C)."""
    tensor = torch.from_numpy(images)
    with torch.no_grad():
        if port.layout == "NCHW":
            answer = module(tensor.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        else:
            answer = module(tensor)
    values: Array = answer.numpy()
    return values


def limit(port: Port) -> float:
    """Return the largest difference allowed: 1e-4 of a network's output, as pixels at least one level."""
    low, high = port.range
    if np.issubdtype(np.dtype(port.dtype), np.integer):
        return max(1.0, _TOLERANCE * (high - low))
    return _TOLERANCE * (high - low) / 2


def check(measured: Mapping[str, float], card: Card, name: str) -> None:
    """Raise GantkError where a difference is above the limit, or not a number."""
    allowed = limit(card.outputs[0])
    for shape, value in measured.items():
        if not value <= allowed:
            raise GantkError(
                f"{name}: ONNX Runtime differs from torch by {value:.3g} at {shape}, above the limit of {allowed:.3g}"
            )


def _largest_difference(answer: Array, expected: Array) -> float:
    if answer.shape != expected.shape or answer.dtype != expected.dtype:
        return float("inf")
    return float(np.abs(answer.astype(np.float64) - expected.astype(np.float64)).max())
