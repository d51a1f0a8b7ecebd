"""SPADE's networks (Park et al. 2019, arXiv:1903.07291, appendix A), for other sizes too; no plugin by itself.

The generator begins with a grid of 16 times `filters` channels, made of a style or, without one, of the label map at
that size. Residual blocks follow, whose norms are told the label map, with nearest-neighbour doublings between them,
and a convolution to the image. With five doublings images of 256 pixels begin at 8, as in the authors' code; with six
at 4, as the paper draws it; seven are for images of 512 and more. As in the code, a LeakyReLU of 0.2 stands behind each
norm, the shortcut has none, and neither the convolutions over maps nor the last one have spectral norm.

At another size than that of the training, the grid that a style makes is resized bilinearly: this project's own.
"""

from __future__ import annotations

from itertools import pairwise
from math import log2

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from gantk import Build, GeneratorSpec, Normalization, Unsupported, UsageError, initialize_normal


class SpadeBlock(nn.Module):
    """A residual block from `inputs` to `outputs` channels, whose norms are told a map."""

    def __init__(self, inputs: int, outputs: int, condition: int, normalization: Normalization) -> None:
        super().__init__()
        middle = min(inputs, outputs)
        self.norms = nn.ModuleList(normalization.mapped_activation(width, condition) for width in (inputs, middle))
        self.layers = nn.ModuleList(
            normalization.weight(nn.Conv2d(before, after, 3, padding=1))
            for before, after in ((inputs, middle), (middle, outputs))
        )
        self.shortcut: nn.ModuleList | None = None
        if inputs != outputs:
            layer = normalization.weight(nn.Conv2d(inputs, outputs, 1, bias=False))
            self.shortcut = nn.ModuleList([normalization.mapped_activation(inputs, condition), layer])

    def forward(self, x: Tensor, layout: Tensor) -> Tensor:
        change = x
        for norm, layer in zip(self.norms, self.layers, strict=True):
            change = layer(leaky_relu(norm(change, layout), 0.2))
        if self.shortcut is not None:
            norm, layer = self.shortcut
            x = layer(norm(x, layout))
        return x + change


class SpadeGenerator(nn.Module):
    """Makes images (N, outputs, H, W) in [-1, 1] of label maps (N, layout, H, W), or of styles (N, L) and those.

    Attributes:
        multiple: H and W must be a multiple of it.
        minimum: the smallest H and W.
    """

    def __init__(
        self,
        layout: int,
        latent: int | None,
        outputs: int,
        sides: tuple[int, int],
        normalization: Normalization,
        *,
        filters: int,
        doublings: int,
    ) -> None:
        super().__init__()
        self.doublings = doublings
        self.multiple = 2**doublings
        # A norm of one pixel is zero whatever it held.
        self.minimum = 2 * self.multiple
        first = 16 * filters
        self.grid = (first, sides[0] >> doublings, sides[1] >> doublings)
        self.first: nn.Module = (
            nn.Conv2d(layout, first, 3, padding=1)
            if latent is None
            else nn.Linear(latent, first * self.grid[1] * self.grid[2])
        )
        # Of which the last is there with seven doublings alone.
        widths = [first, first, first, first // 2, first // 4, first // 8, first // 16, first // 32]
        widths = widths[: 7 + (doublings == 7)]
        self.blocks = nn.ModuleList(
            SpadeBlock(before, after, layout, normalization) for before, after in pairwise([first, *widths])
        )
        self.last = nn.Conv2d(widths[-1], outputs, 3, padding=1)

    def forward(self, *inputs: Tensor) -> Tensor:
        layout = inputs[-1]
        size = [layout.shape[2] // self.multiple, layout.shape[3] // self.multiple]
        if len(inputs) == 1:
            x = self.first(interpolate(layout, size, mode="nearest"))
        else:
            x = self.first(inputs[0]).unflatten(1, self.grid)
            # Under an export the size is no number, and what is resized to its own size stays as it is.
            if torch.compiler.is_exporting() or size != list(self.grid[1:]):
                x = interpolate(x, size, mode="bilinear")
        for number, block in enumerate(self.blocks):
            x = block(x, layout)
            # Below six doublings, both middle blocks work at one size.
            if number < len(self.blocks) - 1 and not (number == 1 and self.doublings == 5):
                x = interpolate(x, scale_factor=2.0, mode="nearest")
        image: Tensor = self.last(leaky_relu(x, 0.2)).tanh()
        return image


class StyleEncoder(nn.Module):
    """Tells mean and logarithm of the variance (N, length) of a picture's style, of pictures (N, channels, H, W).

    Pictures are brought to `side` pixels to a side, 256 in the paper, and halved to 4; then come two linear layers.
    """

    def __init__(self, channels: int, length: int, side: int, normalization: Normalization) -> None:
        super().__init__()
        self.side = side
        widths = [channels, *(64 * min(2**number, 8) for number in range(round(log2(side // 4))))]
        self.layers = nn.ModuleList(
            nn.Sequential(
                normalization.weight(nn.Conv2d(before, after, 3, stride=2, padding=1)), normalization.activation(after)
            )
            for before, after in pairwise(widths)
        )
        self.mean = nn.Linear(16 * widths[-1], length)
        self.log_variance = nn.Linear(16 * widths[-1], length)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        x = interpolate(picture, (self.side, self.side), mode="bilinear")
        for layer in self.layers:
            x = leaky_relu(layer(x), 0.2)
        x = x.flatten(1)
        return self.mean(x), self.log_variance(x)


def encoded_side(sides: tuple[int, int]) -> int:
    """Return how many pixels to a side a style is told of, of images of a size: a power of two, 8 to 256."""
    return max(min(1 << (min(sides).bit_length() - 1), 256), 8)


def initialize_glorot(network: nn.Module) -> None:
    """Draw each layer's weights after Glorot and Bengio (2010), from N(0, sqrt(2 / (inputs + outputs)))."""
    initialize_normal(network)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            connections = (layer.weight.shape[0] + layer.weight.shape[1]) * layer.weight[0, 0].numel()
            initialize_normal(layer, std=(2 / connections) ** 0.5)


def spade_generator(spec: GeneratorSpec, build: Build, *, filters: int = 64, doublings: int = 5) -> nn.Module:
    """Build a generator whose norms are told a label map.

    Args:
        filters: channels of the last block, with five or six doublings; the first have 16 times as many.
        doublings: how often the grid doubles, 5 to 7.
    """
    spec.accept("layout", "latent", "sides")
    layout = spec.need("layout")
    if filters < 2 or doublings not in (5, 6, 7):
        raise UsageError(f"spade needs filters >= 2 and doublings from 5 to 7, not {filters} and {doublings}")
    multiple = 2**doublings
    if any(side % multiple or side < 2 * multiple for side in spec.sides):
        raise Unsupported(
            f"with {doublings} doublings needs a size that is a multiple of {multiple} and at least {2 * multiple}, "
            f"not {spec.sides}"
        )
    normalization = build.normalization("generator")
    network = SpadeGenerator(
        layout, spec.latent, spec.outputs, spec.sides, normalization, filters=filters, doublings=doublings
    )
    return normalization.network(network)
