"""Layers that the networks of several papers share: dense ones, and stages from size to size; no plugin by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod, sqrt
from typing import Literal

import torch
from torch import Tensor, nn

from gantk import Normalization, Unsupported, UsageError

Initial = Literal["uniform", "normal", "he"]
"""What initial weights are drawn from."""

Draw = Callable[[Tensor], object]
"""Draws a weight's initial values in place."""


class Maxout(nn.Module):
    """Gives the largest of each unit's pieces: (N, units) of a layer's (N, units * pieces).

    Source: Goodfellow et al. 2013, "Maxout networks" (arXiv:1302.4389), section 3.
    """

    def __init__(self, layer: nn.Module, pieces: int) -> None:
        super().__init__()
        self.layer = layer
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        every: Tensor = self.layer(x)
        # A unit's pieces lie apart: maxima over the last dimension take a third longer.
        return every.reshape(-1, self.pieces, every.shape[1] // self.pieces).amax(1)


class VectorNorm(nn.Module):
    """Normalizes vectors (N, channels) as images of one pixel; training needs N > 1 where it is over the batch.

    Raises Unsupported where the normalization cannot do so, and UsageError for a batch that is too small.
    """

    def __init__(self, normalization: Normalization, channels: int) -> None:
        super().__init__()
        self.norm = normalization.activation(channels).eval()
        # A norm over each image's pixels refuses one pixel in either mode: better now than in a training's first step.
        try:
            self.norm(torch.zeros(2, channels, 1, 1))
        except ValueError:
            raise Unsupported(
                "has dense layers, whose vectors are images of one pixel, and this normalization takes statistics over "
                "each image's pixels; say --normalization none, or batch"
            ) from None
        self.norm.train()

    def forward(self, x: Tensor) -> Tensor:
        try:
            normalized: Tensor = self.norm(x[:, :, None, None])
        except ValueError as error:
            raise UsageError(
                f"dense layers under this normalization need a --batch-size of at least 2, or another one: {error}"
            ) from None
        return normalized.flatten(1)


class Unit(nn.Module):
    """Brings images from [-1, 1] to [0, 1], where the first papers have them."""

    def forward(self, image: Tensor) -> Tensor:
        return (image + 1) / 2


class SignedSigmoid(nn.Module):
    """A sigmoid brought from [0, 1] to [-1, 1], which is tanh(x / 2)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 2)


class ImageLayer(nn.Module):
    """A dense layer that makes images of a shape (channels, height, width) out of vectors, with `output` behind it."""

    def __init__(
        self, inputs: int, shape: tuple[int, int, int], normalization: Normalization, draw: Draw, output: nn.Module
    ) -> None:
        super().__init__()
        self.layer = dense(inputs, prod(shape), normalization, draw)
        self.output = output
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        image: Tensor = self.output(self.layer(x))
        return image.reshape(-1, *self.shape)

    @torch.no_grad()
    def begin_at(self, mean: Tensor) -> None:
        """Let the biases be what the sigmoid makes a mean image of; with another output they stay as they are."""
        if isinstance(self.output, SignedSigmoid):
            # Not quite black nor white, where a sigmoid could not learn.
            self.layer.get_parameter("bias").copy_(torch.logit((mean.flatten() + 1) / 2, 1 / 255))


def drawing(initial: Initial, spread: float) -> Draw:
    """Return what draws initial weights: uniform in [-spread, spread], normal with that deviation, or He et al.'s."""
    if not 0 < spread < float("inf"):
        raise UsageError(f"option spread: initial weights need a spread above 0, not {spread}")
    draws: dict[Initial, Draw] = {
        "uniform": lambda weight: nn.init.uniform_(weight, -spread, spread),
        "normal": lambda weight: nn.init.normal_(weight, 0.0, spread),
        "he": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    }
    return draws[initial]


def dense(inputs: int, outputs: int, normalization: Normalization, draw: Draw, *, bias: bool = True) -> nn.Module:
    """Return a linear layer (N, inputs) -> (N, outputs) with initial weights by `draw`, and zero biases."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    draw(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return normalization.weight(layer)


def joined(inputs: Iterable[Tensor], classes: int | None) -> Tensor:
    """Return images, vectors and labels as one vector (N, length), side by side, labels as one-hot vectors."""
    return torch.cat([x.flatten(1) if x.is_floating_point() else _one_hot(x, classes) for x in inputs], 1)


def _one_hot(label: Tensor, classes: int | None) -> Tensor:
    return nn.functional.one_hot(label, classes or -1).float()


class Staged(nn.Module):
    """Scores images (N, channels, size, size), image conditions concatenated before them, in stages: (N, 1).

    Args:
        stages: layers, whose outputs are the features.
        scores: what makes a score of the last feature.
    """

    def __init__(self, stages: Iterable[nn.Module], scores: nn.Module) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.scores = scores

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each stage."""
        return activations(self.stages, torch.cat([*conditions, image], 1) if conditions else image)

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores that belong to features."""
        scores: Tensor = self.scores(features[-1])
        return scores


def activations(stages: Iterable[nn.Module], x: Tensor) -> list[Tensor]:
    """Return what x becomes after each stage."""
    found = []
    for stage in stages:
        x = stage(x)
        found.append(x)
    return found


class MinibatchDiscrimination(nn.Module):
    """Says beside each sample how near the others of its batch are (Salimans et al. 2016, arXiv:1606.03498, sec. 3.2).

    Activations f (N, ...), flat, times a tensor T (inputs, kernels, numbers) are M (N, kernels, numbers), and the
    nearness o(i)_b = sum over j of exp(-|M_ib - M_jb|_1) goes beside f: (N, inputs + kernels). As in the paper's
    formula the sum takes in j = i, which adds 1. Real and made images are told apart in batches of their own.

    T is drawn so that M begins with numbers as large as those of f, for the kernel to see some samples near.

    Args:
        inputs: numbers of an activation.
        kernels: the paper's B.
        numbers: of each of them, its C.
    """

    mixes_samples = True

    def __init__(self, inputs: int, kernels: int, numbers: int = 5) -> None:
        super().__init__()
        self.t = nn.Parameter(torch.randn(inputs, kernels, numbers) / sqrt(inputs))

    def forward(self, f: Tensor) -> Tensor:
        f = f.flatten(1)
        m = torch.einsum("na,abc->nbc", f, self.t)
        distances = (m[:, None] - m[None]).abs().sum(3)
        return torch.cat([f, torch.exp(-distances).sum(1)], 1)


def minibatched(inputs: int, kernels: int) -> tuple[list[nn.Module], int]:
    """Return the layers before a last dense one for so many kernels of minibatch discrimination, and what it reads."""
    if kernels < 0:
        raise UsageError(f"option minibatch: so many kernels, at least 0, not {kernels}")
    return ([MinibatchDiscrimination(inputs, kernels)] if kernels else []), inputs + kernels


def doublings(scale: int) -> int:
    """Return how often a side doubles until it is so many times as long. Raises Unsupported where it never is."""
    if scale.bit_count() != 1:
        raise Unsupported(f"enlarges 2, 4, 8, ... times, not {scale} times")
    return scale.bit_length() - 1


def coarsest(size: int) -> tuple[int, int]:
    """Return the 4 to 7 pixels to a side of the coarsest map of images of a size, and how often it doubles to that.

    Raises Unsupported, with the next sizes that can be, where it never does.
    """
    doublings = max(size // 4, 1).bit_length() - 1
    start = size >> doublings
    if doublings < 1 or start << doublings != size:
        smaller, larger = max(start << doublings, 8), max((start + 1) << doublings, 8)
        nearest = f"{smaller} or {larger}" if smaller < size else str(larger)
        raise Unsupported(f"needs a size that is 4, 5, 6 or 7 times a power of two, such as {nearest}, not {size}")
    return start, doublings
