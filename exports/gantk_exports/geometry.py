"""The sizes that a network can run at: stated by its plugin, or else found by trying."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from gantk.errors import GantkError
from gantk.parts.iterated import shortened
from gantk.plan.tensors import Ports
from gantk.runtime.samples import samples
from gantk.runtime.scale import scaled

_LARGEST = 512
_TRIED_AT = 64


@dataclass(frozen=True)
class Geometry:
    """Height and width, in pixels, that a network takes.

    Attributes:
        multiple: both must be multiples of this.
        minimum: both must be at least this; a multiple itself.
        halo: context that one output pixel reads on each side; None: unknown.
    """

    multiple: int
    minimum: int
    halo: int | None

    def padded(self, length: int) -> int:
        """Return the length to which an image side is padded."""
        return max(self.minimum, (length + self.multiple - 1) // self.multiple * self.multiple)


def geometry(module: nn.Module, inputs: Ports, scale: float = 1) -> Geometry:
    """Return what a network in inference form says of itself, or what trying shows.

    `inputs` describe what it takes, images as float (N, C, H, W); it gives an image `scale` times as large. Raises
    GantkError where it does so at no multiple up to 512.
    """

    def keeps(height: int, width: int) -> bool:
        return _keeps_size(module, inputs, scale, height, width)

    multiple = getattr(module, "multiple", None) or _find_multiple(module, scale, keeps)
    minimum = getattr(module, "minimum", None) or _find_minimum(module, multiple, keeps)
    return Geometry(multiple, (minimum + multiple - 1) // multiple * multiple, getattr(module, "halo", None))


def _find_multiple(module: nn.Module, scale: float, keeps: Callable[[int, int], bool]) -> int:
    multiple = 1
    while multiple <= _LARGEST:
        # Odd factors, so that what fits is this multiple and none of its doubles.
        factor = max(_TRIED_AT // multiple, 1) // 2 * 2 + 1
        if keeps(factor * multiple, (factor + 2) * multiple):
            return multiple
        multiple *= 2
    size = "its input's size" if scale == 1 else f"{scale:g} times its input's size"
    raise GantkError(
        f"{type(module).__name__} gives back no image of {size} at any multiple up to {_LARGEST} pixels; "
        "state the attributes `multiple` and `minimum` on it, or the graph's `scale`"
    )


def _find_minimum(module: nn.Module, multiple: int, keeps: Callable[[int, int], bool]) -> int:
    most = max(4 * multiple, _TRIED_AT)
    for length in range(multiple, most + 1, multiple):
        if keeps(length, length):
            return length
    raise GantkError(
        f"{type(module).__name__} runs at no size up to {most} pixels that is a multiple of {multiple}; "
        "state the attribute `minimum` on it"
    )


def _keeps_size(module: nn.Module, inputs: Ports, scale: float, height: int, width: int) -> bool:
    try:
        with torch.no_grad(), shortened():
            output = module(*map(torch.from_numpy, samples(inputs, 1, height, width)))
    # Whatever a network raises at a size that it cannot take (RuntimeError, ValueError, AssertionError) means no.
    except Exception:
        return False
    wanted = scaled(height, scale), scaled(width, scale)
    return bool(tuple(output.shape[2:]) == wanted and output.isfinite().all())
