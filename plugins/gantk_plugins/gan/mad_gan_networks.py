"""MAD-GAN's networks (Ghosh et al. 2017, arXiv:1704.02906, section 3), for points and for images; no plugin by itself.

Generators of one latent space share their first layers and part in the last ones. Points, as all images of fewer than 8
pixels to a side, are made by dense layers, and scored by dense ones without norms; larger images by DCGAN's (Radford et
al. 2015, arXiv:1511.06434).
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from gantk import DiscriminatorSpec, GeneratorSpec, Normalization, UsageError, initialize_he, initialize_normal
from gantk_plugins.networks.layers import Staged, VectorNorm, coarsest

LEAST = 8
"""Pixels to a side of the smallest images that convolutions make."""

KERNEL, STEEPEST = 5, 3
"""Height and width of convolutions, and at how many layers channels double from fine to coarse."""


class Together(nn.Module):
    """Generators that share their first layers: latents (N, latent), and which makes an image (N,), to images.

    While training, each makes its own samples alone, whose statistics its norms read; else each makes all, and which
    one is taken is chosen afterwards, so that what is computed hangs on no number.

    Args:
        shared: the first layers.
        own: the last layers of each generator.
    """

    def __init__(self, shared: nn.Module, own: list[nn.Module]) -> None:
        super().__init__()
        self.shared = shared
        self.own = nn.ModuleList(own)

    def forward(self, latent: Tensor, which: Tensor) -> Tensor:
        inner = self.shared(latent)
        if self.training:
            rows = [torch.nonzero(which == number)[:, 0] for number in range(len(self.own))]
            made = [layers(inner[some]) for layers, some in zip(self.own, rows, strict=True) if len(some)]
            return torch.cat(made)[torch.argsort(torch.cat(rows))]
        every = torch.stack([layers(inner) for layers in self.own], 1)
        chosen = nn.functional.one_hot(which, len(self.own)).to(every.dtype)
        return (every * chosen[..., None, None, None]).sum(1)


def generators_of(
    spec: GeneratorSpec, normalization: Normalization, *, units: int, filters: int, shared: int | None
) -> nn.Module:
    """Return generators that share their first layers, as many as there are classes.

    Args:
        spec: what is asked of them.
        normalization: how activations or weights are normalized.
        units: width of dense layers.
        filters: channels of the layer before the image.
        shared: layers that are shared; None: all but the last two.
    """
    spec.accept("latent", "classes", "sides")
    latent, count = spec.need("latent"), spec.need("classes")
    check(units=units, filters=filters)
    first, *others = (
        _dense_layers([latent, units, units], spec, normalization)
        if max(spec.sides) < LEAST
        else _layers(latent, spec, normalization, filters)
        for _ in range(count + 1)
    )
    kept = len(first) - 2 if shared is None else shared
    if not 0 <= kept < len(first):
        raise UsageError(f"mad-gan's generators have {len(first)} layers: they share 0 to {len(first) - 1}, not {kept}")
    return Together(nn.Sequential(*first[:kept]), [nn.Sequential(*layers[kept:]) for layers in others])


def discriminator_of(spec: DiscriminatorSpec, normalization: Normalization, *, units: int, filters: int) -> nn.Module:
    """Return a discriminator that scores images (N, channels, H, W): (N, 1).

    Args:
        spec: what is asked of it.
        normalization: how activations or weights are normalized.
        units: width of dense layers.
        filters: channels of the first convolution.
    """
    spec.accept("condition_channels", "features", "sides")
    check(units=units, filters=filters)
    channels = spec.channels + spec.condition_channels
    stages: list[nn.Module] = []
    if max(spec.sides) < LEAST:
        for before, width in pairwise([channels * prod(spec.sides), units, units]):
            flat = [] if stages else [nn.Flatten()]
            layer = normalization.weight(nn.Linear(before, width))
            stages.append(nn.Sequential(*flat, layer, nn.LeakyReLU(0.2)))
        return Staged(stages, normalization.weight(nn.Linear(units, 1)))
    base, depth = coarsest(spec.square)
    widths = [filters * 2 ** min(number, STEEPEST) for number in range(depth)]
    for before, width in pairwise([channels, *widths]):
        layer = normalization.weight(nn.Conv2d(before, width, KERNEL, 2, KERNEL // 2))
        norm: list[nn.Module] = [normalization.activation(width)] if stages else []
        stages.append(nn.Sequential(layer, *norm, nn.LeakyReLU(0.2)))
    last = normalization.weight(nn.Linear(widths[-1] * base**2, 1))
    return Staged(stages, nn.Sequential(nn.Flatten(), last))


def _dense_layers(widths: list[int], spec: GeneratorSpec, normalization: Normalization) -> list[nn.Module]:
    """Return dense layers, the last of which makes points: numbers that may lie beyond [-1, 1]."""
    layers: list[nn.Module] = [
        nn.Sequential(normalization.weight(nn.Linear(before, width)), VectorNorm(normalization, width), nn.ReLU())
        for before, width in pairwise(widths)
    ]
    last = normalization.weight(nn.Linear(widths[-1], spec.outputs * prod(spec.sides)))
    return [*layers, nn.Sequential(last, nn.Unflatten(1, (spec.outputs, *spec.sides)))]


def _layers(latent: int, spec: GeneratorSpec, normalization: Normalization, filters: int) -> list[nn.Module]:
    """Return layers that double height and width, behind one that makes the coarsest map."""
    base, depth = coarsest(spec.square)
    widths = [filters * 2 ** min(number, STEEPEST) for number in reversed(range(depth))]
    first = normalization.weight(nn.Linear(latent, widths[0] * base**2))
    layers: list[nn.Module] = [
        nn.Sequential(first, nn.Unflatten(1, (widths[0], base, base)), normalization.activation(widths[0]), nn.ReLU())
    ]
    layers += [
        nn.Sequential(_doubling(before, width, normalization), normalization.activation(width), nn.ReLU())
        for before, width in pairwise(widths)
    ]
    return [*layers, nn.Sequential(_doubling(widths[-1], spec.outputs, normalization), nn.Tanh())]


def _doubling(inputs: int, outputs: int, normalization: Normalization) -> nn.Module:
    layer = nn.ConvTranspose2d(inputs, outputs, KERNEL, 2, KERNEL // 2, output_padding=1)
    return normalization.weight(layer)


def first_weights(network: nn.Module, sides: tuple[int, int]) -> nn.Module:
    """Draw the first weights of a network of images of a size: DCGAN's, or He et al.'s where layers are dense."""
    return initialize_he(network) if max(sides) < LEAST else initialize_normal(network)


def check(**widths: int) -> None:
    """Raise UsageError where a width is below 1."""
    if min(widths.values()) < 1:
        said = ", ".join(f"{name}={width}" for name, width in widths.items())
        raise UsageError(f"mad-gan needs {' and '.join(widths)} >= 1, not {said}")
