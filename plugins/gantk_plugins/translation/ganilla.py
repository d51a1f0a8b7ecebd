"""GANILLA: photographs to illustrations of children's books (Hicsonmez et al. 2020, arXiv:2002.05638).

CycleGAN with another generator (section 3), which any recipe that translates takes by `--generator ganilla`. Going
down, its residual blocks concatenate what they make to what they read, where others add; going up, activations of each
size are added to what is enlarged, so that contents are kept while the style changes.

The architecture is the paper's figure of it; where that leaves a choice, the authors' code decides: 1x1 convolutions
bring all four sizes to 128 channels before they are added, nearest neighbours enlarge, half of a block's inner
activations are dropped in training, and nothing stands between the last two convolutions. Weights of the losses, pool,
rates and epochs are CycleGAN's.

`adds_input` leaves the paper: the network then gives the change of its input, as that of CycleGAN can here; so a short
training begins as doing nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gantk import (
    Build,
    Defaults,
    GeneratorSpec,
    Normalization,
    Recipe,
    Unsupported,
    UsageError,
    hookimpl,
    initialize_he,
)
from gantk_plugins.networks.changes import begin_small, changed, refuse_unequal
from gantk_plugins.translation.cyclegan import CycleGAN

BLOCKS = 2
"""Residual blocks of each size."""


class GANILLA(CycleGAN):
    """Translates between two domains of images that are not paired, with a generator that keeps contents.

    Args:
        cycle: weight of the cycle consistency loss.
        identity: weight of the identity loss as a share of `cycle`; used only where A and B have the same channels.
        pool: translations that each discriminator's pool holds; 0: the newest are shown.
        scales: discriminators of each domain, each of which scores images half as large as the one before.
    """

    defaults = Defaults(
        discriminator="patchgan",
        loss="lsgan",
        normalization={"generator": "instance", "discriminator": "instance"},
    )


class Generator(nn.Module):
    """Translates images (N, inputs, H, W) to (N, outputs, H, W) in [-1, 1], at a sixteenth of the size inside.

    Attributes:
        multiple: H and W must be a multiple of it.
        minimum: smallest H and W; below it there is nothing left to reflect.
    """

    multiple = 16
    minimum = 32

    def __init__(
        self,
        inputs: int,
        outputs: int,
        normalization: Normalization,
        *,
        filters: int,
        dropout: bool,
        adds_input: bool,
    ) -> None:
        super().__init__()
        self.adds_input = adds_input
        first = normalization.weight(nn.Conv2d(inputs, filters, 7, padding=3, padding_mode="reflect"))
        self.first = nn.Sequential(
            first,
            normalization.activation(filters),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.MaxPool2d(3, stride=2),
        )
        widths = [filters, 2 * filters, 2 * filters, 4 * filters]
        self.downs = nn.ModuleList()
        before = filters
        for number, width in enumerate(widths):
            stage = nn.Sequential()
            for block in range(BLOCKS):
                stride = 2 if number and not block else 1
                stage.append(Block(before, width, normalization, stride=stride, dropout=dropout))
                before = width
            self.downs.append(stage)
        self.laterals = nn.ModuleList(normalization.weight(nn.Conv2d(width, 2 * filters, 1)) for width in widths)
        last = normalization.weight(nn.Conv2d(filters, outputs, 7, padding=3, padding_mode="reflect"))
        self.last = nn.Sequential(_convolution(2 * filters, filters, normalization, bias=True), last)
        if adds_input or not normalization.normalizes:
            initialize_he(self)
        if adds_input:
            # Twice, since four sums come before. Two layers that were both near zero would hardly learn.
            begin_small(last, last)

    def forward(self, image: Tensor) -> Tensor:
        sizes = self.features(image)[1:]
        x = self.laterals[-1](sizes[-1])
        for lateral, activations in zip(self.laterals[-2::-1], sizes[-2::-1], strict=True):
            x = interpolate(x, scale_factor=2.0) + lateral(activations)
        made: Tensor = self.last(interpolate(x, scale_factor=2.0))
        return changed(self, image, made) if self.adds_input else made.tanh()

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the activations at half the size before the residual blocks, then those of each size behind them."""
        features = [self.first(image)]
        for down in self.downs:
            features.append(down(features[-1]))
        return features


class Block(nn.Module):
    """Two 3x3 convolutions, whose activations a third reads together with what went in, at that size."""

    def __init__(self, inputs: int, outputs: int, normalization: Normalization, *, stride: int, dropout: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(inputs, outputs, normalization, stride=stride),
            normalization.activation(outputs),
            nn.ReLU(inplace=True),
            *([nn.Dropout(0.5)] if dropout else []),
            _convolution(outputs, outputs, normalization),
            normalization.activation(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            layer = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=not normalization.normalizes)
            self.shortcut.extend([normalization.weight(layer), normalization.activation(outputs)])
        self.joined = nn.Sequential(
            _convolution(2 * outputs, outputs, normalization),
            normalization.activation(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        joined: Tensor = self.joined(torch.cat([self.body(x), self.shortcut(x)], 1))
        return joined


def _convolution(
    inputs: int, outputs: int, normalization: Normalization, *, stride: int = 1, bias: bool | None = None
) -> nn.Module:
    # What a bias adds, a norm over pixels takes out; without one it is needed.
    needed = not normalization.normalizes if bias is None else bias
    layer = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, padding_mode="reflect", bias=needed)
    return normalization.weight(layer)


def generator_network(
    spec: GeneratorSpec, build: Build, *, filters: int = 64, dropout: bool = True, adds_input: bool = False
) -> nn.Module:
    """Build residual blocks that concatenate, at four sizes, and a way up to which each size is added.

    Args:
        filters: channels of the first layer; the smallest size has four times as many.
        dropout: whether half of each residual block's inner activations are dropped in training.
        adds_input: whether the network gives the change of its input, which is hardly any at first.
    """
    spec.accept("inputs", "features", "sides")
    inputs = spec.need("inputs")
    if any(side % Generator.multiple or side < Generator.minimum for side in spec.sides):
        raise Unsupported(f"needs a size that is a multiple of 16 and at least 32, not {spec.sides}")
    if filters < 1:
        raise UsageError(f"ganilla needs filters >= 1, not {filters}")
    if adds_input:
        refuse_unequal(inputs, spec.outputs)
    normalization = build.normalization("generator")
    network = Generator(inputs, spec.outputs, normalization, filters=filters, dropout=dropout, adds_input=adds_input)
    return normalization.network(network)


@hookimpl
def recipe() -> type[Recipe]:
    """Return CycleGAN's training algorithm with GANILLA's generator."""
    return GANILLA


@hookimpl
def generator() -> Callable[..., nn.Module]:
    """Return what builds GANILLA's generator."""
    return generator_network
