"""StackGAN++'s tree of generators and its discriminators (Zhang et al. 2017, arXiv:1710.10916); no plugin by itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gantk import DiscriminatorSpec, Network, Normalization, UsageError
from gantk_plugins.text.layers import Augmentation, convolution, doublings, halving, spread

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def gated(inputs: int, outputs: int, normalization: Normalization) -> list[nn.Module]:
    """Return a 3x3 convolution to twice as many channels, its norm, and a gate that halves them."""
    return convolution(inputs, 2 * outputs, normalization, nn.GLU(1))


class Doubled(nn.Sequential):
    """Doubles height and width by repeating pixels, then a gated convolution."""

    def __init__(self, inputs: int, outputs: int, normalization: Normalization) -> None:
        super().__init__(nn.Upsample(scale_factor=2.0), *gated(inputs, outputs, normalization))


class Residual(nn.Module):
    """A gated convolution and a plain one, whose result is added to what goes in."""

    def __init__(self, width: int, normalization: Normalization) -> None:
        super().__init__()
        last = convolution(width, width, normalization, nn.Identity())
        self.layers = nn.Sequential(*gated(width, width, normalization), *last)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.layers(x)
        return x + change


class Branch(nn.Module):
    """Doubles a hidden map (N, inputs, H, W), told the condition (N, length) again: (N, outputs, 2 H, 2 W)."""

    def __init__(self, inputs: int, outputs: int, length: int, blocks: int, normalization: Normalization) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *gated(inputs + length, inputs, normalization),
            *(Residual(inputs, normalization) for _ in range(blocks)),
            Doubled(inputs, outputs, normalization),
        )

    def forward(self, hidden: Tensor, condition: Tensor) -> Tensor:
        doubled: Tensor = self.layers(spread(condition, hidden))
        return doubled


class Tree(nn.Module):
    """Makes images of several sizes of one noise vector, and of one vector if there is any (section 4.1).

    Called `tree(noise)`, or `tree(noise, variation, vector)` where augmentation draws a condition around a vector; it
    returns images, the smallest ones first, and means and logarithms of deviations of the conditions, which are the
    noise where there is no vector.

    Args:
        channels: channels of the images.
        sides: height and width of the images of each branch, each twice those of the one before.
        noise: length of the noise.
        vector: length of the vector; None: there is none.
        condition: length of the condition.
        filters: channels of the hidden map of the smallest images; each next one has half as many.
        blocks: residual blocks of each branch behind the first.
        normalization: how activations or weights are normalized.
    """

    def __init__(
        self,
        channels: int,
        sides: Sequence[int],
        noise: int,
        vector: int | None,
        condition: int,
        filters: int,
        blocks: int,
        normalization: Normalization,
    ) -> None:
        super().__init__()
        depth = doublings(sides[0])
        start = sides[0] >> depth
        self.condition = None if vector is None else Augmentation(vector, condition, gated=True)
        length = noise if vector is None else condition
        widths = [filters << depth - number for number in range(depth + 1)]
        first = nn.Linear(noise + (0 if vector is None else condition), 2 * widths[0] * start**2, bias=False)
        self.dense = normalization.weight(first)
        self.root = nn.Sequential(
            nn.Unflatten(1, (2 * widths[0], start, start)),
            normalization.activation(2 * widths[0]),
            nn.GLU(1),
            *(Doubled(before, after, normalization) for before, after in pairwise(widths)),
        )
        hidden = [max(filters >> number, 1) for number in range(len(sides))]
        self.branches = nn.ModuleList(
            Branch(before, after, length, blocks, normalization) for before, after in pairwise(hidden)
        )
        self.images = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, channels, 3, padding=1), nn.Tanh()) for width in hidden
        )

    def forward(
        self, noise: Tensor, variation: Tensor | None = None, vector: Tensor | None = None
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        if self.condition is None:
            condition = mean = log_deviation = joined = noise
        else:
            condition, mean, log_deviation = self.condition(vector, variation)
            joined = torch.cat([condition, noise], 1)
        hidden = self.root(self.dense(joined))
        images = [self.images[0](hidden)]
        for branch, image in zip(self.branches, list(self.images)[1:], strict=True):
            hidden = branch(hidden, condition)
            images.append(image(hidden))
        return images, mean, log_deviation


class JointScores(nn.Module):
    """Scores images by themselves, (N, 1), and under a vector (N, length): then a list, the latter's scores first.

    Image conditions are concatenated before the image, and stand before the vector.

    Args:
        spec: what is asked of it; its vector is the length, None: images are scored by themselves alone.
        normalization: how activations or weights are normalized.
        filters: channels of the first layer; they double at each halving.
    """

    def __init__(self, spec: DiscriminatorSpec, normalization: Normalization, filters: int) -> None:
        super().__init__()
        spec.accept("condition_channels", "vector", "features")
        if filters < 1:
            raise UsageError(f"needs filters of at least 1, not {filters}")
        size = spec.square
        self.stages, width = halving(spec.channels + spec.condition_channels, size, filters, normalization)

        def scores() -> nn.Sequential:
            return nn.Sequential(normalization.weight(nn.Conv2d(width, 1, size >> doublings(size))), nn.Flatten())

        self.alone, self.told = scores(), None
        if spec.vector is not None:
            joint = convolution(width + spec.vector, width, normalization, nn.LeakyReLU(0.2))
            self.told = nn.Sequential(*joint, *scores())

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor | list[Tensor]:
        seen = self.features(image, *conditions)[-1]
        alone: Tensor = self.alone(seen)
        return alone if self.told is None else [self.told(spread(conditions[-1], seen)), alone]

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each stage, which a vector does not reach."""
        images = conditions if self.told is None else conditions[:-1]
        x, found = torch.cat([*images, image], 1), []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found


