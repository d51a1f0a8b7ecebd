"""UNIT's networks (Liu et al. 2017, arXiv:1703.00848), as its authors' first code has them; no plugin by itself.

An encoder is a 7x7 convolution, two that halve the size, and residual blocks; a decoder the way back, with a last
convolution of 1x1. Between them lie the residual blocks that both domains share. Norms stand everywhere but behind the
first and the last layer; paddings are zeros. Leaky ReLUs have torch's slope of 0.01. Without norms, which the paper
does not train, weights begin as He's, residual blocks with hardly any change, and the last layer is linear.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from gantk import Build, DiscriminatorSpec, Normalization, Unsupported, UsageError, initialize_he, initialize_normal
from gantk_plugins.networks.changes import InRange, begin_small
from gantk_plugins.networks.layers import Staged

Upsampling = Literal["transposed", "resize"]
"""How a decoder doubles the size: by a transposed convolution, or by nearest neighbours and a convolution."""


class Block(nn.Module):
    """A residual block of two 3x3 convolutions, with nothing after the sum."""

    def __init__(self, channels: int, normalization: Normalization) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_normalized(nn.Conv2d(channels, channels, 3, padding=1), normalization),
            normalization.weight(nn.Conv2d(channels, channels, 3, padding=1)),
            normalization.activation(channels),
        )
        if not normalization.normalizes:
            initialize_he(self)
            begin_small(self.body[-2])

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        return x + change


def shared(filters: int, normalization: Normalization) -> nn.Module:
    """Return the residual block that both domains share, of an encoder or of a decoder."""
    return _drawn(normalization, Block(4 * filters, normalization))


def encoder(channels: int, filters: int, blocks: int, normalization: Normalization) -> nn.Module:
    """Return a domain's own layers of the encoder: images (N, C, H, W) to (N, 4 filters, H / 4, W / 4)."""
    return _drawn(
        normalization,
        normalization.weight(nn.Conv2d(channels, filters, 7, padding=3)),
        nn.LeakyReLU(inplace=True),
        *_normalized(nn.Conv2d(filters, 2 * filters, 3, stride=2, padding=1), normalization),
        *_normalized(nn.Conv2d(2 * filters, 4 * filters, 3, stride=2, padding=1), normalization),
        *(Block(4 * filters, normalization) for _ in range(blocks)),
    )


def decoder(
    channels: int, filters: int, blocks: int, normalization: Normalization, upsampling: Upsampling
) -> nn.Module:
    """Return a domain's own layers of the decoder: the way back, to images in [-1, 1]."""
    return _drawn(
        normalization,
        *(Block(4 * filters, normalization) for _ in range(blocks)),
        *_doubled(4 * filters, normalization, upsampling),
        *_doubled(2 * filters, normalization, upsampling),
        normalization.weight(nn.Conv2d(filters, channels, 1)),
        nn.Tanh() if normalization.normalizes else InRange(),
    )


def _doubled(channels: int, normalization: Normalization, upsampling: Upsampling) -> tuple[nn.Module, ...]:
    if upsampling == "resize":
        layer = nn.Conv2d(channels, channels // 2, 3, padding=1)
        return nn.Upsample(scale_factor=2), *_normalized(layer, normalization)
    transposed = nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1)
    return _normalized(transposed, normalization)


def _normalized(layer: nn.Conv2d | nn.ConvTranspose2d, normalization: Normalization) -> tuple[nn.Module, ...]:
    return normalization.weight(layer), normalization.activation(layer.out_channels), nn.ReLU(inplace=True)


def _drawn(normalization: Normalization, *layers: nn.Module) -> nn.Module:
    """Return layers in a row with initial weights from N(0, 0.02), or He et al.'s where nothing is normalized."""
    network = normalization.network(nn.Sequential(*layers))
    return initialize_normal(network) if normalization.normalizes else initialize_he(network)


class Translation(nn.Sequential):
    """Encoder, shared blocks and decoder in a row.

    Attributes:
        multiple: height and width must be a multiple of it.
        minimum: the smallest of both; below it a norm would see one pixel.
    """

    multiple = 4
    minimum = 8


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, filters: int = 64, layers: int = 6) -> nn.Module:
    """Build a discriminator of 3x3 convolutions that each halve the size, and one of 1x1 to a score a place.

    Args:
        filters: channels of the first layer; they double at each.
        layers: how often the size is halved.
    """
    spec.accept("condition_channels", "features", "sides", "any_size")
    if filters < 1 or not 1 <= layers <= 10:
        raise UsageError(f"unit needs filters >= 1 and layers from 1 to 10, not filters={filters}, layers={layers}")
    normalization = build.normalization("discriminator")
    stages: list[nn.Module] = []
    before = spec.channels + spec.condition_channels
    for layer in range(layers):
        width = filters * 2**layer
        bias = not stages or not normalization.shifts
        convolution = normalization.weight(nn.Conv2d(before, width, 3, stride=2, padding=1, bias=bias))
        norm = [normalization.activation(width)] if stages else []
        if norm and max(spec.sides) <= 2 ** (layer + 1):
            _check_one_pixel(norm[0], width, layer)
        stages.append(nn.Sequential(convolution, *norm, nn.LeakyReLU()))
        before = width
    return normalization.network(Staged(stages, normalization.weight(nn.Conv2d(before, 1, 1))))


def _check_one_pixel(norm: nn.Module, width: int, layers: int) -> None:
    """Raise Unsupported where a norm takes statistics over the pixels of an image that has one left."""
    try:
        norm.eval()(torch.zeros(2, width, 1, 1))
        norm.train()
    except ValueError:
        raise Unsupported(
            "halves images of this size to one pixel, and this normalization takes statistics over each image's "
            f"pixels: say -s discriminator.layers={layers}, a larger --size, or --normalization discriminator=none"
        ) from None
