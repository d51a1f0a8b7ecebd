"""PatchGAN discriminator (Isola et al. 2017, arXiv:1611.07004), which scores each patch of an image.

The paper's 70x70 network, C64-C128-C256-C512 and a convolution to one score a patch, and its 1x1 PixelGAN. Scores are
logits: the paper's sigmoid belongs to the game. As in the paper, the first layer has no norm. Without norms at all,
which the paper does not train, weights begin as He's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from gantk import Build, DiscriminatorSpec, Normalization, Unsupported, UsageError, hookimpl, initialize_he
from gantk_plugins.networks.attention import SelfAttention


class PatchGAN(nn.Module):
    """Scores images (N, channels, H, W) under images and one-hot label maps (N, C, H, W): (N, 1, h, w).

    Args:
        channels: channels of the image and its conditions together.
        normalization: how activations or weights are normalized.
        widths: channels after each inner layer.
        strides: stride of each inner layer.
        kernel: size of every layer's kernel, 4 or 1.
        attention: whether places attend to all others behind the inner layers.
        padding: pixels that are put around what a layer of kernel 4 reads.
        bare: whether the weights of the first and of the last layer are left as they are.
    """

    def __init__(
        self,
        channels: int,
        normalization: Normalization,
        *,
        widths: list[int],
        strides: list[int],
        kernel: int,
        attention: bool = False,
        padding: int = 1,
        bare: bool = False,
    ) -> None:
        super().__init__()
        padding = padding if kernel == 4 else 0
        self.stages = nn.ModuleList()
        for before, width, stride in zip([channels, *widths], widths, strides, strict=False):
            first = not self.stages
            bias = first or not normalization.shifts
            layer: nn.Module = nn.Conv2d(before, width, kernel, stride=stride, padding=padding, bias=bias)
            layer = layer if first and bare else normalization.weight(layer)
            norm = [] if first else [normalization.activation(width)]
            self.stages.append(nn.Sequential(layer, *norm, nn.LeakyReLU(0.2, inplace=True)))
        if attention:
            self.stages.append(SelfAttention(widths[-1], normalization))
        scores = nn.Conv2d(widths[-1], 1, kernel, padding=padding)
        self.scores = scores if bare else normalization.weight(scores)
        if not normalization.normalizes:
            initialize_he(self)

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each inner layer."""
        x = torch.cat([*conditions, image], 1) if conditions else image
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores that belong to features."""
        scores: Tensor = self.scores(features[-1])
        return scores


def patchgan(
    spec: DiscriminatorSpec,
    build: Build,
    *,
    filters: int = 64,
    layers: int = 3,
    kind: Literal["patch", "pixel"] = "patch",
    attention: bool = False,
) -> nn.Module:
    """Build a fully convolutional discriminator.

    Args:
        filters: channels of the first layer; they double up to eight times as many.
        layers: layers of stride 2; a score reads 16, 34, 70, 142 pixels to a side with 1, 2, 3, 4.
        kind: "patch", or "pixel": a network of 1x1 convolutions, which scores each pixel by itself.
        attention: whether patches attend to all others before they are scored, as in SAGAN; at first they do not.
    """
    if kind == "patch":
        return patches(spec, build, filters=filters, layers=layers, attention=attention)
    if attention:
        raise UsageError("patchgan's kind pixel scores each pixel by itself: leave attention out, or say patch")
    _check(spec, filters, layers)
    normalization = build.normalization("discriminator")
    network = PatchGAN(_channels(spec), normalization, widths=[filters, 2 * filters], strides=[1, 1], kernel=1)
    return normalization.network(network)


def patches(
    spec: DiscriminatorSpec,
    build: Build,
    *,
    filters: int,
    layers: int,
    attention: bool = False,
    padding: int = 1,
    bare: bool = False,
) -> nn.Module:
    """Return a discriminator of convolutions with kernels of 4, as `PatchGAN` describes it."""
    _check(spec, filters, layers)
    # No image is larger than 2**30 pixels.
    smallest = (3 if padding == 1 else 1) * 2 ** min(layers, 30)
    if min(spec.sides) < smallest:
        raise Unsupported(f"with {layers} layers needs at least {smallest} pixels to give a score, not {spec.sides}")
    normalization = build.normalization("discriminator")
    network = PatchGAN(
        _channels(spec),
        normalization,
        widths=[filters * 2 ** min(layer, 3) for layer in range(layers + 1)],
        strides=[2] * layers + [1],
        kernel=4,
        attention=attention,
        padding=padding,
        bare=bare,
    )
    return normalization.network(network)


def _check(spec: DiscriminatorSpec, filters: int, layers: int) -> None:
    spec.accept("condition_channels", "layout", "features", "sides", "any_size")
    if filters < 1 or layers < 0:
        raise UsageError(f"patchgan needs filters >= 1 and layers >= 0, not filters={filters}, layers={layers}")


def _channels(spec: DiscriminatorSpec) -> int:
    return spec.channels + spec.condition_channels + (spec.layout or 0)


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the PatchGAN discriminator."""
    return patchgan
