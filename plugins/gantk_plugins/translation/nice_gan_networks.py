"""NICE-GAN's networks (Chen et al. 2020, arXiv:2003.00273), as its authors' code has them; no plugin by itself.

The discriminator's first two layers and an attention make the code of an image; a local and a global head score the
code. The generator makes an image of a code: residual blocks under AdaLIN, of U-GAT-IT (Kim et al. 2019,
arXiv:1907.10830), whose scales and shifts follow from the code too, and sub-pixel convolutions. Paddings reflect,
weights begin as torch draws them.

AdaLIN mixes instance and layer norm by the softmax of two numbers a channel, where U-GAT-IT clips one. Variances are
the biased ones here, which the code divides by n - 1. The attention weighs channels by the same weights that make its
score; the code takes them before spectral norm there, of which a trained model knows nothing.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import group_norm, instance_norm, linear

from gantk import Build, DiscriminatorSpec, Normalization, Unsupported, UsageError

Upsampling = Literal["shuffle", "resize"]
"""How a generator doubles the size: by a sub-pixel convolution, or by nearest neighbours and a convolution."""


class Mixed(nn.Module):
    """Instance norm and layer norm of (N, C, H, W), mixed channel by channel.

    Args:
        channels: C.
        logits: the first two numbers of a channel, of instance and of layer norm, whose softmax is what each counts.
    """

    def __init__(self, channels: int, logits: tuple[float, float]) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits)[:, None].repeat(1, channels))

    def mixed(self, x: Tensor) -> Tensor:
        """Return the mixture."""
        instance, layer = self.logits.softmax(0)[..., None, None].unbind()
        return instance * instance_norm(x) + layer * group_norm(x, 1)


class AdaLIN(Mixed):
    """A mixed norm with scales and shifts (N, C) that are given; instance norm counts 0.9 at first."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, (3.2, 1.0))

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return scale[..., None, None] * self.mixed(x) + shift[..., None, None]


class LIN(Mixed):
    """A mixed norm with learned scales and shifts; layer norm counts 0.9 at first."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, (1.0, 3.2))
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.mixed(x) + self.shift


class Generator(nn.Module):
    """Makes images (N, C, 4 h, 4 w) in [-1, 1] of codes (N, inputs, h, w).

    Args:
        inputs: channels of a code.
        channels: channels of the image.
        filters: channels before the last convolution; blocks have four times as many.
        blocks: residual blocks.
        sides: height and width of a code, of which the scales and shifts read each number; None: they read means over
            its places, so that any size will do.
        upsampling: how sizes are doubled.
    """

    def __init__(
        self,
        inputs: int,
        channels: int,
        *,
        filters: int,
        blocks: int,
        sides: tuple[int, int] | None,
        upsampling: Upsampling = "shuffle",
    ) -> None:
        super().__init__()
        width = 4 * filters
        self.flattens = sides is not None
        read = width if sides is None else width * sides[0] * sides[1]
        self.first = nn.Sequential(_convolution(inputs, width, 3, bias=True), LIN(width), nn.ReLU())
        self.style = nn.Sequential(
            nn.Linear(read, width, bias=False),
            nn.ReLU(),
            nn.Linear(width, width, bias=False),
            nn.ReLU(),
        )
        self.scale = nn.Linear(width, width, bias=False)
        self.shift = nn.Linear(width, width, bias=False)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.last = nn.Sequential(
            *_doubled(width, width // 2, upsampling),
            *_doubled(width // 2, filters, upsampling),
            _convolution(filters, channels, 7),
            nn.Tanh(),
        )

    def forward(self, code: Tensor) -> Tensor:
        x = self.first(code)
        style = self.style(x.flatten(1) if self.flattens else x.mean((2, 3)))
        scale, shift = self.scale(style), self.shift(style)
        for block in self.blocks:
            x = block(x, scale, shift)
        image: Tensor = self.last(x)
        return image


class _Block(nn.Module):
    """A residual block of two 3x3 convolutions under AdaLIN, with nothing after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(_convolution(channels, channels, 3) for _ in range(2))
        self.norms = nn.ModuleList(AdaLIN(channels) for _ in range(2))

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        inner = self.norms[0](self.convolutions[0](x), scale, shift).relu()
        change: Tensor = self.norms[1](self.convolutions[1](inner), scale, shift)
        return x + change


