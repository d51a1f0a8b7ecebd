"""ResNet generator (Johnson et al. 2016, arXiv:1603.08155), as CycleGAN uses it (Zhu et al. 2017, arXiv:1703.10593).

CycleGAN's appendix writes it c7s1-64, d128, d256, R256 six or nine times, u128, u64, c7s1-3. The paper's last layer has
a ReLU in that notation; here it is tanh, as images are in [-1, 1]. Upsampling is the paper's transposed convolution;
`upsampling=resize` takes nearest-neighbour enlargement and a convolution instead (Odena et al. 2016, "Deconvolution and
checkerboard artifacts"), which leaves no checkerboard.

Two options are for translations that keep most of an image, which few steps then suffice to learn: `skips` adds what
the encoder had at a size to what the decoder makes at it (LinkNet, Chaurasia & Culurciello 2017, arXiv:1707.03718), and
`adds_input` has the network give the change of its input (VDSR, Kim et al. 2016, arXiv:1511.04587). Then, and without
norms, which CycleGAN does not train, weights begin as He's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from gantk import Build, GeneratorSpec, Normalization, Unsupported, UsageError, hookimpl, initialize_he
from gantk_plugins.networks.attention import SelfAttention
from gantk_plugins.networks.changes import begin_small, changed, refuse_unequal


class ResNet(nn.Module):
    """Translates images (N, inputs, H, W) to (N, outputs, H, W) in [-1, 1], at a quarter of the size inside.

    Attributes:
        multiple: H and W must be a multiple of it.
        minimum: smallest H and W; below it there is nothing left to reflect.
        halo: pixels on each side that an output pixel reads through the convolutions, rounded up to `multiple`; a norm
            over the image reads the whole of it besides.
    """

    multiple = 4
    minimum = 8

    def __init__(
        self,
        inputs: int,
        outputs: int,
        normalization: Normalization,
        *,
        filters: int,
        blocks: int,
        upsampling: Literal["transposed", "resize"],
        dropout: bool,
        skips: bool,
        adds_input: bool,
        attention: bool,
    ) -> None:
        super().__init__()
        self.skips = skips
        self.adds_input = adds_input
        # A block reads 2 pixels to each side at a quarter of the size; the rest reads 12, or 15 with resizing.
        self.halo = 8 * blocks + (12 if upsampling == "transposed" else 16)
        middle = [Block(4 * filters, normalization, dropout=dropout) for _ in range(blocks)]
        last = normalization.weight(nn.Conv2d(filters, outputs, 7, padding=3, padding_mode="reflect"))
        self.encoder = nn.Sequential(
            normed(convolution(inputs, filters, 7, normalization), filters, normalization),
            normed(halving(filters, normalization), 2 * filters, normalization),
            normed(halving(2 * filters, normalization), 4 * filters, normalization),
            *middle,
            *([SelfAttention(4 * filters, normalization)] if attention else []),
        )
        self.decoder = nn.Sequential(
            normed(doubling(4 * filters, normalization, upsampling), 2 * filters, normalization),
            normed(doubling(2 * filters, normalization, upsampling), filters, normalization),
            last,
            *([] if adds_input else [nn.Tanh()]),
        )
        if adds_input or not normalization.normalizes:
            initialize_he(self)
            begin_small(last, *(block.body[-2] for block in middle))

    def forward(self, image: Tensor) -> Tensor:
        x = image
        kept: list[Tensor] = []
        for stage in self.encoder:
            x = stage(x)
            # What is there before each halving.
            if self.skips and len(kept) < 2:
                kept.append(x)
        for stage in self.decoder:
            x = stage(x)
            if kept:
                x = x + kept.pop()
        return changed(self, image, x) if self.adds_input else x

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the activations of the encoder: after each of its three layers, each residual block and attention."""
        features = []
        for stage in self.encoder:
            image = stage(image)
            features.append(image)
        return features


class Block(nn.Module):
    """A residual block of two 3x3 convolutions, with no ReLU after the sum."""

    def __init__(self, channels: int, normalization: Normalization, *, dropout: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            normed(convolution(channels, channels, 3, normalization), channels, normalization),
            *([nn.Dropout(0.5)] if dropout else []),
            convolution(channels, channels, 3, normalization),
            normalization.activation(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.body(x)
        return x + change


def normed(layer: nn.Module, channels: int, normalization: Normalization) -> nn.Sequential:
    """Return a layer with its norm and a ReLU behind it."""
    return nn.Sequential(layer, normalization.activation(channels), nn.ReLU(inplace=True))


def convolution(inputs: int, outputs: int, kernel: int, normalization: Normalization) -> nn.Module:
    """Return a convolution that keeps the size, of an image that is reflected at its borders."""
    bias = not normalization.shifts
    return normalization.weight(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="reflect", bias=bias)
    )


def halving(channels: int, normalization: Normalization) -> nn.Module:
    """Return a convolution that halves the size and doubles the channels."""
    bias = not normalization.shifts
    return normalization.weight(nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1, bias=bias))


def doubling(channels: int, normalization: Normalization, kind: Literal["transposed", "resize"]) -> nn.Module:
    """Return what doubles the size and halves the channels."""
    if kind == "resize":
        return nn.Sequential(nn.Upsample(scale_factor=2), convolution(channels, channels // 2, 3, normalization))
    bias = not normalization.shifts
    return normalization.weight(
        nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1, bias=bias)
    )


def resnet(
    spec: GeneratorSpec,
    build: Build,
    *,
    filters: int = 64,
    blocks: int | None = None,
    upsampling: Literal["transposed", "resize"] = "transposed",
    dropout: bool = False,
    skips: bool = False,
    adds_input: bool = False,
    attention: bool = False,
) -> nn.Module:
    """Build an encoder, residual blocks and a decoder.

    Args:
        filters: channels of the first layer; the residual blocks have four times as many.
        blocks: residual blocks; unsaid: 6 below 256 pixels, else 9, as the paper has it.
        upsampling: "transposed" convolution, or "resize": enlarge, then convolve.
        dropout: whether half of each residual block's inner activations are dropped in training.
        skips: whether the decoder adds what the encoder had at the full and at half the size.
        adds_input: whether the network gives the change of its input, which is hardly any at first.
        attention: whether places attend to all others behind the residual blocks, as in SAGAN; at first they do not.
    """
    spec.accept("inputs", "features", "sides")
    inputs = spec.need("inputs")
    if any(side % ResNet.multiple or side < ResNet.minimum for side in spec.sides):
        raise Unsupported(f"needs a size that is a multiple of 4 and at least 8, not {spec.sides}")
    if filters < 1 or (blocks is not None and blocks < 0):
        raise UsageError(f"resnet needs filters >= 1 and blocks >= 0, not filters={filters}, blocks={blocks}")
    if adds_input:
        refuse_unequal(inputs, spec.outputs)
    normalization = build.normalization("generator")
    network = ResNet(
        inputs,
        spec.outputs,
        normalization,
        filters=filters,
        blocks=blocks if blocks is not None else (6 if max(spec.sides) < 256 else 9),
        upsampling=upsampling,
        dropout=dropout,
        skips=skips,
        adds_input=adds_input,
        attention=attention,
    )
    return normalization.network(network)


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds the ResNet generator."""
    return resnet
