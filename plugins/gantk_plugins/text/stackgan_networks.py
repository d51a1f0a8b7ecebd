"""StackGAN's networks (Zhang et al. 2016, arXiv:1612.03242); no plugin by itself."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from gantk import DiscriminatorSpec, Normalization, UsageError
from gantk_plugins.text.layers import Augmentation, convolution, doublings, halving, spread


class Doubled(nn.Sequential):
    """Doubles height and width by repeating pixels, then a 3x3 convolution, norm and ReLU."""

    def __init__(self, inputs: int, outputs: int, normalization: Normalization) -> None:
        super().__init__(nn.Upsample(scale_factor=2.0), *convolution(inputs, outputs, normalization, nn.ReLU()))


class Residual(nn.Module):
    """Two 3x3 convolutions, whose result is added to what goes in, and ReLU."""

    def __init__(self, width: int, normalization: Normalization) -> None:
        super().__init__()
        first = convolution(width, width, normalization, nn.ReLU())
        self.layers = nn.Sequential(*first, *convolution(width, width, normalization, nn.Identity()))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.layers(x))


class Sketch(nn.Module):
    """Stage I: draws images (N, channels, size, size) of noise (N, noise), and of vectors (N, vector).

    Called `sketch(noise, variation, vector)`, where the variation (N, condition) is what augmentation draws; it returns
    images, and the means and logarithms of deviations of the conditions.
    """

    def __init__(
        self, channels: int, size: int, noise: int, vector: int, condition: int, filters: int, norms: Normalization
    ) -> None:
        super().__init__()
        depth = doublings(size)
        start = size >> depth
        widths = [min(filters << depth - number, 16 * filters) // 2 for number in range(depth + 1)]
        self.condition = Augmentation(vector, condition)
        self.dense = norms.weight(nn.Linear(noise + condition, widths[0] * start**2, bias=not norms.shifts))
        self.layers = nn.Sequential(
            nn.Unflatten(1, (widths[0], start, start)),
            norms.activation(widths[0]),
            nn.ReLU(),
            *(Doubled(before, after, norms) for before, after in pairwise(widths)),
            nn.Conv2d(widths[-1], channels, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, noise: Tensor, variation: Tensor, vector: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        condition, mean, log_deviation = self.condition(vector, variation)
        return self.layers(self.dense(torch.cat([condition, noise], 1))), mean, log_deviation


class Refinement(nn.Module):
    """Stage II: draws larger images of stage I's (N, channels, H, W), and of vectors (N, vector).

    Called `refinement(image, variation, vector)`; what it takes and returns besides images is as stage I's.
    """

    def __init__(
        self,
        channels: int,
        enlargement: int,
        vector: int,
        condition: int,
        filters: int,
        blocks: int,
        norms: Normalization,
    ) -> None:
        super().__init__()
        self.condition = Augmentation(vector, condition)
        self.read = nn.Sequential(
            nn.Conv2d(channels, filters, 3, padding=1),
            nn.ReLU(),
            *convolution(filters, 2 * filters, norms, nn.ReLU(), kernel=4, stride=2),
            *convolution(2 * filters, 4 * filters, norms, nn.ReLU(), kernel=4, stride=2),
        )
        widths = [max(4 * filters >> number, 1) for number in range(doublings(16 * enlargement) + 1)]
        self.layers = nn.Sequential(
            *convolution(4 * filters + condition, 4 * filters, norms, nn.ReLU()),
            *(Residual(4 * filters, norms) for _ in range(blocks)),
            *(Doubled(before, after, norms) for before, after in pairwise(widths)),
            nn.Conv2d(widths[-1], channels, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, image: Tensor, variation: Tensor, vector: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        condition, mean, log_deviation = self.condition(vector, variation)
        return self.layers(spread(condition, self.read(image))), mean, log_deviation


class ConditionalScores(nn.Module):
    """Scores images (N, channels, size, size) under a vector (N, length): (N, 1); its features are those of the image.

    The image is halved down to 4 pixels or a few more. There a dense layer's answer to the vector joins each pixel, and
    one convolution more and a dense layer give the score (section 5).

    Args:
        spec: what is asked of it.
        normalization: how activations or weights are normalized.
        filters: channels of the first layer; they double at each halving.
        condition: numbers to which the vector is brought.
    """

    def __init__(self, spec: DiscriminatorSpec, normalization: Normalization, filters: int, condition: int) -> None:
        super().__init__()
        spec.accept("vector", "features")
        length, size = spec.need("vector"), spec.square
        if filters < 1 or condition < 1:
            raise UsageError(f"needs filters and condition of at least 1, not {filters} and {condition}")
        weight = normalization.weight
        self.stages, width = halving(spec.channels, size, filters, normalization)
        self.told = nn.Sequential(weight(nn.Linear(length, condition)), nn.LeakyReLU(0.2))
        self.joint = nn.Sequential(
            *convolution(width + condition, width, normalization, nn.LeakyReLU(0.2), kernel=1),
            weight(nn.Conv2d(width, 1, size >> doublings(size))),
            nn.Flatten(),
        )

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        scores: Tensor = self.joint(spread(self.told(vector), self.features(image, vector)[-1]))
        return scores

    def features(self, image: Tensor, vector: Tensor) -> list[Tensor]:
        """Return the activations after each stage, which the vector does not reach."""
        found = []
        for stage in self.stages:
            image = stage(image)
            found.append(image)
        return found
