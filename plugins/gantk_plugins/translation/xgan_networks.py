"""XGAN's networks for images of 64 pixels (Royer et al. 2017, arXiv:1711.05139); no plugin by itself.

Of a domain's encoder the last layers, of its decoder the first ones are those of the other domain too. Their widths are
the paper's; it is not said here what it says of kernels, norms and nonlinearities, so these are usual ones: four pixels
with stride 2, none, and ReLUs. Other sizes, multiples of 16, change the map of 4 x 4 pixels alone.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from gantk import (
    Build,
    DiscriminatorSpec,
    Normalization,
    Unsupported,
    UsageError,
    initialize_he,
)
from gantk_plugins.networks.layers import Staged


def coarsest_map(sides: tuple[int, int]) -> tuple[int, int]:
    """Return height and width after four halvings. Raises Unsupported where sides are no multiples of 16."""
    height, width = sides
    if height % 16 or width % 16:
        raise Unsupported(f"needs height and width that are multiples of 16, not {sides}")
    return height // 16, width // 16


class MeanSquareOne(nn.Module):
    """Brings each vector (N, length) to a mean square of one."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


def own_encoder(channels: int, filters: int, normalization: Normalization) -> nn.Module:
    """Return a domain's own layers of the encoder: (N, channels, H, W) -> (N, 2 filters, H/4, W/4)."""
    return _drawn(*_halving(channels, filters, normalization), *_halving(filters, 2 * filters, normalization))


def shared_encoder(filters: int, embedding: int, coarsest: tuple[int, int], normalization: Normalization) -> nn.Module:
    """Return the layers of the encoder that both domains share: (N, 2 filters, H/4, W/4) -> (N, embedding).

    Each embedding has a mean square of one: else encoders hide their domain by embeddings that grow without end.
    """
    height, width = coarsest
    return _drawn(
        *_halving(2 * filters, 4 * filters, normalization),
        *_halving(4 * filters, 8 * filters, normalization),
        nn.Flatten(),
        nn.Linear(8 * filters * height * width, embedding),
        nn.ReLU(),
        nn.Linear(embedding, embedding),
        MeanSquareOne(),
    )


def shared_decoder(filters: int, embedding: int, coarsest: tuple[int, int], normalization: Normalization) -> nn.Module:
    """Return the layers of the decoder that both domains share: (N, embedding) -> (N, 8 filters, H/8, W/8)."""
    first = nn.ConvTranspose2d(embedding, 16 * filters, coarsest, bias=not normalization.shifts)
    return _drawn(
        nn.Unflatten(1, (embedding, 1, 1)),
        *_stage(first, 16 * filters, normalization),
        *_doubling(16 * filters, 8 * filters, normalization),
    )


def own_decoder(channels: int, filters: int, normalization: Normalization) -> nn.Module:
    """Return a domain's own layers of the decoder: (N, 8 filters, H/8, W/8) -> (N, channels, H, W) in [-1, 1]."""
    return _drawn(
        *_doubling(8 * filters, 4 * filters, normalization),
        *_doubling(4 * filters, 2 * filters, normalization),
        normalization.weight(nn.ConvTranspose2d(2 * filters, channels, 4, stride=2, padding=1)),
        nn.Tanh(),
    )


def _halving(before: int, after: int, normalization: Normalization) -> list[nn.Module]:
    return _stage(nn.Conv2d(before, after, 4, stride=2, padding=1, bias=not normalization.shifts), after, normalization)


def _doubling(before: int, after: int, normalization: Normalization) -> list[nn.Module]:
    layer = nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=not normalization.shifts)
    return _stage(layer, after, normalization)


def _stage(layer: nn.Module, channels: int, normalization: Normalization) -> list[nn.Module]:
    return [normalization.weight(layer), normalization.activation(channels), nn.ReLU()]


def _drawn(*layers: nn.Module) -> nn.Module:
    return initialize_he(nn.Sequential(*layers))


def discriminator_network(spec: DiscriminatorSpec, build: Build, *, filters: int = 16) -> nn.Module:
    """Build four layers of stride 2 and a dense layer.

    Args:
        filters: channels of the first layer; the others have twice as many.
    """
    spec.accept("condition_channels", "features", "sides")
    if filters < 1:
        raise UsageError(f"xgan needs filters >= 1, not {filters}")
    height, width = coarsest_map(spec.sides)
    normalization = build.normalization("discriminator")
    widths = [spec.channels + spec.condition_channels, filters, *3 * [2 * filters]]
    stages: list[nn.Module] = []
    for number, (before, after) in enumerate(pairwise(widths), 1):
        # A map of one pixel has nothing that a norm over each image's pixels could go by.
        normed = number > 1 and max(spec.sides) >> number > 1
        bias = not normed or not normalization.shifts
        layer = normalization.weight(nn.Conv2d(before, after, 4, stride=2, padding=1, bias=bias))
        stages.append(nn.Sequential(layer, *([normalization.activation(after)] if normed else []), nn.LeakyReLU(0.2)))
    scores = nn.Sequential(nn.Flatten(), normalization.weight(nn.Linear(widths[-1] * height * width, 1)))
    return initialize_he(normalization.network(Staged(stages, scores)))
