"""RRDBNet, which enlarges images (Wang et al. 2018, arXiv:1809.00219, ESRGAN, section 3.1): 2, 4 or more times.

A residual in residual dense block is three dense blocks of five convolutions, each of which reads all before it; what a
dense block and what the three together add is a fifth of what they compute. There are no norms of activations, whatever
is chosen, which is the paper's point. Where the paper is silent its authors' code decides: images grow by doubling each
pixel before a convolution, and the dense blocks' weights begin at a tenth of He's.

The last layer is linear. Values beyond [-1, 1] are seen by losses, and cut off where the network is not trained.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gantk import Build, GeneratorSpec, Normalization, UsageError, hookimpl
from gantk_plugins.networks.changes import in_range
from gantk_plugins.networks.layers import doublings

RESIDUAL = 0.2
"""What a block's addition is multiplied by, so that a deep network is steady without norms."""


class RRDBNet(nn.Module):
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
        growth: int,
    ) -> None:
        super().__init__()
        # A block reads 15 pixels; the rest 2, at most 1 at each size between, and 2 at the largest.
        self.halo = 15 * blocks + 3 + -(-2 // scale)
        self.first = _convolution(inputs, filters, normalization)
        self.inner = nn.Sequential(
            *(RRDB(filters, growth, normalization) for _ in range(blocks)),
            _convolution(filters, filters, normalization),
        )
        self.doublings = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Upsample(scale_factor=2), _convolution(filters, filters, normalization), nn.LeakyReLU(0.2)
                )
                for _ in range(doublings(scale))
            )
        )
        self.last = nn.Sequential(
            _convolution(filters, filters, normalization),
            nn.LeakyReLU(0.2),
            _convolution(filters, outputs, normalization),
        )

    def forward(self, image: Tensor) -> Tensor:
        x = self.first((image + 1) / 2)
        made: Tensor = self.last(self.doublings(x + self.inner(x)))
        return in_range(self, made)


class DenseBlock(nn.Module):
    """Five convolutions, each of which reads the input and what those before it gave."""

    def __init__(self, channels: int, growth: int, normalization: Normalization) -> None:
        super().__init__()
        outputs = [growth, growth, growth, growth, channels]
        self.layers = nn.ModuleList(
            normalization.weight(_small(nn.Conv2d(channels + number * growth, width, 3, padding=1)))
            for number, width in enumerate(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        found = x
        for layer in self.layers[:-1]:
            found = torch.cat([found, leaky_relu(layer(found), 0.2)], 1)
        change: Tensor = self.layers[-1](found)
        return x + RESIDUAL * change


class RRDB(nn.Module):
    """Three dense blocks, a fifth of whose change is added to the input."""

    def __init__(self, channels: int, growth: int, normalization: Normalization) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(DenseBlock(channels, growth, normalization) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.blocks(x)
        return x + RESIDUAL * made


@torch.no_grad()
def _small(layer: nn.Conv2d) -> nn.Conv2d:
    """Draw a layer's weights as He does, at a tenth of their spread."""
    nn.init.kaiming_normal_(layer.weight).mul_(0.1)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _convolution(inputs: int, outputs: int, normalization: Normalization) -> nn.Module:
    return normalization.weight(nn.Conv2d(inputs, outputs, 3, padding=1))


def rrdb(spec: GeneratorSpec, build: Build, *, filters: int = 64, blocks: int = 23, growth: int = 32) -> nn.Module:
    """Build a network of residual in residual dense blocks that enlarges images.

    Args:
        filters: channels of every layer outside of dense blocks.
        blocks: residual in residual dense blocks, each of fifteen convolutions.
        growth: channels that each convolution of a dense block adds.
    """
    spec.accept("inputs", "scale", "sides")
    inputs, scale = spec.need("inputs"), spec.need("scale")
    if filters < 1 or blocks < 0 or growth < 1:
        raise UsageError(
            f"rrdb needs filters >= 1, blocks >= 0 and growth >= 1, not filters={filters}, blocks={blocks}, "
            f"growth={growth}"
        )
    normalization = build.normalization("generator")
    network = RRDBNet(inputs, spec.outputs, normalization, scale=scale, filters=filters, blocks=blocks, growth=growth)
    return normalization.network(network)


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the network."""
    return rrdb