class Labels(nn.Module):
    """Makes vectors (N, classes) of labels (N,), whose length is `norm`: zeros for all classes but one."""

    def __init__(self, classes: int, norm: float) -> None:
        super().__init__()
        self.classes, self.norm = classes, norm

    def forward(self, label: Tensor) -> Tensor:
        return self.norm * one_hot(label, self.classes).float()


class Largest(nn.Module):
    """Makes the largest images of noise, and of a variation and numbers of words (N, L) or labels (N,) besides."""

    def __init__(self, tree: Network, reader: nn.Module | None) -> None:
        super().__init__()
        self.tree, self.reader = tree, reader

    def forward(self, noise: Tensor, *told: Tensor) -> Tensor:
        images: list[Tensor] = self.all(noise, *told)
        return images[-1]

    def all(self, noise: Tensor, *told: Tensor) -> list[Tensor]:
        """Return the images of all branches, the smallest first."""
        vector = () if self.reader is None else (told[0], self.reader(told[1]))
        images: list[Tensor] = self.tree(noise, *vector)[0]
        return images


def colours(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean colour of images (N, C, H, W), (N, C), and the covariance of their pixels' colours (N, C, C)."""
    pixels = image.flatten(2)
    mean = pixels.mean(2)
    apart = pixels - mean.unsqueeze(2)
    return mean, apart @ apart.transpose(1, 2) / pixels.shape[2]


def colour_difference(image: Tensor, smaller: Tensor, covariance: float = 5.0) -> Tensor:
    """Return how far the colours of images are from those of smaller ones, which do not learn of it (equation 8).

    It is the mean squared difference of mean colours, and `covariance` times that of covariances.
    """
    (mean, spread), (wanted, wanted_spread) = colours(image), colours(smaller.detach())
    return (mean - wanted).square().mean() + covariance * (spread - wanted_spread).square().mean()


def initialize_orthogonal(network: AnyModule) -> AnyModule:
    """Let a network's weights begin orthogonal, and the scales of its norms about 1; biases become zero."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            # A parametrized weight, as of spectral norm, keeps its own tensor under another name.
            parametrized = getattr(module, "parametrizations", None)
            nn.init.orthogonal_(module.weight if parametrized is None else parametrized.weight.original)
        elif isinstance(module, nn.BatchNorm2d) and module.weight is not None:
            nn.init.normal_(module.weight, 1.0, 0.02)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    return network
