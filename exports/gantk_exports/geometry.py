"""The sizes that a network can run at: stated by its plugin, or else found by trying."""

from dataclasses import dataclass

import torch
from torch import nn

from gantk.errors import GantkError

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


def geometry(module: nn.Module, channels: int) -> Geometry:
    """Return what a network (N, channels, H, W) -> (N, ?, H, W) in inference form says of itself, or what trying shows.

    Raises GantkError where it gives back an image of its input's size at no multiple up to 512.
    """
    multiple = getattr(module, "multiple", None) or _find_multiple(module, channels)
    minimum = getattr(module, "minimum", None) or _find_minimum(module, channels, multiple)
    return Geometry(multiple, (minimum + multiple - 1) // multiple * multiple, getattr(module, "halo", None))


def _find_multiple(module: nn.Module, channels: int) -> int:
    multiple = 1
    while multiple <= _LARGEST:
        # Odd factors, so that what fits is this multiple and none of its doubles.
        factor = max(_TRIED_AT // multiple, 1) // 2 * 2 + 1
        if _keeps_size(module, channels, factor * multiple, (factor + 2) * multiple):
            return multiple
        multiple *= 2
    raise GantkError(
        f"{type(module).__name__} gives back no image of its input's size at any multiple up to {_LARGEST} pixels; "
        "state the attributes `multiple` and `minimum` on it"
    )


def _find_minimum(module: nn.Module, channels: int, multiple: int) -> int:
    most = max(4 * multiple, _TRIED_AT)
    for length in range(multiple, most + 1, multiple):
        if _keeps_size(module, channels, length, length):
            return length
    raise GantkError(
        f"{type(module).__name__} runs at no size up to {most} pixels that is a multiple of {multiple}; "
        "state the attribute `minimum` on it"
    )


def _keeps_size(module: nn.Module, channels: int, height: int, width: int) -> bool:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, channels, height, width, generator=generator) * 2 - 1
    try:
        with torch.no_grad():
            output = module(image)
    # Whatever a network raises at a size that it cannot take (RuntimeError, ValueError, AssertionError) means no.
    except Exception:
        return False
    return bool(output.shape[2:] == image.shape[2:] and output.isfinite().all())
