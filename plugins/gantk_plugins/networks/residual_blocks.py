"""The residual blocks that WGAN-GP and SNGAN draw for CIFAR-10; no plugin by itself.

Both papers leave open what both authors' code states: the first block of the discriminator has no ReLU before it; a
shortcut is a 1x1 convolution where the block resizes or widens, else nothing; weights are drawn as Glorot and Bengio
(2010) do, those of 3x3 convolutions inside blocks sqrt(2) times as large, and biases are zero.

Resizing is by repeats and by means. A 3x3 convolution beside it is computed together with it, as one with a 4x4 kernel,
as progressive growing does it (Karras et al. 2017, arXiv:1710.10196): the same function in half the time (measured at
32 pixels and 128 filters on a CPU). A 1x1 convolution commutes with it, so that shortcuts convolve at the smaller size.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn

from gantk import Normalization


class DoubledConvolution(nn.Module):
    """A 3x3 convolution of the image in which each pixel is repeated to 2x2, computed as one of stride 1/2.

    Args:
        layer: the convolution, whose padding is 1.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = cast(nn.Conv2d, layer)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, 2 H, 2 W) of (N, inputs, H, W)."""
        kernel = _widened(self.layer.weight.transpose(0, 1).flip(2, 3))
        return F.conv_transpose2d(x, kernel, self.layer.bias, stride=2, padding=1)


class HalvedConvolution(nn.Module):
    """The means over 2x2 pixels of a 3x3 convolution, computed as one of stride 2.

    Args:
        layer: the convolution, whose padding is 1.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = cast(nn.Conv2d, layer)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, H / 2, W / 2) of (N, inputs, H, W); an odd row or column at the end is left out."""
        kernel = _widened(self.layer.weight) / 4
        return F.conv2d(x, kernel, self.layer.bias, stride=2, padding=1)


class UpBlock(nn.Module):
    """Doubles height and width: norm, ReLU, doubling, 3x3, norm, ReLU, 3x3, beside the doubled input.

    Args:
        inputs: channels that go in.
        outputs: channels that come out.
        normalization: how activations or weights are normalized.
        condition: length of the vector that conditions the norms; None: none.
    """

    def __init__(self, inputs: int, outputs: int, normalization: Normalization, condition: int | None = None) -> None:
        super().__init__()
        self.norms = nn.ModuleList(normalization.activation(channels, condition) for channels in (inputs, outputs))
        first = convolution(inputs, outputs, 3, normalization, gain=2**0.5, bias=not normalization.shifts)
        self.first = DoubledConvolution(first)
        self.second = convolution(outputs, outputs, 3, normalization, gain=2**0.5)
        self.shortcut = nn.Sequential(convolution(inputs, outputs, 1, normalization), nn.Upsample(scale_factor=2))

    def forward(self, x: Tensor, *condition: Tensor) -> Tensor:
        """Return (N, outputs, 2 H, 2 W) of (N, inputs, H, W), under a condition (N, length) if there is one."""
        inner = self.first(torch.relu(self.norms[0](x, *condition)))
        change: Tensor = self.second(torch.relu(self.norms[1](inner, *condition)))
        shortcut: Tensor = self.shortcut(x)
        return change + shortcut


class ScoreBlock(nn.Module):
    """A discriminator's block: norm, ReLU, 3x3, norm, ReLU, 3x3, beside its input; both halved by means if it halves.

    Args:
        inputs: channels that go in.
        outputs: channels that come out.
        normalization: how activations or weights are normalized.
        halves: whether height and width are halved; an odd row or column at the end is left out.
        first: whether it reads the image itself, and so begins with the convolution.
    """

    def __init__(
        self, inputs: int, outputs: int, normalization: Normalization, *, halves: bool, first: bool = False
    ) -> None:
        super().__init__()
        before = [] if first else [normalization.activation(inputs), nn.ReLU()]
        last = convolution(outputs, outputs, 3, normalization, gain=2**0.5)
        self.body = nn.Sequential(
            *before,
            convolution(inputs, outputs, 3, normalization, gain=2**0.5, bias=first or not normalization.shifts),
            nn.Identity() if first else normalization.activation(outputs),
            nn.ReLU(),
            HalvedConvolution(last) if halves else last,
        )
        resized = halves or inputs != outputs
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2) if halves else nn.Identity(),
            convolution(inputs, outputs, 1, normalization) if resized else nn.Identity(),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        shortcut: Tensor = self.shortcut(x)
        return change + shortcut


def convolution(
    inputs: int, outputs: int, kernel: int, normalization: Normalization, *, gain: float = 1.0, bias: bool = True
) -> nn.Module:
    """Return a convolution that keeps height and width, drawn as Glorot and Bengio do times a gain."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    return normalization.weight(_drawn(layer, gain))


def linear(inputs: int, outputs: int, normalization: Normalization) -> nn.Module:
    """Return a linear layer, drawn as Glorot and Bengio do."""
    return normalization.weight(_drawn(nn.Linear(inputs, outputs)))


def _drawn(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> nn.Module:
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _widened(kernel: Tensor) -> Tensor:
    """Return the sum of a 3x3 kernel's four places in a 4x4 one."""
    return torch.stack([F.pad(kernel, (i, 1 - i, j, 1 - j)) for i in (0, 1) for j in (0, 1)]).sum(0)