def _doubled(inputs: int, outputs: int, upsampling: Upsampling) -> list[nn.Module]:
    if upsampling == "resize":
        return [nn.Upsample(scale_factor=2), _convolution(inputs, outputs, 3), LIN(outputs), nn.ReLU()]
    return [
        _convolution(inputs, outputs, 3),
        LIN(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, 4 * outputs, 1),
        nn.PixelShuffle(2),
        LIN(outputs),
        nn.ReLU(),
    ]


def _convolution(inputs: int, outputs: int, kernel: int, *, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    padding = (kernel - 1) // 2
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, padding_mode="reflect", bias=bias)


class Discriminator(nn.Module):
    """Scores images (N, C, H, W) by their codes: maps of a local and of a global head, and the attention's (N, 1).

    Its inner activations are the code (N, 2 filters, H / 4, W / 4) and the attention's score. Images that condition
    scores are concatenated before.

    Args:
        depth: how often the global head halves the size; the local one does so two times less.
    """

    def __init__(self, channels: int, normalization: Normalization, *, filters: int, depth: int) -> None:
        super().__init__()
        width = 2 * filters
        self.encoder = nn.Sequential(
            normalization.weight(_convolution(channels, filters, 4, stride=2, bias=True)),
            nn.LeakyReLU(0.2),
            *_layer(filters, width, normalization),
        )
        self.attention = normalization.weight(nn.Linear(2 * width, 1, bias=False))
        self.attended = nn.Conv2d(2 * width, width, 1)
        self.share = nn.Parameter(torch.zeros(1))
        common, further = max(depth - 2, 0), min(depth, 2)
        self.common = _halvings(width, common, normalization)
        self.local_head = _head(width << common, normalization)
        self.halvings = _halvings(width << common, further, normalization)
        self.global_head = _head(width << depth, normalization)

    def forward(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the code and the attention's score."""
        x: Tensor = self.encoder(torch.cat([*conditions, image], 1) if conditions else image)
        weight: Tensor = self.attention.weight  # type: ignore[assignment]
        score = linear(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1), weight)
        attended = self.attended(torch.cat([x, x], 1) * weight[..., None, None])
        return [nn.functional.leaky_relu(self.share * attended + x, 0.2), score]

    def score(self, features: list[Tensor]) -> list[Tensor]:
        """Return the scores that belong to a code and the attention's score."""
        code, attention = features
        common = self.common(code)
        return [self.local_head(common), self.global_head(self.halvings(common)), attention]


def _layer(inputs: int, outputs: int, normalization: Normalization, stride: int = 2) -> list[nn.Module]:
    bias = not normalization.shifts
    convolution = normalization.weight(_convolution(inputs, outputs, 4, stride=stride, bias=bias))
    return [convolution, normalization.activation(outputs), nn.LeakyReLU(0.2)]


def _halvings(width: int, count: int, normalization: Normalization) -> nn.Module:
    layers = [_layer(width << number, width << number + 1, normalization) for number in range(count)]
    return nn.Sequential(*(module for layer in layers for module in layer))


def _head(width: int, normalization: Normalization) -> nn.Module:
    scores = normalization.weight(_convolution(2 * width, 1, 4))
    return nn.Sequential(*_layer(width, 2 * width, normalization, stride=1), scores)


def discriminator_network(
    spec: DiscriminatorSpec, build: Build, *, filters: int = 64, depth: int | None = None
) -> nn.Module:
    """Build a discriminator whose first half encodes images.

    Args:
        filters: channels of the first layer; they double at each.
        depth: how often the global head halves the size of a code; unsaid: as often as it can be, up to 3 times.
    """
    spec.accept("condition_channels", "features", "sides")
    if filters < 1 or (depth is not None and not 0 <= depth <= 10):
        raise UsageError(f"nice-gan needs filters >= 1 and depth from 0 to 10, not filters={filters}, depth={depth}")
    shorter = min(spec.sides)
    halved = depth if depth is not None else max((times for times in range(4) if shorter >= 12 << times), default=0)
    # What a head is left with must be 3 pixels, of which two more layers of stride 1 take one each.
    if shorter < 12 << halved:
        raise Unsupported(f"with a depth of {halved} needs at least {12 << halved} pixels, not {spec.sides}")
    normalization = build.normalization("discriminator")
    channels = spec.channels + spec.condition_channels
    return normalization.network(Discriminator(channels, normalization, filters=filters, depth=halved))
