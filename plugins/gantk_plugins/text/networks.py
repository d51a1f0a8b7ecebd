"""Layers of StackGAN (Zhang et al. 2016, arXiv:1612.03242) and its successor; no plugin by itself."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from gantk import DiscriminatorSpec, Normalization, Unsupported, UsageError

LEAST = 4
"""Height and width of the coarsest maps (section 5, M_d)."""


def doublings(size: int) -> int:
    """Return how often 4 pixels double to a size. Raises Unsupported where they never do, or not once."""
    if size < 2 * LEAST or size.bit_count() != 1:
        raise Unsupported(f"needs a size that is a power of two and at least {2 * LEAST}, not {size}")
    return (size // LEAST).bit_length() - 1


class Augmentation(nn.Module):
    """Conditioning augmentation: a condition drawn around what a dense layer makes of a vector (section 3.2).

    Called with vectors (N, length) and noise of N(0, 1) (N, condition), it returns conditions, means and logarithms of
    deviations, (N, condition) each. As in the authors' code, both of the latter go through a leaky ReLU.
    """

    def __init__(self, length: int, condition: int) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(length, 2 * condition), nn.LeakyReLU(0.2))

    def forward(self, vector: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_deviation = self.layer(vector).chunk(2, 1)
        return mean + log_deviation.exp() * noise, mean, log_deviation


def divergence(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """Return the divergence KL(N(mean, deviation^2) || N(0, 1)), a mean over samples and numbers (equation 2)."""
    return ((mean.square() + torch.exp(2 * log_deviation) - 1) / 2 - log_deviation).mean()


def convolution(
    inputs: int, outputs: int, normalization: Normalization, activation: nn.Module, *, kernel: int = 3, stride: int = 1
) -> list[nn.Module]:
    """Return a convolution that keeps or halves the size, its norm, and an activation."""
    bias = not normalization.shifts
    layer = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=bias)
    return [normalization.weight(layer), normalization.activation(outputs), activation]


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


def spread(vector: Tensor, maps: Tensor) -> Tensor:
    """Return maps (N, C, H, W), and behind them a vector (N, length) at each of their pixels."""
    return torch.cat([maps, vector[:, :, None, None].expand(-1, -1, *maps.shape[2:])], 1)


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
        widths = [min(filters << depth - number, 16 * filters) // 2 for number in range(depth + 1)]
        self.condition = Augmentation(vector, condition)
        self.dense = norms.weight(nn.Linear(noise + condition, widths[0] * LEAST**2, bias=not norms.shifts))
        self.layers = nn.Sequential(
            nn.Unflatten(1, (widths[0], LEAST, LEAST)),
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
        widths = [max(4 * filters >> number, 1) for number in range(doublings(4 * LEAST * enlargement) + 1)]
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

    The image is halved by convolutions of 4x4 down to 4 pixels; where these are more than four, as of stage II, two of
    3x3 bring it back to the channels of four. There a dense layer's answer to the vector joins each pixel, and one
    convolution more and a dense layer give the score (section 5).

    Args:
        spec: what is asked of it.
        normalization: how activations or weights are normalized.
        filters: channels of the first layer; they double at each halving.
        condition: numbers to which the vector is brought.
    """

    def __init__(self, spec: DiscriminatorSpec, normalization: Normalization, filters: int, condition: int) -> None:
        super().__init__()
        spec.accept("vector", "features")
        length, halvings = spec.need("vector"), doublings(spec.square)
        if filters < 1 or condition < 1:
            raise UsageError(f"needs filters and condition of at least 1, not {filters} and {condition}")
        weight = normalization.weight
        first = nn.Sequential(weight(nn.Conv2d(spec.channels, filters, 4, 2, 1)), nn.LeakyReLU(0.2))
        widths = [filters << number for number in range(halvings)]
        self.stages = nn.ModuleList([first])
        for before, after in pairwise(widths):
            self.stages.append(
                nn.Sequential(*convolution(before, after, normalization, nn.LeakyReLU(0.2), kernel=4, stride=2))
            )
        narrower = [width for width in reversed(widths) if width >= filters << 3]
        for before, after in pairwise(narrower):
            self.stages.append(nn.Sequential(*convolution(before, after, normalization, nn.LeakyReLU(0.2))))
        width = min(widths[-1], filters << 3)
        self.told = nn.Sequential(weight(nn.Linear(length, condition)), nn.LeakyReLU(0.2))
        self.joint = nn.Sequential(
            *convolution(width + condition, width, normalization, nn.LeakyReLU(0.2), kernel=1),
            weight(nn.Conv2d(width, 1, LEAST)),
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
