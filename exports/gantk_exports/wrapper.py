"""The graph around an exported network: any height and width, and the data's own pixels."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn

from gantk.data.windows import from_window, to_window
from gantk.runtime.card import Numbers, Port
from gantk_exports.geometry import Geometry


def several(answer: Any) -> tuple[Tensor, ...]:
    """Return what a network gave as a tuple of its outputs."""
    return tuple(answer) if isinstance(answer, tuple | list) else (answer,)


class AnySize(nn.Module):
    """A network at any H, W >= 1: (N, C, H, W) in [-1, 1], padded by repeating the last row and column, and cropped."""

    def __init__(self, network: nn.Module, geometry: Geometry) -> None:
        super().__init__()
        self.network = network
        self.geometry = geometry

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        right, below = self._padded(width) - width, self._padded(height) - height
        padded = F.pad(image, (0, right, 0, below), mode="replicate")  # type: ignore[arg-type]
        output: Tensor = self.network(padded)[:, :, :height, :width]
        return output

    def _padded(self, length: int) -> int | torch.SymInt:
        # -(-length // multiple) * multiple would export, and be wrong in silence.
        multiple = self.geometry.multiple
        return torch.sym_max(self.geometry.minimum, (length + multiple - 1) // multiple * multiple)


class Tensors(nn.Module):
    """A network on the tensors of its card: images in the data's own pixels or as the network knows them, numbers."""

    def __init__(self, network: nn.Module, inputs: Sequence[Port | Numbers], outputs: Sequence[Port | Numbers]) -> None:
        super().__init__()
        self.network = network
        self.inputs = inputs
        self.outputs = outputs

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        taken = [_taken(value, port) for value, port in zip(values, self.inputs, strict=True)]
        answers = several(self.network(*taken))
        return tuple(_given(answer, port) for answer, port in zip(answers, self.outputs, strict=True))


def _taken(value: Tensor, port: Port | Numbers) -> Tensor:
    """Return a card's tensor as the network knows it: images as (N, C, H, W) in [-1, 1]."""
    if isinstance(port, Numbers) or port.layout == "NCHW":
        return value
    return from_window(value.to(torch.float32).permute(0, 3, 1, 2), port.range)


def _given(answer: Tensor, port: Port | Numbers) -> Tensor:
    """Return what a network gives as its card's tensor, rounded and clamped where that holds whole numbers."""
    if isinstance(port, Numbers) or port.layout == "NCHW":
        return answer
    pixels = to_window(answer, port.range).permute(0, 2, 3, 1)
    dtype = getattr(torch, port.dtype)
    if not dtype.is_floating_point:
        limits = torch.iinfo(dtype)
        pixels = pixels.round().clamp(limits.min, limits.max)
    return pixels.to(dtype)
