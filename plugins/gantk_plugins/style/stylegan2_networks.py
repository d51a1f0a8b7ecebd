"""The networks of StyleGAN2 (Karras et al. 2019, arXiv:1912.04958): figure 2 (d), figure 7 (b) and (c), appendix B."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, linear

from gantk import DiscriminatorSpec, Normalization
from gantk_plugins.networks.layers import coarsest
from gantk_plugins.style.layers import (
    GAIN,
    Doubled,
    EqualizedConv,
    EqualizedLinear,
    MinibatchDeviation,
    Smooth,
    active,
    inverse_root,
    widths,
)

TAPS = (1.0, 3.0, 3.0, 1.0)
"""The low-pass filter that is used wherever maps are doubled or halved."""


class ModulatedConv(nn.Module):
    """A convolution whose weights a style scales: (N, inputs, H, W) and (N, style) -> (N, outputs, H', W').

    Equations 1 to 3: w' = s w, and w'' = w' divided by the norm of all that makes an output map. A sample's own
    weights come to the same as scaling the inputs by s and the outputs by what demodulates.

    Args:
        inputs: channels that go in.
        outputs: channels that come out.
        kernel: height and width of the kernel.
        style: length of the style.
        demodulates: whether weights are divided by their norm.
        doubles: whether the image that comes out is twice as high and wide.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        style: int,
        *,
        demodulates: bool = True,
        doubles: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.style = EqualizedLinear(style, inputs, bias=1.0)
        self.scale, self.padding = 1 / math.sqrt(inputs * kernel**2), kernel // 2
        self.demodulates = demodulates
        self.smooth = Smooth(TAPS, gain=4.0) if doubles else None

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style, weight = self.style(w), self.weight * self.scale
        x = x * style[:, :, None, None]
        if self.smooth is None:
            x = conv2d(x, weight, padding=self.padding)
        else:
            x = self.smooth(conv_transpose2d(x, weight.transpose(0, 1), stride=2))
        if self.demodulates:
            norms = linear(style.square(), weight.square().sum((2, 3)))
            x = x * inverse_root(norms)[:, :, None, None]
        return x


class StyledLayer(nn.Module):
    """A modulated convolution, noise as strong as is learned, a bias, and a leaky ReLU (figure 2 (d)).

    (N, inputs, H, W), styles (N, style) and noise (N, 1, H', W') -> (N, outputs, H', W').
    """

    def __init__(self, inputs: int, outputs: int, style: int, *, doubles: bool = False) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 3, style, doubles=doubles)
        self.strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        return active(self.conv(x, w) + self.strength * noise + self.bias)


class ToImage(nn.Module):
    """What a map adds to the image: (N, inputs, H, W) and styles (N, style) -> (N, channels, H, W)."""

    def __init__(self, inputs: int, channels: int, style: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, channels, 1, style, demodulates=False)
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        added: Tensor = self.conv(x, w) + self.bias
        return added


class Maps(nn.Module):
    """Makes maps of styles and noise, one of every size: what images are made of.

    Styles are (N, layers, style), one for each layer; noise is (N, noise), all layers' one after another.

    Args:
        size: height and width of the largest map.
        style: length of a style.
        base: channels of a map times its height.
        most: channels of a map at most.

    Attributes:
        widths: channels of each map, from the smallest map on.
        layers: how many styles there are.
        noise: how many numbers of noise there are.
    """

    def __init__(self, size: int, style: int, base: int, most: int) -> None:
        super().__init__()
        start, _ = coarsest(size)
        self.widths = maps = widths(size, base, most)
        self.constant = nn.Parameter(torch.randn(maps[0], start, start))
        self.styled = nn.ModuleList([StyledLayer(maps[0], maps[0], style)])
        self.sides = [start]
        for number, (before, after) in enumerate(pairwise(maps), 1):
            self.styled.append(StyledLayer(before, after, style, doubles=True))
            self.styled.append(StyledLayer(after, after, style))
            self.sides += [start << number] * 2
        self.layers = 2 * len(maps)
        self.noise = sum(side**2 for side in self.sides)

    def forward(self, styles: Tensor, noise: Tensor) -> list[Tensor]:
        w = styles.unbind(1)
        parts = torch.split(noise, [side**2 for side in self.sides], dim=1)
        drawn = [part.reshape(-1, 1, side, side) for part, side in zip(parts, self.sides, strict=True)]
        x = self.constant.expand(styles.shape[0], -1, -1, -1)
        found = [self.styled[0](x, w[0], drawn[0])]
        for layer in range(2, len(self.styled), 2):
            x = self.styled[layer - 1](found[-1], w[layer - 1], drawn[layer - 1])
            found.append(self.styled[layer](x, w[layer], drawn[layer]))
        return found


