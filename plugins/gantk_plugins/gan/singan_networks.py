"""SinGAN's networks: those of a scale, and what is made by the generators of several scales in a row.

Both networks of a scale are five 3x3 convolutions without padding, of which the first four are followed by batch norm
and a leaky ReLU (appendix). A batch norm that reads one picture, as the authors' do in training and when they sample,
normalizes each channel over the picture's pixels: an instance norm with a scale and a shift, which is what these are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil, log

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from gantk import Graph, Latent, Network, Scalar
from gantk.sizes import Sides

LAYERS = 5
"""Convolutions of a network, each of which takes a pixel off every edge."""

ENLARGES = 4
"""How many times as large `enlarge` makes images, as in the paper's table 2."""

PATCH = 2 * LAYERS + 1
"""Height and width in pixels of what a score reads."""

_STEPS = 4096
"""A scale of an image that is given is a whole number of these parts of its size, since exported sizes are whole."""


def pyramid(sides: Sides, least: int, factor: float) -> tuple[Sides, ...]:
    """Return height and width of each scale, the coarsest first: its shorter side has `least` pixels.

    There are as many as a factor of about `factor` between neighbours takes; the last is the picture's own size. A
    picture whose shorter side has no more than `least` pixels has one scale.
    """
    shorter = min(sides)
    if shorter <= least:
        return (sides,)
    count = ceil(log(least / shorter) / log(factor)) + 1
    exact = (least / shorter) ** (1 / count)
    return tuple(Sides(*(max(round(side * exact**above), 1) for side in sides)) for above in reversed(range(count + 1)))


