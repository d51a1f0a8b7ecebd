"""The residual networks that WGAN-GP and SNGAN draw for CIFAR-10, for other sizes of images too; no plugin by itself.

Gulrajani et al. 2017 (arXiv:1704.00028, appendix) and Miyato et al. 2018 (arXiv:1802.05957, table 4) draw the same
blocks and differ in width, normalization and pooling. At 32 pixels: a generator of three blocks that double a 4x4 grid,
and a discriminator of two blocks that halve and two that do not, none of which widens.

Other sizes are this project's: a generator starts at 4 to 7 pixels and doubles, a discriminator halves to 8 at most.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor, nn

from gantk import DiscriminatorSpec, GeneratorSpec, Normalization, Unsupported, UsageError
from gantk_plugins.networks.layers import coarsest
from gantk_plugins.networks.residual_blocks import ScoreBlock, UpBlock, convolution, linear

Pooling = Literal["mean", "sum"]

Between = Mapping[int, Callable[[int], nn.Module]]
"""What stands behind the first block that gives a map of so many pixels to a side, made for its channels."""

NOTHING: Between = MappingProxyType({})


class ResidualGenerator(nn.Module):
    """Makes images (N, outputs, size, size) in [-1, 1] of noise (N, latent), and of labels (N,) where it knows classes.

    Labels scale and shift the norms inside the blocks, as one-hot vectors; the last norm knows none.

    Args:
        spec: what is asked of it.
        normalization: how activations or weights are normalized.
        filters: channels of the last block.
        most: how many times as many channels others have at most, twice as many at each halving back to the first.
        between: what stands between blocks.
    """

    def __init__(
        self,
        spec: GeneratorSpec,
        normalization: Normalization,
        filters: int,
        *,
        most: int = 1,
        between: Between = NOTHING,
    ) -> None:
        super().__init__()
        spec.accept("latent", "classes")
        _check(filters)
        self.start, doublings = coarsest(spec.square)
        self.classes = spec.classes
        widths = [filters * min(most, 2**back) for back in reversed(range(doublings))]
        self.linear = linear(spec.need("latent"), widths[0] * self.start**2, normalization)
        self.blocks = nn.ModuleList(
            UpBlock(inputs, outputs, normalization, spec.classes) for inputs, outputs in pairwise([widths[0], *widths])
        )
        sides = [self.start << number for number in range(1, doublings + 1)]
        self.between = placed(between, sides, widths)
        self.last = nn.Sequential(
            normalization.activation(filters),
            nn.ReLU(),
            convolution(filters, spec.outputs, 3, normalization),
            nn.Tanh(),
        )

    def forward(self, noise: Tensor, *labels: Tensor) -> Tensor:
        conditions = [self._one_hot(label, noise) for label in labels]
        x: Tensor = self.linear(noise).unflatten(1, (-1, self.start, self.start))
        for block, between in zip(self.blocks, self.between, strict=True):
            x = between(block(x, *conditions))
        images: Tensor = self.last(x)
        return images

    def _one_hot(self, label: Tensor, noise: Tensor) -> Tensor:
        return F.one_hot(label, self.classes or -1).to(noise.dtype)


class ResidualTrunk(nn.Module):
    """What a residual discriminator knows of images before it scores them.

    Args:
        spec: what is asked of it.
        normalization: how activations or weights are normalized.
        filters: channels of the first block.
        pooling: what is taken over the pixels of a channel: their "mean" or their "sum".
        least: pixels to a side to which images are halved, or nearly.
        same: blocks that come then and halve no more.
        most: how many times as many channels others have at most, twice as many at each halving.
        widths: channels of each block, in place of `filters` and `most`; empty: by these.
        between: what stands between blocks.

    Attributes:
        width: channels of the last block.
    """

    def __init__(
        self,
        spec: DiscriminatorSpec,
        normalization: Normalization,
        filters: int,
        pooling: Pooling,
        *,
        least: int = 8,
        same: int = 2,
        most: int = 1,
        widths: Sequence[int] = (),
        between: Between = NOTHING,
    ) -> None:
        super().__init__()
        if spec.square < 4:
            raise Unsupported(f"needs at least 4 pixels, not {spec.square}")
        _check(filters)
        channels = spec.channels + spec.condition_channels
        halvings = max(1, math.ceil(math.log2(spec.square / least)))
        if not widths:
            widths = [filters * min(most, 2 ** min(number, halvings - 1)) for number in range(halvings + same)]
        self.first = ScoreBlock(channels, widths[0], normalization, halves=True, first=True)
        self.blocks = nn.ModuleList(
            ScoreBlock(inputs, outputs, normalization, halves=block < halvings)
            for block, (inputs, outputs) in enumerate(pairwise(widths), 1)
        )
        sides = [spec.square >> min(number, halvings) for number in range(1, len(widths) + 1)]
        self.between = placed(between, sides, widths)
        self.pooling = pooling
        self.width = widths[-1]

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each block, of images under image conditions (N, condition_channels, H, W)."""
        x = torch.cat([*conditions, image], 1) if conditions else image
        features = []
        for block, between in zip([self.first, *self.blocks], self.between, strict=True):
            x = between(block(x))
            features.append(x)
        return features

    def pooled(self, features: list[Tensor]) -> Tensor:
        """Return one number a channel (N, filters) of the inner activations."""
        last = torch.relu(features[-1])
        return last.sum((2, 3)) if self.pooling == "sum" else last.mean((2, 3))


