"""Images drawn value by value by PixelRNN, of states that are kept: a step computes one pixel; no plugin by itself.

No map of a pixel hangs on the pixel's last value, which the first layer hides. So what a step computes to draw it is
what all later ones read of this pixel.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from gantk import Iterated
from gantk_plugins.autoregressive.levels import values
from gantk_plugins.autoregressive.masked import FIRST
from gantk_plugins.autoregressive.recurrent import DiagonalLSTM, PixelRNN, RowLSTM, cell

Kept = tuple[Tensor, ...]


class Remembered(Iterated):
    """Images of uniform noise for each value; the state is the image, and what layers keep, (N, layer, channels, W).

    A diagonal layer's other direction goes through the row above before a row is begun, a pixel a step: a row of W
    pixels takes W steps more.

    Args:
        network: tells logits (N, C, levels, H, W) of images, each of those before it.
        shape: channels, height and width.
    """

    places: Tensor
    columns: Tensor
    window: Tensor

    def __init__(self, network: PixelRNN, shape: tuple[int, int, int]) -> None:
        channels, height, width = shape
        self.before = width if network.order == "diagonal" else 0
        super().__init__(height * (width * channels + self.before))
        self.network, self.shape = network, shape
        places = torch.arange(channels * height * width).view(height, width, channels).permute(2, 0, 1)
        self.register_buffer("places", places.contiguous(), persistent=False)
        self.register_buffer("columns", torch.arange(width), persistent=False)
        self.register_buffer("window", torch.arange(FIRST), persistent=False)

    def start(self, *given: Tensor) -> Kept:
        """Begin with an image of which nothing is known, and with states of zero."""
        noise, width = given[0], self.shape[2]
        one = noise.flatten(1)[:, :1, None, None] * 0
        layers, features = len(self.network.layers), self.network.first.out_channels
        rows = one.expand(-1, layers, features, width) + one.new_zeros(width)
        # Inputs of layers in the row; states and memories of the row, of that above, and of the other direction.
        return (torch.zeros_like(noise), rows, rows, rows, rows)

    def advance(self, state: Kept, index: Tensor, *given: Tensor) -> Kept:
        """Draw a value: the first level whose share of the probability, with those below it, reaches the noise."""
        image, inputs, current, above, other = state
        (noise, temperature), (channels, _, width) = given, self.shape
        steps = width * channels + self.before
        row, step = index // steps, index % steps
        if self.before:
            other = self._other(inputs, other, (width - 1 - step).clamp(min=0), (row > 0) & (step < width))
        draws = step >= self.before
        step = (step - self.before).clamp(min=0)
        column, channel = step // channels, step % channels
        here = (self.columns == column) & draws
        x = self._first(image, row, column)
        for number, (layer, up) in enumerate(zip(self.network.layers, self.network.up, strict=True)):
            if isinstance(layer, RowLSTM):
                told = self._row(layer, x, inputs[:, number], above[:, number], column)
            else:
                assert isinstance(layer, DiagonalLSTM)
                told = self._left(layer, x, current[:, number], above[:, number], column)
            hidden = told.chunk(2, 1)[0]
            if self.before:
                hidden = hidden + other[:, number].chunk(2, 1)[0].index_select(2, column[None])
            inputs = self._kept(inputs, number, x, here)
            current = self._kept(current, number, told, here)
            x = x + up(hidden[..., None])[..., 0]
        logits = self.network.out(x[..., None]).unflatten(1, (channels, -1))
        logits = logits.index_select(1, channel[None])[:, 0, :, 0, 0] / temperature[:, None]
        # A row that is complete is the one above of the next.
        above = torch.where((column == width - 1) & (channel == channels - 1) & draws, current, above)
        place = (self.places == row * (width * channels) + step) & draws
        wanted = (torch.where(place, noise, 0.0).flatten(1).sum(1) + 1) / 2
        below = logits.softmax(1).cumsum(1) < wanted[:, None]
        drawn = values(below.sum(1).clamp(max=self.network.levels - 1), self.network.levels)
        return torch.where(place, drawn[:, None, None, None], image), inputs, current, above, other

    def finish(self, state: Kept, *given: Tensor) -> Tensor:
        """Return the image."""
        return state[0]

    def _kept(self, rows: Tensor, number: int, new: Tensor, here: Tensor) -> Tensor:
        """Return rows of all layers (N, layer, ..., W) in which one's numbers (N, ..., 1) are new at the column."""
        parts = list(rows.unbind(1))
        parts[number] = torch.where(here, new, parts[number])
        return torch.stack(parts, 1)

    def _first(self, image: Tensor, row: Tensor, column: Tensor) -> Tensor:
        """Return the first layer's map at a pixel, (N, features, 1)."""
        side = FIRST // 2
        padded = functional.pad(image, (side, side, side, side))
        patch = padded.index_select(2, row + self.window).index_select(3, column + self.window)
        first = self.network.first
        return functional.conv2d(patch, first.weight * first.mask, first.bias)[..., 0]

    def _row(self, layer: RowLSTM, x: Tensor, inputs: Tensor, above: Tensor, column: Tensor) -> Tensor:
        """Return state and memory (N, 2h, 1) of a pixel of which x (N, features, 1) comes in."""
        state, memory = above.chunk(2, 1)
        left = functional.pad(inputs, (1, 0)).index_select(2, column[None])
        enter = layer.enter
        # The third weight, of the pixel to the right, is zero.
        weight = (enter.weight * enter.mask)[:, :, 0, :2]
        gates = functional.conv1d(torch.cat([left, x], 2), weight, enter.bias)
        around = functional.pad(state, (1, 1)).index_select(2, column + self.window[:3])
        gates = gates + functional.conv1d(around, layer.pass_on.weight)
        return torch.cat(cell(gates, memory.index_select(2, column[None])), 1)

    def _left(self, layer: DiagonalLSTM, x: Tensor, current: Tensor, above: Tensor, column: Tensor) -> Tensor:
        """Return state and memory (N, 2h, 1) of the direction to the right."""
        beside = functional.pad(current, (1, 0)).index_select(2, column[None])
        return stepped(layer, 0, x, above.index_select(2, column[None]), beside)

    def _other(self, inputs: Tensor, other: Tensor, column: Tensor, due: Tensor) -> Tensor:
        """Return states and memories of the other direction, that of the row above at a column renewed if it is due."""
        made = []
        for number, layer in enumerate(self.network.layers):
            rows = other[:, number]
            beside = functional.pad(rows, (0, 1)).index_select(2, column[None] + 1)
            x = inputs[:, number].index_select(2, column[None])
            new = stepped(layer, 1, x, rows.index_select(2, column[None]), beside)  # type: ignore[arg-type]
            made.append(torch.where((self.columns == column) & due, new, rows))
        return torch.stack(made, 1)


def stepped(layer: DiagonalLSTM, direction: int, x: Tensor, above: Tensor, beside: Tensor) -> Tensor:
    """Return state and memory (N, 2h, 1) by what comes in, and by those above and beside."""
    states = torch.cat([above.chunk(2, 1)[0], beside.chunk(2, 1)[0]], 2)
    gates = layer.enter[direction](x[..., None])[..., 0] + layer.pass_on[direction](states)
    return torch.cat(cell(gates, beside.chunk(2, 1)[1]), 1)
