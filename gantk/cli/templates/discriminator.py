"""The discriminator scores patches: each score reads a part of the image alone.

Strided convolutions, one score a patch (Li and Wand 2016, arXiv:1604.04382). An image
that conditions the score is put beside the image, as further channels.
"""

from collections.abc import Callable

import torch
from gantk import (
    Build,
    DiscriminatorSpec,
    Normalization,
    Unsupported,
    UsageError,
    hookimpl,
)
from torch import Tensor, nn


class PatchScores(nn.Module):
    """Scores images (N, C, H, W): logits (N, 1, h, w), a score for each patch."""

    def __init__(
        self, channels: int, normalization: Normalization, *, filters: int, layers: int
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        for layer in range(layers):
            width = filters * 2**layer
            # As in most discriminators, the first layer has no norm.
            norm = normalization.activation(width) if layer else nn.Identity()
            bias = layer == 0 or not normalization.shifts
            strided = nn.Conv2d(channels, width, 4, stride=2, padding=1, bias=bias)
            strided_layer = normalization.weight(strided)
            stage = nn.Sequential(strided_layer, norm, nn.LeakyReLU(0.2))
            self.stages.append(stage)
            channels = width
        self.last = normalization.weight(nn.Conv2d(channels, 1, 3, padding=1))

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        scores: Tensor = self.last(self.features(image, *conditions)[-1])
        return scores

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each stage."""
        x = torch.cat([*conditions, image], 1)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


def patch_scores(
    spec: DiscriminatorSpec, build: Build, *, filters: int = 32, layers: int = 3
) -> nn.Module:
    """Build the discriminator.

    Args:
        filters: channels of the first layer; each further one doubles them.
        layers: how often height and width are halved.
    """
    spec.accept("condition_channels", "features", "sides")
    if filters < 1 or layers < 1:
        raise UsageError(
            f"filters and layers must be at least 1, not {filters} and {layers}"
        )
    # A norm over each image's pixels needs more than one of them.
    if min(spec.sides) < 2 ** (layers + 1):
        raise Unsupported(f"needs {2 ** (layers + 1)} pixels, not {spec.sides}")
    normalization = build.normalization("discriminator")
    channels = spec.channels + spec.condition_channels
    network = PatchScores(channels, normalization, filters=filters, layers=layers)
    return normalization.network(network)


@hookimpl
def discriminator() -> Callable[..., nn.Module]:
    """Return what builds the discriminator."""
    return patch_scores
