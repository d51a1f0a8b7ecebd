"""StarGAN's networks (Choi et al. 2018, arXiv:1711.09020, tables 4 and 5); no plugin by itself.

As in the authors' code, layers have no biases before a norm, which has a scale and shift of its own; borders are of
zeros; and the discriminator, which has no norm, leaks 0.01.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from gantk import Build, DiscriminatorSpec, GeneratorSpec, Normalization, Unsupported, UsageError, initialize_he
from gantk_plugins.networks.changes import begin_small, changed, refuse_unequal
from gantk_plugins.networks.layers import Staged


class DomainGenerator(nn.Module):
    """Translates images (N, inputs, H, W) into domains (N,): (N, outputs, H, W) in [-1, 1] (appendix, table 4).

    Attributes:
        multiple: H and W must be a multiple of it.
        minimum: smallest H and W.
        halo: pixels on each side that an output pixel reads through the convolutions, rounded up to `multiple`.
    """

    multiple = 4
    minimum = 8

    def __init__(
        self,
        spec: GeneratorSpec,
        normalization: Normalization,
        *,
        filters: int,
        blocks: int,
        upsampling: Literal["transposed", "resize"],
        adds_input: bool,
    ) -> None:
        super().__init__()
        self.domains: int = spec.need("domains")
        self.adds_input = adds_input
        # A block reads 2 pixels to each side at a quarter of the size; the rest reads up to 16.
        self.halo = 8 * blocks + 16
        middle = [_Block(4 * filters, normalization) for _ in range(blocks)]
        last = nn.Conv2d(filters, spec.outputs, 7, padding=3, bias=False)

        def stage(layer: nn.Module, channels: int) -> nn.Sequential:
            return nn.Sequential(normalization.weight(layer), *_normed(channels, normalization), nn.ReLU())

        def doubled(channels: int) -> nn.Sequential:
            if upsampling == "transposed":
                return stage(nn.ConvTranspose2d(2 * channels, channels, 4, 2, 1, bias=False), channels)
            layer = nn.Conv2d(2 * channels, channels, 3, padding=1, bias=False)
            return nn.Sequential(nn.Upsample(scale_factor=2), stage(layer, channels))

        self.layers = nn.Sequential(
            stage(nn.Conv2d(spec.need("inputs") + self.domains, filters, 7, padding=3, bias=False), filters),
            stage(nn.Conv2d(filters, 2 * filters, 4, 2, 1, bias=False), 2 * filters),
            stage(nn.Conv2d(2 * filters, 4 * filters, 4, 2, 1, bias=False), 4 * filters),
            *middle,
            doubled(2 * filters),
            doubled(filters),
            normalization.weight(last),
            *([] if adds_input else [nn.Tanh()]),
        )
        if adds_input or not normalization.normalizes:
            initialize_he(self)
            begin_small(last, *(block.body[3] for block in middle))

    def forward(self, image: Tensor, domain: Tensor) -> Tensor:
        one_hot = (domain[:, None] == torch.arange(self.domains, device=domain.device)).to(image.dtype)
        planes = one_hot[:, :, None, None].expand(-1, -1, *image.shape[2:])
        made: Tensor = self.layers(torch.cat([image, planes], 1))
        return changed(self, image, made) if self.adds_input else made


class Affine(nn.Module):
    """A learned scale and shift of each channel, behind a norm that has none."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class _Block(nn.Module):
    def __init__(self, channels: int, normalization: Normalization) -> None:
        super().__init__()
        first, second = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.body = nn.Sequential(
            normalization.weight(first),
            nn.Sequential(*_normed(channels, normalization)),
            nn.ReLU(),
            normalization.weight(second),
            nn.Sequential(*_normed(channels, normalization)),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        return x + change


def _normed(channels: int, normalization: Normalization) -> list[nn.Module]:
    norm = normalization.activation(channels)
    return [norm] if normalization.shifts else [norm, Affine(channels)]


def generator_network(
    spec: GeneratorSpec,
    build: Build,
    *,
    filters: int = 64,
    blocks: int = 6,
    upsampling: Literal["transposed", "resize"] = "transposed",
    adds_input: bool = False,
) -> nn.Module:
    """Build a residual generator that is told a domain.

    Args:
        filters: channels of the first layer; inside there are four times as many.
        blocks: residual blocks at a quarter of the size.
        upsampling: "transposed" convolutions, or "resize": enlargement by nearest neighbour and a convolution.
        adds_input: whether the network gives the change of its input, and begins as hardly any.
    """
    spec.accept("inputs", "domains", "sides")
    if filters < 1 or blocks < 0:
        raise UsageError(f"stargan needs filters >= 1 and blocks >= 0, not filters={filters}, blocks={blocks}")
    if adds_input:
        refuse_unequal(spec.need("inputs"), spec.outputs)
    normalization = build.normalization("generator")
    network = DomainGenerator(
        spec, normalization, filters=filters, blocks=blocks, upsampling=upsampling, adds_input=adds_input
    )
    return normalization.network(network)


def discriminator_network(
    spec: DiscriminatorSpec, build: Build, *, filters: int = 64, layers: int | None = None
) -> nn.Module:
    """Build layers that halve the size and double the channels, and a convolution to a map of scores.

    Args:
        filters: channels of the first layer.
        layers: layers of stride 2; unsaid: six, or as many as the size allows.
    """
    spec.accept("condition_channels", "features", "sides", "any_size")
    most = min(spec.sides).bit_length() - 1
    layers = min(6, most) if layers is None else layers
    if filters < 1 or layers < 1:
        raise UsageError(f"stargan needs filters >= 1 and layers >= 1, not filters={filters}, layers={layers}")
    if layers > most:
        raise Unsupported(f"with {layers} layers needs images of more pixels to give a score than {spec.sides}")
    normalization = build.normalization("discriminator")
    widths = [spec.channels + spec.condition_channels, *(filters * 2**number for number in range(layers))]
    stages: list[nn.Module] = []
    for number, (before, width) in enumerate(pairwise(widths), 1):
        # A map of one pixel has nothing that a norm over each image's pixels could go by.
        normed = number > 1 and max(spec.sides) >> number > 1
        bias = not normed or not normalization.shifts
        layer = normalization.weight(nn.Conv2d(before, width, 4, 2, 1, bias=bias))
        norm = [normalization.activation(width)] if normed else []
        stages.append(nn.Sequential(layer, *norm, nn.LeakyReLU(0.01)))
    scores = normalization.weight(nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False))
    return normalization.network(Staged(stages, scores))
