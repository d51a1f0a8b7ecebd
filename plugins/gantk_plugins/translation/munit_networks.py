"""MUNIT's discriminator (Huang et al. 2018, arXiv:1804.04732), as its authors' code has it; no plugin by itself.

Its encoders and decoders, which other papers use as well, are in `gantk_plugins/networks/disentangled.py`.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from gantk import Build, DiscriminatorSpec, Unsupported, UsageError
from gantk_plugins.networks.disentangled import reflected
from gantk_plugins.networks.layers import Staged


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, filters: int = 64, layers: int = 4) -> nn.Module:
    """Build a discriminator of 4x4 convolutions that each halve the size, and one of 1x1 to a score a place.

    Args:
        filters: channels of the first layer; they double at each.
        layers: how often the size is halved.
    """
    spec.accept("condition_channels", "features", "sides")
    if filters < 1 or not 1 <= layers <= 10:
        raise UsageError(f"munit needs filters >= 1 and layers from 1 to 10, not filters={filters}, layers={layers}")
    # Each halving reflects a pixel, which a single one cannot.
    if min(spec.sides) < 2**layers:
        raise Unsupported(f"with {layers} layers needs at least {2**layers} pixels, not {spec.sides}")
    normalization = build.normalization("discriminator")
    widths = [spec.channels + spec.condition_channels, *(filters * 2**layer for layer in range(layers))]
    stages: list[nn.Module] = []
    for before, width in pairwise(widths):
        norm = [normalization.activation(width)] if stages else []
        layer = normalization.weight(reflected(before, width, 4, 2))
        stages.append(nn.Sequential(layer, *norm, nn.LeakyReLU(0.2)))
    return normalization.network(Staged(stages, normalization.weight(nn.Conv2d(widths[-1], 1, 1))))
