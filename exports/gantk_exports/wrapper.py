"""The graph around an exported network: any height and width, and the data's own pixels."""

from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn

from gantk.data.dataset import ImageInfo
from gantk.runtime.card import Port
from gantk_exports.geometry import Geometry

Io = Literal["uint8", "float"]

_COLOURS = {1: "grey", 3: "RGB", 4: "RGBA"}


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


class Pixels(nn.Module):
    """A network on the data's own pixels: (N, H, W, C) in the data's type and window to the same of the target's."""

    def __init__(self, network: AnySize, source: ImageInfo, target: ImageInfo) -> None:
        super().__init__()
        self.network = network
        self.source = source
        self.target = target

    def forward(self, image: Tensor) -> Tensor:
        low, high = self.source.window
        values = (image.to(torch.float32).permute(0, 3, 1, 2) - low) * (2 / (high - low)) - 1
        low, high = self.target.window
        pixels = ((self.network(values) + 1) * ((high - low) / 2) + low).permute(0, 2, 3, 1)
        dtype = getattr(torch, self.target.dtype)
        if not dtype.is_floating_point:
            limits = torch.iinfo(dtype)
            pixels = pixels.round().clamp(limits.min, limits.max)
        output: Tensor = pixels.to(dtype)
        return output


def wrapped(network: nn.Module, geometry: Geometry, source: ImageInfo, target: ImageInfo, io: Io) -> nn.Module:
    """Return the module that is exported: `float` is `AnySize`, `uint8` (the data's own type) is `Pixels`."""
    any_size = AnySize(network, geometry)
    return (any_size if io == "float" else Pixels(any_size, source, target)).eval()


def port(name: str, info: ImageInfo, io: Io) -> Port:
    """Return the card's description of an input or output."""
    low, high = info.window
    window = (float(low), float(high))
    return Port(
        name=name,
        layout="NCHW" if io == "float" else "NHWC",
        dtype="float32" if io == "float" else info.dtype,
        channels=info.channels,
        colour=_COLOURS.get(info.channels, ""),
        range=(-1.0, 1.0) if io == "float" else window,
        pixel=info.dtype,
        window=window,
    )