def widths(filters: int, scales: int) -> list[int]:
    """Return the channels of each scale's layers: they double at every fourth scale, up to four times as many."""
    return [filters * min(2 ** (number // 4), 4) for number in range(scales)]


def convolutions(channels: int, width: int, outputs: int) -> nn.Sequential:
    """Return the five convolutions of a network that takes `channels` and gives `outputs`, as high and wide less 10."""
    layers: list[nn.Module] = []
    for before, after in pairwise([channels, *[width] * (LAYERS - 1)]):
        layers += [nn.Conv2d(before, after, 3), nn.InstanceNorm2d(after, affine=True), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width, outputs, 3))


class ScaleGenerator(nn.Module):
    """The generator of a scale, equation 3: what comes from the scale below, and details on it made of noise."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.details = nn.Sequential(convolutions(channels, width, channels), nn.Tanh())

    def forward(self, noise: Tensor, below: Tensor) -> Tensor:
        """Return an image (N, C, H, W), of noise (N, C, H, W) and of what comes from below, likewise."""
        made: Tensor = self.details(pad(noise + below, [LAYERS] * 4))
        return made + below


class PatchCritic(nn.Module):
    """The critic of a scale, which scores each patch of 11 x 11 pixels."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.scores = convolutions(channels, width, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (N, 1, H - 10, W - 10)."""
        scores: Tensor = self.scores(images)
        return scores


def enlarged(images: Tensor, sides: Sequence[int]) -> Tensor:
    """Return images at a height and width that are no smaller, by a bicubic kernel."""
    return interpolate(images, (sides[0], sides[1]), mode="bicubic")


def reduced(images: Tensor, sides: Sequence[int]) -> Tensor:
    """Return images at a height and width that are no larger, by a bicubic kernel that lets no pattern alias."""
    return interpolate(images, (sides[0], sides[1]), mode="bicubic", antialias=True)


class Scales(nn.Module):
    """The generators of the scales that are trained, the coarsest first, as one function of the noise of each.

    Attributes:
        sides: height and width of each scale.
        anchor: the noise of the coarsest scale that stands for the picture, (1, 1, H, W).
        amplitudes: what the noise of each scale is multiplied by, (scales,).
    """

    anchor: Tensor
    amplitudes: Tensor

    def __init__(
        self, generators: Iterable[nn.Module], sides: Sequence[Sides], channels: int, anchor: Tensor, amplitudes: Tensor
    ) -> None:
        super().__init__()
        self.generators = nn.ModuleList(generators)
        self.sides, self.channels = tuple(sides), channels
        self.register_buffer("anchor", anchor)
        self.register_buffer("amplitudes", amplitudes)

    def forward(self, keep: Tensor, strength: Tensor, *drawn: Tensor) -> Tensor:
        """Return images (N, C, H, W) of noise, (N, 1, H, W) at the coarsest scale and (N, C, H, W) at each other.

        The scales before number `keep` (N,) have the picture's own noise, equation 7, and the others have as much of
        what was drawn as `strength` (N,) says, from none, 0, to all, 1.
        """
        shares = [torch.where(keep > number, 0.0, strength).view(-1, 1, 1, 1) for number in range(len(drawn))]
        coarsest = shares[0] * drawn[0] + (1 - shares[0].square()).sqrt() * self.anchor
        made = torch.zeros_like(coarsest.expand(-1, self.channels, -1, -1))
        for number, generator in enumerate(self.generators):
            noise = shares[number] * drawn[number] if number else coarsest.expand_as(made)
            below = enlarged(made, self.sides[number]) if number else made
            made = generator(self.amplitudes[number] * noise, below)
        return made


class Samples(nn.Module):
    """What the scales make of noise alone, at any height and width.

    The anchor has the picture's size, so there is nothing to keep of it.
    """

    def __init__(self, scales: Scales) -> None:
        super().__init__()
        self.scales = scales

    def forward(self, *drawn: Tensor) -> Tensor:
        """Return images (N, C, H, W)."""
        none, whole = drawn[0].new_zeros(len(drawn[0])), drawn[0].new_ones(len(drawn[0]))
        made: Tensor = self.scales(none, whole, *drawn)
        return made


class Injected(nn.Module):
    """An image in place of what comes from below a scale: what the scales from there on make of it, without noise."""

    def __init__(self, generators: Sequence[nn.Module], shares: Sequence[float]) -> None:
        super().__init__()
        self.generators = nn.ModuleList(generators)
        self.shares = [round(share * _STEPS) for share in shares]

    def forward(self, image: Tensor, scale: Tensor) -> Tensor:
        """Return an image as large as the one that is given, which replaces what is below scale number `scale` (N,)."""
        coarse = [image]
        for share in reversed(self.shares[:-1]):
            coarse.insert(0, interpolate(coarse[0], self._sides(image, share), mode="bilinear"))
        made = coarse[0]
        for number, generator in enumerate(self.generators):
            here = coarse[number].shape[2:]
            if number:
                made = enlarged(made, here)
                # As blurred as what comes from below.
                given = enlarged(coarse[number - 1], here)
                made = torch.where((scale >= number).view(-1, 1, 1, 1), given, made)
                made = generator(torch.zeros_like(made), made)
        return made

    def _sides(self, image: Tensor, share: int) -> tuple[int, int]:
        height, width = ((side * share + _STEPS // 2) // _STEPS for side in image.shape[2:])
        return height, width


class Enlarger(nn.Module):
    """Images several times as high and wide: the last generator again and again, on what it made a bit larger."""

    def __init__(self, generator: nn.Module, times: int, factor: float) -> None:
        super().__init__()
        self.generator = generator
        self.times = times
        self.turns = max(round(log(times) / -log(factor)), 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return images (N, C, times H, times W)."""
        height, width = image.shape[2:]
        for turn in range(1, self.turns + 1):
            grown = round(self.times ** (turn / self.turns) * _STEPS)
            sides = height * grown // _STEPS, width * grown // _STEPS
            image = enlarged(image, sides)
            image = self.generator(torch.zeros_like(image), image)
        return image


def graphs_of(scales: Scales, latents: Sequence[Latent], factor: float) -> dict[str, Graph]:
    """Return the graphs of a model of these scales, of which one alone can only make samples.

    `latents` are the noise of each scale, and `factor` is how much smaller one is than the next.
    """
    trained, last = list(scales.generators), len(latents) - 1
    keep = Scalar(name="keep", default=0, low=0, high=len(latents))
    strength = Scalar(name="strength", default=1, low=0, high=1)
    graphs = {
        "generator": Graph(
            network=Network(scales, "generator"),
            task="generate",
            inputs=(keep, strength, *latents),
            outputs=("image",),
            resized=lambda wanted: _resized(scales, latents, wanted),
        )
    }
    if not last:
        return graphs
    injected = Injected(trained, [min(each) / min(scales.sides[-1]) for each in scales.sides])
    scale = Scalar(name="scale", default=max(last // 3, 1), low=1, high=last)
    enlarger = Enlarger(trained[-1], ENLARGES, factor)
    return graphs | {
        "inject": Graph(network=Network(injected, "inject"), inputs=("image", scale), outputs=("image",)),
        "enlarge": Graph(network=Network(enlarger, "enlarge"), inputs=("image",), outputs=("image",), scale=ENLARGES),
    }


def _resized(scales: Scales, latents: Sequence[Latent], wanted: Sides) -> Graph:
    """Return what makes samples of another height and width, of noise alone."""
    sides = [
        Sides(*(max(round(side * new / old), 1) for side, new, old in zip(each, wanted, scales.sides[-1], strict=True)))
        for each in scales.sides
    ]
    noise = tuple(
        Latent(name=latent.name, shape=(latent.shape[0], *each)) for latent, each in zip(latents, sides, strict=True)
    )
    anchor = torch.zeros(1, 1, *sides[0])
    samples = Samples(Scales(scales.generators, sides, scales.channels, anchor, scales.amplitudes))
    return Graph(network=Network(samples, "generator"), task="generate", inputs=noise, outputs=("image",))
