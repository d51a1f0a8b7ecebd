"""Encoders of content and of style, and what decodes both (Huang et al. 2018, arXiv:1804.04732); no plugin by itself.

They are as that paper's authors have them in their code.

A content encoder keeps where things are, at a quarter of the size; a style encoder makes a few numbers of an image,
without norms, which would take out what tells styles apart. The decoder's residual blocks are normalized by AdaIN,
whose scales and shifts a perceptron makes of the style (section 5.1 and appendix). Paddings reflect.

Weights begin as He's; without norms in the content encoder, which the paper does not train, its residual blocks begin
with hardly any change.

The norms between upsampling layers divide by the deviation over all channels and pixels, and learn a scale, drawn from
U(0, 1), and a shift a channel; here the variance is the biased one, with its epsilon under the root, which at these
sizes is the same.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import instance_norm

from gantk import Build, Network, Normalization, initialize_he
from gantk_plugins.networks.changes import begin_small

HIDDEN = 256
"""Units of the perceptron's two hidden layers."""

RESIDUAL_LAYERS = 2
"""Convolutions of a residual block."""


Pair = tuple[Network, Network]
"""A network of domain A and one of B."""


def of_both_domains(build: Build, *, style: int, filters: int, blocks: int) -> tuple[Pair, Pair, Pair]:
    """Return the content encoders of domains `a` and `b`, their style encoders, and their decoders.

    Args:
        build: what makes networks.
        style: numbers of a style.
        filters: channels of the first layer; contents have four times as many.
        blocks: residual blocks of each content encoder and decoder.
    """
    a, b = build.data.channels["a"], build.data.channels["b"]
    norms = build.normalization("generator")

    def content(channels: int) -> Network:
        return build.network(ContentEncoder(channels, filters, blocks, norms), "encoder")

    def styles(channels: int) -> Network:
        return build.network(StyleEncoder(channels, filters, style), "encoder")

    def decoder(channels: int) -> Network:
        return build.network(Decoder(channels, filters, blocks, style), "decoder")

    return (content(a), content(b)), (styles(a), styles(b)), (decoder(a), decoder(b))


class ContentEncoder(nn.Module):
    """Makes content (N, 4 filters, H / 4, W / 4) of images (N, C, H, W)."""

    def __init__(self, channels: int, filters: int, blocks: int, normalization: Normalization) -> None:
        super().__init__()
        residual = [_Residual(4 * filters, normalization) for _ in range(blocks)]
        self.layers = nn.Sequential(
            *_layer(channels, filters, 7, normalization=normalization),
            *_layer(filters, 2 * filters, 4, stride=2, normalization=normalization),
            *_layer(2 * filters, 4 * filters, 4, stride=2, normalization=normalization),
            *residual,
        )
        initialize_he(self)
        if not normalization.normalizes:
            begin_small(*(block.body[-2] for block in residual))

    def forward(self, image: Tensor) -> Tensor:
        content: Tensor = self.layers(image)
        return content


class StyleEncoder(nn.Module):
    """Makes styles (N, style) of images (N, C, H, W) of 16 pixels and more."""

    def __init__(self, channels: int, filters: int, style: int) -> None:
        super().__init__()
        widths = [filters, 2 * filters, 4 * filters, 4 * filters, 4 * filters]
        self.layers = nn.Sequential(*_layer(channels, filters, 7))
        for before, width in pairwise(widths):
            self.layers.extend(_layer(before, width, 4, stride=2))
        self.style = nn.Linear(widths[-1], style)
        initialize_he(self)

    def forward(self, image: Tensor) -> Tensor:
        style: Tensor = self.style(self.layers(image).mean((2, 3)))
        return style


class Decoder(nn.Module):
    """Makes images (N, C, 4 h, 4 w) in [-1, 1] of content (N, 4 filters, h, w) and styles (N, style)."""

    def __init__(self, channels: int, filters: int, blocks: int, style: int) -> None:
        super().__init__()
        width = 4 * filters
        self.blocks = nn.ModuleList(
            nn.ModuleList(reflected(width, width, 3) for _ in range(RESIDUAL_LAYERS)) for _ in range(blocks)
        )
        self.perceptron = nn.Sequential(
            nn.Linear(style, HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(HIDDEN, blocks * RESIDUAL_LAYERS * 2 * width),
        )
        self.last = nn.Sequential(
            *_enlarging(width),
            *_enlarging(width // 2),
            reflected(filters, channels, 7),
            nn.Tanh(),
        )
        initialize_he(self)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        shifts_and_scales = self.perceptron(style).unflatten(1, (-1, 2, content.shape[1], 1, 1)).unbind(1)
        adapted = iter(shifts_and_scales)
        for block in self.blocks:
            first, second = block.children()
            inner = adaptive_norm(first(content), next(adapted)).relu()
            content = content + adaptive_norm(second(inner), next(adapted))
        image: Tensor = self.last(content)
        return image


def adaptive_norm(x: Tensor, shift_and_scale: Tensor) -> Tensor:
    """Return AdaIN of (N, C, h, w): each channel with mean 0 and variance 1, times a scale, plus a shift.

    `shift_and_scale` is (N, 2, C, 1, 1).
    """
    shift, scale = shift_and_scale.unbind(1)
    return scale * instance_norm(x) + shift


class _Residual(nn.Module):
    """A residual block of two 3x3 convolutions with norms, and nothing after the sum."""

    def __init__(self, channels: int, normalization: Normalization) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_layer(channels, channels, 3, normalization=normalization),
            normalization.weight(reflected(channels, channels, 3)),
            normalization.activation(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        return x + change


def _layer(
    inputs: int,
    outputs: int,
    kernel: int,
    *,
    stride: int = 1,
    normalization: Normalization | None = None,
) -> list[nn.Module]:
    layer: nn.Module = reflected(inputs, outputs, kernel, stride)
    if normalization is None:
        return [layer, nn.ReLU(inplace=True)]
    return [normalization.weight(layer), normalization.activation(outputs), nn.ReLU(inplace=True)]


def _enlarging(channels: int) -> list[nn.Module]:
    norm = nn.GroupNorm(1, channels // 2)
    nn.init.uniform_(norm.weight)
    return [nn.Upsample(scale_factor=2), reflected(channels, channels // 2, 5), norm, nn.ReLU(inplace=True)]


def reflected(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution whose padding reflects, so that at stride 1 it keeps height and width."""
    padding = (kernel - 1) // 2
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, padding_mode="reflect")


class Translation(nn.Module):
    """The content of an image in a style, which is numbers (N, style), or an image whose style is taken.

    Attributes:
        multiple: height and width must be a multiple of it.
        minimum: the smallest of both; below it there is nothing left to reflect.
    """

    multiple = 4

    def __init__(self, content: nn.Module, decoder: nn.Module, style: nn.Module | None = None) -> None:
        super().__init__()
        self.content, self.decoder, self.style = content, decoder, style
        self.minimum = 8 if style is None else 16

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        made: Tensor = self.decoder(self.content(image), style if self.style is None else self.style(style))
        return made
