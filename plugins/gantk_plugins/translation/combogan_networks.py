"""ComboGAN's networks (Anoosheh et al. 2017, arXiv:1712.06909); no plugin by itself.

CycleGAN's residual generator, cut in the middle of its blocks: what comes before is a domain's encoder, the rest its
decoder. As in the authors' code, ReLUs learn their slope below zero, and what enlarges are transposed convolutions of
four pixels; `upsampling=resize` is as in `resnet`. Without norms, which the paper does not train, weights begin as
He's, and the last layer is linear.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from gantk import Build, GeneratorSpec, Normalization, UsageError, initialize_he
from gantk_plugins.networks.changes import InRange, begin_small


class Halves(nn.Module):
    """Translates images (N, inputs, H, W) to (N, outputs, H, W) in [-1, 1], by an encoder and a decoder.

    Attributes:
        multiple: H and W must be a multiple of it.
        minimum: smallest H and W; below it there is nothing left to reflect.
        halo: pixels on each side that an output pixel reads through the convolutions, rounded up to `multiple`.
    """

    multiple = 4
    minimum = 8

    def __init__(self, encoder: nn.Module, decoder: nn.Module, halo: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.halo = halo

    def forward(self, image: Tensor) -> Tensor:
        made: Tensor = self.decoder(self.encoder(image))
        return made


class Chosen(nn.Module):
    """Translates images (N, C, H, W) of domains (N,) into domains (N,), by the encoders and decoders of all domains.

    Every encoder and decoder computes, since a batch may hold images of any; the chosen ones are kept.

    Args:
        geometry: `multiple`, `minimum` and `halo`, as of one of them.
    """

    def __init__(self, encoders: list[nn.Module], decoders: list[nn.Module], **geometry: int) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)
        self.decoders = nn.ModuleList(decoders)
        for name, pixels in geometry.items():
            setattr(self, name, pixels)

    def forward(self, image: Tensor, source: Tensor, domain: Tensor) -> Tensor:
        code = _kept([encoder(image) for encoder in self.encoders], source)
        return _kept([decoder(code) for decoder in self.decoders], domain)


def _kept(answers: list[Tensor], number: Tensor) -> Tensor:
    """Return of each sample the answer (N, C, H, W) that its number (N,) chooses."""
    kept = answers[0]
    for place, answer in enumerate(answers[1:], 1):
        kept = torch.where((number == place).view(-1, 1, 1, 1), answer, kept)
    return kept


class Block(nn.Module):
    """A residual block of two 3x3 convolutions."""

    def __init__(self, channels: int, normalization: Normalization) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_stage(_convolution(channels, channels, 3, normalization), channels, normalization),
            _convolution(channels, channels, 3, normalization),
            normalization.activation(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        return x + change


def _convolution(inputs: int, outputs: int, kernel: int, normalization: Normalization) -> nn.Module:
    layer = nn.Conv2d(
        inputs, outputs, kernel, padding=kernel // 2, padding_mode="reflect", bias=not normalization.shifts
    )
    return normalization.weight(layer)


def _stage(layer: nn.Module, channels: int, normalization: Normalization) -> tuple[nn.Module, ...]:
    return layer, normalization.activation(channels), nn.PReLU()


def _enlarging(
    channels: int, normalization: Normalization, upsampling: Literal["transposed", "resize"]
) -> tuple[nn.Module, ...]:
    if upsampling == "resize":
        layer: nn.Module = nn.Sequential(
            nn.Upsample(scale_factor=2), _convolution(2 * channels, channels, 3, normalization)
        )
    else:
        bias = not normalization.shifts
        layer = normalization.weight(nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1, bias=bias))
    return _stage(layer, channels, normalization)


def generator_network(
    spec: GeneratorSpec,
    build: Build,
    *,
    filters: int = 64,
    blocks: int = 9,
    upsampling: Literal["transposed", "resize"] = "transposed",
) -> nn.Module:
    """Build an encoder and a decoder.

    Args:
        filters: channels of the first layer; between the halves there are four times as many.
        blocks: residual blocks of both halves, of which the encoder has the smaller half.
        upsampling: "transposed" convolutions, or "resize": enlargement by nearest neighbour and a convolution.
    """
    spec.accept("inputs", "sides")
    if filters < 1 or blocks < 0:
        raise UsageError(f"combogan needs filters >= 1 and blocks >= 0, not filters={filters}, blocks={blocks}")
    normalization = build.normalization("generator")

    def halving(channels: int) -> tuple[nn.Module, ...]:
        layer = nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1, bias=not normalization.shifts)
        return _stage(normalization.weight(layer), 2 * channels, normalization)

    middle = [Block(4 * filters, normalization) for _ in range(blocks)]
    encoder = nn.Sequential(
        *_stage(_convolution(spec.need("inputs"), filters, 7, normalization), filters, normalization),
        *halving(filters),
        *halving(2 * filters),
        *middle[: blocks // 2],
    )
    last = normalization.weight(nn.Conv2d(filters, spec.outputs, 7, padding=3, padding_mode="reflect"))
    decoder = nn.Sequential(
        *middle[blocks // 2 :],
        *_enlarging(2 * filters, normalization, upsampling),
        *_enlarging(filters, normalization, upsampling),
        last,
        nn.Tanh() if normalization.normalizes else InRange(),
    )
    if not normalization.normalizes:
        initialize_he(encoder)
        initialize_he(decoder)
        begin_small(last, *(block.body[-2] for block in middle))
    return normalization.network(Halves(encoder, decoder, 8 * blocks + 16))
