"""The graph around an exported network: any height and width, the data's own pixels, label maps by their ids."""

from collections.abc import Sequence
from fractions import Fraction

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn

from gantk.data.windows import from_window, to_window
from gantk.plan.trial import several
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.scale import LARGEST_SCALE
from gantk_exports.geometry import Geometry


class AnySize(nn.Module):
    """A network on images (N, C, H, W) in [-1, 1] at any H, W >= 1.

    All images are padded by repeating the last row and column, and what comes out, `scale` times as large, is cropped.
    """

    def __init__(self, network: nn.Module, geometry: Geometry, images: Sequence[bool], scale: float = 1) -> None:
        super().__init__()
        self.network = network
        self.geometry = geometry
        self.images = tuple(images)
        self.scale = Fraction(scale).limit_denominator(LARGEST_SCALE)

    def forward(self, *values: Tensor) -> Tensor:
        height, width = values[self.images.index(True)].shape[2:]
        right, below = self._padded(width) - width, self._padded(height) - height
        taken = [
            F.pad(value, (0, right, 0, below), mode="replicate") if image else value  # type: ignore[arg-type]
            for value, image in zip(values, self.images, strict=True)
        ]
        output: Tensor = self.network(*taken)[:, :, : self._scaled(height), : self._scaled(width)]
        return output

    def _padded(self, length: int) -> int | torch.SymInt:
        # -(-length // multiple) * multiple would export, and be wrong in silence.
        multiple = self.geometry.multiple
        return torch.sym_max(self.geometry.minimum, (length + multiple - 1) // multiple * multiple)

    def _scaled(self, length: int) -> int:
        if self.scale == 1:
            return length
        return (length * self.scale.numerator + self.scale.denominator - 1) // self.scale.denominator


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
    """Return a card's tensor as the network knows it: images as (N, C, H, W) in [-1, 1], label maps one-hot."""
    if isinstance(port, Port) and port.palette is not None:
        # Not by a scatter: a comparison reads each pixel alone, so models run in strips too.
        classes = torch.arange(len(port.palette), dtype=torch.float32, device=value.device)
        return (value.to(torch.float32).unsqueeze(1) == classes.view(1, -1, 1, 1)).to(torch.float32)
    if isinstance(port, Numbers) or port.layout == "NCHW":
        return value
    return from_window(value.to(torch.float32).permute(0, 3, 1, 2), port.range)


def _given(answer: Tensor, port: Port | Numbers) -> Tensor:
    """Return what a network gives as its card's tensor, rounded and clamped where that holds whole numbers."""
    if isinstance(port, Port) and port.palette is not None:
        return answer.argmax(1).to(getattr(torch, port.dtype))
    if isinstance(port, Numbers) or port.layout == "NCHW":
        return answer
    pixels = to_window(answer, port.range).permute(0, 2, 3, 1)
    dtype = getattr(torch, port.dtype)
    if not dtype.is_floating_point:
        limits = torch.iinfo(dtype)
        pixels = pixels.round().clamp(limits.min, limits.max)
    return pixels.to(dtype)
