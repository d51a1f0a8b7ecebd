"""The recurrent layers of PixelRNN, in which a value reads all those before it; no plugin by itself.

Both are LSTMs whose gates are made of a masked convolution of what comes in and of the states of the neighbors (van den
Oord et al. 2016, arXiv:1601.06759, equation 3). The Row LSTM goes from row to row, and reads three states of the row
above, hence a triangle of the image (section 3.1). The Diagonal BiLSTM goes from diagonal to diagonal, on maps whose
rows are each shifted by one more place, and reads the states above and to the left; its other direction those above and
to the right, one row higher. So it reads everything (section 3.2). Layers are residual (section 3.3).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from gantk_plugins.autoregressive.masked import FIRST, Masked, Output

Order = Literal["row", "diagonal"]

NEIGHBORS = 3
"""States of the row above that a Row LSTM reads, and what is read of its own row before the mask."""


def cell(gates: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """Return the state and the memory (N, h, ...) that gates (N, 4h, ...) and the memory before make (equation 3)."""
    output, forget, enter, content = gates.chunk(4, 1)
    memory = forget.sigmoid() * memory + enter.sigmoid() * content.tanh()
    return output.sigmoid() * memory.tanh(), memory


def skewed(x: Tensor) -> Tensor:
    """Return a map (N, C, H, W) as (N, C, H, W + H - 1), each row a place further right, and zeros around."""
    height, width = x.shape[2:]
    flat = functional.pad(x, (0, height)).flatten(2)
    return flat[:, :, : height * (width + height - 1)].reshape(*x.shape[:2], height, width + height - 1)


def straight(x: Tensor) -> Tensor:
    """Return the map (N, C, H, W) that was skewed."""
    height, width = x.shape[2], x.shape[3] - x.shape[2] + 1
    return functional.pad(x.flatten(2), (0, height)).reshape(*x.shape[:2], height, width + height)[..., :width]


class RowLSTM(nn.Module):
    """States (N, width, H, W) of a map (N, features, H, W), row after row.

    Args:
        features: channels of the map.
        width: channels of the states, the paper's h.
        groups: channels of the image.
    """

    def __init__(self, features: int, width: int, groups: int) -> None:
        super().__init__()
        self.width = width
        self.enter = Masked(features, 4 * width, (1, NEIGHBORS), groups, "B", repeats=4)
        self.pass_on = nn.Conv1d(width, 4 * width, NEIGHBORS, padding=NEIGHBORS // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        state = memory = x.new_zeros(x.shape[0], self.width, x.shape[3])
        states = []
        for gates in self.enter(x).unbind(2):
            state, memory = cell(gates + self.pass_on(state), memory)
            states.append(state)
        return torch.stack(states, 2)


class DiagonalLSTM(nn.Module):
    """States (N, width, H, W) of a map (N, features, H, W), diagonal after diagonal, in both directions at once.

    What states pass on has no bias, and so a place outside of the image has the state 0.
    """

    def __init__(self, features: int, width: int, groups: int) -> None:
        super().__init__()
        self.width = width
        self.enter = nn.ModuleList(Masked(features, 4 * width, (1, 1), groups, "B", repeats=4) for _ in range(2))
        self.pass_on = nn.ModuleList(nn.Conv1d(width, 4 * width, 2, bias=False) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.enter
        one = self._scanned(skewed(left(x)), 0)
        other = straight(self._scanned(skewed(right(x.flip(3))), 1)).flip(3)
        return straight(one) + functional.pad(other, (0, 0, 1, 0))[:, :, :-1]

    def _scanned(self, gates: Tensor, direction: int) -> Tensor:
        state = memory = gates.new_zeros(gates.shape[0], self.width, gates.shape[2])
        states = []
        for gate in gates.unbind(3):
            passed = self.pass_on[direction](functional.pad(state, (1, 0)))
            state, memory = cell(gate + passed, memory)
            states.append(state)
        return torch.stack(states, 3)


class PixelRNN(nn.Module):
    """Tells of images (N, channels, H, W) the logits of each value's levels, (N, channels, levels, H, W).

    Args:
        channels: of the images.
        levels: that a value can have.
        order: of the layers, row by row or diagonal by diagonal.
        features: channels of its maps for each of the image's, a multiple of 2: the paper's 2h.
        residuals: recurrent layers.
        last: channels of the last layers for each of the image's.
    """

    def __init__(self, channels: int, levels: int, order: Order, *, features: int, residuals: int, last: int) -> None:
        super().__init__()
        self.levels, self.order = levels, order
        features, last = features * channels, last * channels
        self.first = Masked(channels, features, (FIRST, FIRST), channels, "A")
        kind = RowLSTM if order == "row" else DiagonalLSTM
        self.layers = nn.ModuleList(kind(features, features // 2, channels) for _ in range(residuals))
        self.up = nn.ModuleList(Masked(features // 2, features, (1, 1), channels, "B") for _ in range(residuals))
        self.out = Output(features, last, channels, levels)

    def forward(self, image: Tensor) -> Tensor:
        n, channels, height, width = image.shape
        x = self.first(image)
        for layer, up in zip(self.layers, self.up, strict=True):
            x = x + up(layer(x))
        logits: Tensor = self.out(x)
        return logits.reshape(n, channels, self.levels, height, width)
