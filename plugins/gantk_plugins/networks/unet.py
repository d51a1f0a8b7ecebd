"""U-Net generator (Ronneberger et al. 2015, arXiv:1505.04597), as in pix2pix (Isola et al. 2017, arXiv:1611.07004).

pix2pix's appendix writes the 256 pixel network C64-C128-C256-C512-C512-C512-C512-C512, then CD512-CD512-CD512-C512-
C256-C128-C64. Here the depth follows the size, to a bottleneck of 1x1 where the size is a power of two up to 256,
unless the option `depth` says it. The bottleneck has no norm, since the norm of a single pixel is zero; the last layer
has none either. Dropout stands in the first three decoder blocks, those as wide as the bottleneck; a shallower network
has fewer of them.

The option `adds_input` is for translations that keep most of an image, which few steps then suffice to learn: the
network gives the change of its input (VDSR, Kim et al. 2016, arXiv:1511.04587). Then, and without norms, which pix2pix
does not train, weights begin as He's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from gantk import Build, GeneratorSpec, Normalization, Unsupported, UsageError, hookimpl, initialize_he
from gantk_plugins.networks.changes import begin_small, changed, refuse_unequal


class UNet(nn.Module):
    """Translates images (N, inputs, H, W) to (N, outputs, H, W) in [-1, 1], with a skip at each size.

    Attributes:
        multiple: H and W must be a multiple of it, 2 to the power of the depth.
        minimum: smallest H and W.
        halo: pixels on each side that an aligned tile reads through the convolutions, rounded up to `multiple`. Aligned
            is a tile that starts and ends at a multiple of `multiple`: shifted by less, the network is another one.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        normalization: Normalization,
        *,
        depth: int,
        filters: int,
        upsampling: Literal["transposed", "resize"],
        dropout: float,
        adds_input: bool,
    ) -> None:
        super().__init__()
        self.adds_input = adds_input
        self.multiple = self.minimum = 2**depth
        # A tile reads one pixel beyond its own at the bottleneck, which is 2 * multiple - 1 pixels of the image.
        self.halo = 2 * self.multiple
        bias = not normalization.shifts
        widths = [filters * 2 ** min(level, 3) for level in range(depth)]

        self.downs = nn.ModuleList()
        for level, width in enumerate(widths):
            before = widths[level - 1] if level else inputs
            layers = [normalization.weight(nn.Conv2d(before, width, 4, stride=2, padding=1, bias=bias))]
            if level:
                layers.insert(0, nn.LeakyReLU(0.2))
            if 0 < level < depth - 1:
                layers.append(normalization.activation(width))
            self.downs.append(nn.Sequential(*layers))

        self.ups = nn.ModuleList()
        for level in reversed(range(depth)):
            # All but the innermost also read the skip, which is as wide as what comes up.
            before = widths[level] * (1 if level == depth - 1 else 2)
            width = widths[level - 1] if level else outputs
            layers = [nn.ReLU(), *_enlarging(before, width, normalization, upsampling, bias=bias or not level)]
            if level:
                layers.append(normalization.activation(width))
            elif not adds_input:
                layers.append(nn.Tanh())
            if dropout and level and width == 8 * filters and level >= depth - 3:
                layers.append(nn.Dropout(dropout))
            self.ups.append(nn.Sequential(*layers))
        if adds_input or not normalization.normalizes:
            initialize_he(self)
            begin_small(self.ups[-1])

    def forward(self, image: Tensor) -> Tensor:
        x, skips = image, []
        for down in self.downs:
            x = down(x)
            skips.append(x)
        skips.pop()
        for up in self.ups:
            x = up(x)
            if skips:
                x = torch.cat([skips.pop(), x], 1)
        return changed(self, image, x) if self.adds_input else x


def _enlarging(
    inputs: int,
    outputs: int,
    normalization: Normalization,
    upsampling: Literal["transposed", "resize"],
    *,
    bias: bool,
) -> list[nn.Module]:
    if upsampling == "transposed":
        layer: nn.Module = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=bias)
        return [normalization.weight(layer)]
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect", bias=bias)
    return [nn.Upsample(scale_factor=2), normalization.weight(layer)]


def unet(
    spec: GeneratorSpec,
    build: Build,
    *,
    filters: int = 64,
    depth: int | None = None,
    upsampling: Literal["transposed", "resize"] = "transposed",
    dropout: float = 0.5,
    adds_input: bool = False,
) -> nn.Module:
    """Build an encoder and a decoder with skips between layers of one size.

    Args:
        filters: channels of the first layer; they double at each of the next three.
        depth: how often the size is halved; unsaid: as often as it can be, up to 8 times.
        upsampling: "transposed" convolution, or "resize": enlarge, then convolve.
        dropout: share of the activations dropped in the first three decoder blocks in training, pix2pix's noise.
        adds_input: whether the network gives the change of its input.
    """
    spec.accept("inputs", "sides")
    inputs = spec.need("inputs")
    if depth is not None and depth < 2:
        raise UsageError(f"unet needs depth >= 2, not {depth}")
    common = math.gcd(*spec.sides)
    halved = depth or max((times for times in range(9) if common % 2**times == 0), default=0)
    # No image is larger than 2**30 pixels.
    multiple = 2 ** min(max(halved, 2), 30)
    if common % multiple:
        raise Unsupported(f"needs a size that is a multiple of {multiple}, not {spec.sides}")
    if filters < 1 or not 0 <= dropout < 1:
        raise UsageError(f"unet needs filters >= 1 and 0 <= dropout < 1, not filters={filters}, dropout={dropout}")
    if adds_input:
        refuse_unequal(inputs, spec.outputs)
    normalization = build.normalization("generator")
    network = UNet(
        inputs,
        spec.outputs,
        normalization,
        depth=halved,
        filters=filters,
        upsampling=upsampling,
        dropout=dropout,
        adds_input=adds_input,
    )
    return normalization.network(network)


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the U-Net generator."""
    return unet
