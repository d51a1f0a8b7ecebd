"""SRResNet, which enlarges images (Ledig et al. 2017, arXiv:1609.04802, figure 4): 2, 4 or more times.

Images stay small inside: a convolution of 9x9, residual blocks of two 3x3 convolutions with norms and a PReLU, and a
skip over all of them. Then each doubling is a 3x3 convolution to four times the channels, which become pixels, and a
PReLU; a convolution of 9x9 makes the image. A PReLU has one slope, and what goes in is brought to [0, 1] (section 3.2).

The last layer is linear, as in the figure. Values beyond [-1, 1] are seen by losses, and cut off where the network is
not trained. `adds_input` leaves the paper: the network then gives the difference from the bilinearly enlarged image, as
the SRResNet of the field's library BasicSR does, and begins with hardly any. A short training so starts where plain
enlarging ends.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.functional import interpolate

from gantk import Build, GeneratorSpec, Normalization, UsageError, hookimpl
from gantk_plugins.networks.changes import begin_small, changed, in_range, refuse_unequal
from gantk_plugins.networks.layers import doublings


class SRResNet(nn.Module):
    """Enlarges images (N, inputs, H, W) to (N, outputs, scale H, scale W) in [-1, 1].

    Attributes:
        multiple: H and W may be any number of pixels.
        minimum: smallest H and W.
        halo: pixels on each side that an output pixel reads of the image that goes in.
    """

    multiple = minimum = 1

    def __init__(
        self,
        inputs: int,
        outputs: int,
        normalization: Normalization,
        *,
        scale: int,
        filters: int,
        blocks: int,
        adds_input: bool,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.adds_input = adds_input
        # The first convolution reads 4 pixels, a block 2, the next 1, doublings 1 + 1/2 + 1/4 ..., the last 4 / scale.
        self.halo = 2 * blocks + 7 + -(-4 // scale)
        self.first = nn.Sequential(normalization.weight(nn.Conv2d(inputs, filters, 9, padding=4)), nn.PReLU())
        self.inner = nn.Sequential(
            *(Block(filters, normalization) for _ in range(blocks)),
            _convolution(filters, normalization),
            normalization.activation(filters),
        )
        self.doublings = nn.Sequential(
            *(_doubling(filters, normalization) for _ in range(doublings(scale))),
        )
        self.last = normalization.weight(nn.Conv2d(filters, outputs, 9, padding=4))
        if adds_input:
            begin_small(self.last)

    def forward(self, image: Tensor) -> Tensor:
        x = self.first((image + 1) / 2)
        made: Tensor = self.last(self.doublings(x + self.inner(x)))
        if not self.adds_input:
            return in_range(self, made)
        return changed(self, interpolate(image, scale_factor=float(self.scale), mode="bilinear"), made)


class Block(nn.Module):
    """A residual block of two 3x3 convolutions, with nothing after the sum."""

    def __init__(self, channels: int, normalization: Normalization) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(channels, normalization),
            normalization.activation(channels),
            nn.PReLU(),
            _convolution(channels, normalization),
            normalization.activation(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        return x + change


def _convolution(channels: int, normalization: Normalization) -> nn.Module:
    return normalization.weight(nn.Conv2d(channels, channels, 3, padding=1, bias=not normalization.shifts))


def _doubling(channels: int, normalization: Normalization) -> nn.Sequential:
    layer = normalization.weight(nn.Conv2d(channels, 4 * channels, 3, padding=1))
    return nn.Sequential(layer, nn.PixelShuffle(2), nn.PReLU())


def srresnet(
    spec: GeneratorSpec, build: Build, *, filters: int = 64, blocks: int = 16, adds_input: bool = False
) -> nn.Module:
    """Build a residual network that enlarges images.

    Args:
        filters: channels of every layer inside.
        blocks: residual blocks.
        adds_input: whether the network gives the difference from the enlarged image, which is hardly any at first.
    """
    spec.accept("inputs", "scale", "sides")
    inputs, scale = spec.need("inputs"), spec.need("scale")
    if filters < 1 or blocks < 0:
        raise UsageError(f"srresnet needs filters >= 1 and blocks >= 0, not filters={filters}, blocks={blocks}")
    if adds_input:
        refuse_unequal(inputs, spec.outputs)
    normalization = build.normalization("generator")
    network = SRResNet(
        inputs,
        spec.outputs,
        normalization,
        scale=scale,
        filters=filters,
        blocks=blocks,
        adds_input=adds_input,
    )
    return normalization.network(network)


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds SRResNet."""
    return srresnet