class Skips(nn.Module):
    """Adds up an image of every map, each doubled to the next one's size.

    Maps as of `Maps` and styles (N, layers, style) -> (N, channels, size, size).

    Args:
        widths: channels of each map.
        channels: channels of the images.
        style: length of a style.
    """

    def __init__(self, widths: list[int], channels: int, style: int) -> None:
        super().__init__()
        self.images = nn.ModuleList(ToImage(width, channels, style) for width in widths)
        self.doubled = Doubled(TAPS)

    def forward(self, maps: list[Tensor], styles: Tensor) -> Tensor:
        # A map's image is made under the style of the layer behind it.
        image: Tensor = self.images[0](maps[0], styles[:, 1])
        for number, x in enumerate(maps[1:], 1):
            image = self.doubled(image) + self.images[number](x, styles[:, 2 * number + 1])
        return image


class Synthesis(nn.Module):
    """Makes images of styles and noise: the skip generator, which adds up an image of every size (figure 7 (b)).

    Styles are (N, layers, style), noise is (N, noise), as `Maps` takes them.

    Args:
        channels: channels of the images.
        size: their height and width.
        style: length of a style.
        base: channels of a map times its height.
        most: channels of a map at most.
    """

    def __init__(self, channels: int, size: int, style: int, base: int, most: int) -> None:
        super().__init__()
        self.maps = Maps(size, style, base, most)
        self.images = Skips(self.maps.widths, channels, style)
        self.layers, self.noise = self.maps.layers, self.maps.noise

    def forward(self, styles: Tensor, noise: Tensor) -> Tensor:
        image: Tensor = self.images(self.maps(styles, noise), styles)
        return image


class Halving(nn.Module):
    """A low-pass filter, then a convolution that halves: (N, inputs, H, W) -> (N, outputs, H/2, W/2)."""

    def __init__(self, conv: nn.Module, kernel: int) -> None:
        super().__init__()
        self.smooth, self.conv = Smooth(TAPS, pad=(kernel + 1) // 2), conv

    def forward(self, x: Tensor) -> Tensor:
        halved: Tensor = self.conv(self.smooth(x))
        return halved


class ScoreBlock(nn.Module):
    """Two convolutions, the second of which halves, and a skip beside them; the sum is divided by sqrt(2).

    (N, inputs, H, W) -> (N, outputs, H/2, W/2), figure 7 (c).
    """

    def __init__(self, inputs: int, outputs: int, normalization: Normalization) -> None:
        super().__init__()
        weight = normalization.weight
        self.first = weight(EqualizedConv(inputs, inputs))
        self.first_norm = normalization.activation(inputs)
        self.second = Halving(weight(EqualizedConv(inputs, outputs, stride=2, padding=0)), 3)
        self.second_norm = normalization.activation(outputs)
        self.skip = Halving(weight(EqualizedConv(inputs, outputs, 1, stride=2, padding=0, bias=False)), 1)

    def forward(self, x: Tensor) -> Tensor:
        y = active(self.first_norm(self.first(x)))
        y = active(self.second_norm(self.second(y)))
        added: Tensor = (y + self.skip(x)) / GAIN
        return added


class ResidualScores(nn.Module):
    """Scores images (N, channels, size, size), image conditions concatenated before them: (N, 1).

    The residual discriminator (figure 7 (c)), which is told how much the samples of a batch differ.

    Args:
        spec: what is asked of it.
        normalization: how activations or weights are normalized besides.
        base: channels of a map times its height.
        most: channels of a map at most.
    """

    def __init__(self, spec: DiscriminatorSpec, normalization: Normalization, base: int, most: int) -> None:
        super().__init__()
        spec.accept("condition_channels", "features")
        start, _ = coarsest(spec.square)
        maps = widths(spec.square, base, most)[::-1]
        weight, last = normalization.weight, maps[-1]
        self.first = weight(EqualizedConv(spec.channels + spec.condition_channels, maps[0], 1))
        self.blocks = nn.ModuleList(ScoreBlock(before, after, normalization) for before, after in pairwise(maps))
        self.deviation = MinibatchDeviation()
        self.conv = weight(EqualizedConv(last + 1, last))
        self.dense = weight(EqualizedLinear(last * start**2, last))
        self.scores = weight(EqualizedLinear(last, 1))

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each block."""
        x = active(self.first(torch.cat([*conditions, image], 1) if conditions else image))
        found = []
        for block in self.blocks:
            x = block(x)
            found.append(x)
        return found

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores (N, 1) that belong to inner activations."""
        x = active(self.conv(self.deviation(features[-1])))
        scores: Tensor = self.scores(active(self.dense(x.flatten(1))))
        return scores