class ResidualDiscriminator(ResidualTrunk):
    """Scores images (N, channels, H, W) under image conditions: (N, 1). Its arguments are the trunk's."""

    def __init__(
        self, spec: DiscriminatorSpec, normalization: Normalization, filters: int, pooling: Pooling, **shape: Any
    ) -> None:
        spec.accept("condition_channels", "features")
        super().__init__(spec, normalization, filters, pooling, **shape)
        self.scores = linear(self.width, 1, normalization)

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores (N, 1) that belong to inner activations."""
        scores: Tensor = self.scores(self.pooled(features))
        return scores


class ProjectionDiscriminator(ResidualTrunk):
    """Scores images (N, channels, H, W) under labels (N,), and image conditions before these: (N, 1).

    The score is y^T V phi + psi(phi), where y is the label as a one-hot vector and phi the sum of the last activations
    over pixels (Miyato and Koyama 2018, arXiv:1802.05637, section 3). Its arguments are the trunk's.
    """

    def __init__(self, spec: DiscriminatorSpec, normalization: Normalization, filters: int, **shape: Any) -> None:
        spec.accept("condition_channels", "classes", "features")
        super().__init__(spec, normalization, filters, "sum", **shape)
        self.scores = linear(self.width, 1, normalization)
        embedding = nn.Embedding(spec.need("classes"), self.width)
        nn.init.xavier_uniform_(embedding.weight)
        self.embedding = normalization.weight(embedding)

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        phi = self.pooled(self.features(image, *conditions))
        scores: Tensor = self.scores(phi) + (self.embedding(conditions[-1]) * phi).sum(1, keepdim=True)
        return scores

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each block, in which the label, the last of the conditions, has no part."""
        return super().features(image, *conditions[:-1])


def placed(between: Between, sides: list[int], widths: Sequence[int]) -> nn.ModuleList:
    """Return what stands behind each block. Raises UsageError where something shall that has no place."""
    for side in between:
        if side not in sides:
            raise UsageError(f"no block gives a map of {side} pixels to a side: say one of {sorted(set(sides))}")
    places = {sides.index(side): make for side, make in between.items()}
    return nn.ModuleList(
        places[number](width) if number in places else nn.Identity() for number, width in enumerate(widths)
    )


def _check(filters: int) -> None:
    if filters < 1:
        raise UsageError(f"residual networks need filters >= 1, not {filters}")
