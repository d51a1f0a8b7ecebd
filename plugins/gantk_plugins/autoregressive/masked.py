"""Networks in which a value of an image reads none but those before it; no plugin by itself.

The values of an image come row by row, from left to right, and at each pixel channel by channel. In a map every channel
belongs to one of the image's, in equal shares. A mask hides, at the pixel itself, the channels of what comes later: of
kind A the own one too, as the first layer must, of kind B the later ones alone (van den Oord et al. 2016,
arXiv:1601.06759, section 3.4).

`PixelCNN` is that paper's network (its table 1 and figure 5), whose masks leave a blind spot to the right above.
`GatedPixelCNN` has none: a vertical stack reads all rows above, a horizontal one reads it and what lies to the left
(arXiv:1606.05328, section 2.3, figure 2).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Kind = Literal["A", "B"]

FIRST = 7
"""Height and width of the first layer's kernel."""


def channel_mask(inputs: int, outputs: int, groups: int, kind: Kind) -> Tensor:
    """Return which channels (outputs, inputs) may be read at the pixel itself, as 1 and 0."""
    # Without torch, whose integer arithmetic loads its compiler where only shapes are known.
    one, other = ([number * groups // count for number in range(count)] for count in (inputs, outputs))
    return torch.tensor([[float(read < own or (kind == "B" and read == own)) for read in one] for own in other])


class Masked(nn.Conv2d):
    """A convolution of which a part of the weights is zero, and stays so.

    Args:
        inputs: channels of what it reads.
        outputs: channels of what it gives.
        kernel: height and width, odd numbers.
        groups: channels of the image.
        kind: which channels of the pixel itself are hidden.
        repeats: the outputs are so many maps, each of which has all channels of the image.
    """

    mask: Tensor

    def __init__(
        self, inputs: int, outputs: int, kernel: tuple[int, int], groups: int, kind: Kind, *, repeats: int = 1
    ) -> None:
        height, width = (side // 2 for side in kernel)
        super().__init__(inputs, outputs, kernel, padding=(height, width))
        mask = torch.ones(outputs, inputs, *kernel)
        mask[..., height + 1 :, :] = 0
        mask[..., height, width + 1 :] = 0
        mask[..., height, width] = channel_mask(inputs, outputs // repeats, groups, kind).repeat(repeats, 1)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self._conv_forward(x, self.weight * self.mask, self.bias)
        return answer


class Output(nn.Sequential):
    """Of a map (N, features, H, W) the logits (N, groups * levels, H, W), by two layers of single pixels."""

    def __init__(self, features: int, last: int, groups: int, levels: int) -> None:
        super().__init__(
            nn.ReLU(),
            Masked(features, last, (1, 1), groups, "B"),
            nn.ReLU(),
            Masked(last, groups * levels, (1, 1), groups, "B"),
        )


class Residual(nn.Module):
    """Half as many channels, a masked convolution of 3x3, and all again, added to what came in (figure 5)."""

    def __init__(self, features: int, groups: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(),
            Masked(features, features // 2, (1, 1), groups, "B"),
            nn.ReLU(),
            Masked(features // 2, features // 2, (3, 3), groups, "B"),
            nn.ReLU(),
            Masked(features // 2, features, (1, 1), groups, "B"),
        )

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = x + self.layers(x)
        return answer


class PixelCNN(nn.Module):
    """Tells of images (N, channels, H, W) the logits of each value's levels, (N, channels, levels, H, W).

    Args:
        channels: of the images.
        levels: that a value can have.
        features: channels of its maps for each of the image's, a multiple of 2: the paper's 2h.
        residuals: residual blocks.
        last: channels of the last layers for each of the image's.

    Attributes:
        reach: rows above a pixel that it reads.
    """

    def __init__(self, channels: int, levels: int, *, features: int, residuals: int, last: int) -> None:
        super().__init__()
        self.levels, self.reach = levels, FIRST // 2 + residuals
        features, last = features * channels, last * channels
        self.layers = nn.Sequential(
            Masked(channels, features, (FIRST, FIRST), channels, "A"),
            *(Residual(features, channels) for _ in range(residuals)),
        )
        self.out = Output(features, last, channels, levels)

    def forward(self, image: Tensor) -> Tensor:
        n, channels, height, width = image.shape
        logits: Tensor = self.out(self.layers(image))
        return logits.reshape(n, channels, self.levels, height, width)


def gated(x: Tensor) -> Tensor:
    """Return tanh of one half of the channels times the sigmoid of the other (arXiv:1606.05328, equation 2)."""
    one, other = x.chunk(2, 1)
    return one.tanh() * other.sigmoid()


class Gated(nn.Module):
    """A layer of both stacks (arXiv:1606.05328, figure 2); the first reads the image, and hides the pixel itself."""

    def __init__(self, inputs: int, features: int, groups: int, *, first: bool) -> None:
        super().__init__()
        side = FIRST if first else 3
        self.above, self.first = side // 2, first
        self.vertical = nn.Conv2d(inputs, 2 * features, (self.above + 1, side))
        self.down = nn.Conv2d(2 * features, 2 * features, 1)
        kind: Kind = "A" if first else "B"
        self.horizontal = Masked(inputs, 2 * features, (1, side), groups, kind, repeats=2)
        self.out = Masked(features, features, (1, 1), groups, "B")

    def forward(self, vertical: Tensor, horizontal: Tensor) -> tuple[Tensor, Tensor]:
        above = self.vertical(functional.pad(vertical, (self.above, self.above, self.above, 0)))
        # The vertical stack reads its own row; the horizontal one gets that of the row above.
        shifted = functional.pad(above, (0, 0, 1, 0))[:, :, :-1]
        made = self.out(gated(self.horizontal(horizontal) + self.down(shifted)))
        return gated(above), made if self.first else made + horizontal


class GatedPixelCNN(nn.Module):
    """Tells what `PixelCNN` tells, without its blind spot; `residuals` are its layers behind the first."""

    def __init__(self, channels: int, levels: int, *, features: int, residuals: int, last: int) -> None:
        super().__init__()
        self.levels, self.reach = levels, FIRST // 2 + residuals + 1
        features, last = features * channels, last * channels
        self.layers = nn.ModuleList(
            Gated(features if number else channels, features, channels, first=not number)
            for number in range(residuals + 1)
        )
        self.out = Output(features, last, channels, levels)

    def forward(self, image: Tensor) -> Tensor:
        n, channels, height, width = image.shape
        vertical = horizontal = image
        for layer in self.layers:
            vertical, horizontal = layer(vertical, horizontal)
        logits: Tensor = self.out(horizontal)
        return logits.reshape(n, channels, self.levels, height, width)
