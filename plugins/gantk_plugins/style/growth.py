"""Networks that grow while they are trained (Karras et al. 2017, arXiv:1710.10196, section 2); no plugin by itself.

Training begins with the smallest images. In a stage of a name that ends in `fading`, layers for images twice as large
fade in, from not at all to wholly; the stage behind it trains them so. Real images fade likewise.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gantk import (
    Discriminator,
    DiscriminatorSpec,
    Informed,
    Normalization,
    Stage,
    StageProgress,
    Unsupported,
    UsageError,
)
from gantk_plugins.networks.layers import coarsest
from gantk_plugins.style.layers import GAIN, EqualizedConv, EqualizedLinear, MinibatchDeviation, Smooth, active, widths

FADING = " fading"


def growing_stages(size: int, last: float, batches: dict[int, float], first: int = 0) -> list[Stage]:
    """Return the stages of images of a size: of each doubling one in which it fades in, and one in which it stays.

    Every stage sees as many images but the last, which sees `last` times as many. `batches` are batch sizes by the
    height of images, as multiples of the run's, 1 where nothing is said; the first stage has doubled `first` times.
    Raises UsageError where a stage would have no images.
    """
    start, doublings = coarsest(size)
    if not last > 0:
        raise UsageError(f"growing networks need last above 0, not {last}")
    stages: list[Stage] = []
    for level in range(min(first, doublings), doublings + 1):
        side = start << level
        batch = batches.get(1 << (side.bit_length() - 1), 1.0)
        for name in ([f"{side}x{side}{FADING}"] if stages else []) + [f"{side}x{side}"]:
            share = last if level == doublings and not name.endswith(FADING) else 1.0
            stages.append(Stage(name=name, scale=side / size, share=share / batch, batch=batch))
    return stages


def level_of(stage: StageProgress, first: int = 0) -> int:
    """Return how often the smallest images have doubled in a stage."""
    return first + (stage.number + 1) // 2


def share_of_new(stage: StageProgress) -> float:
    """Return how far the newest layers have faded in, 1 where they have; at no step not at all, so that all learn."""
    return (stage.step + 0.5) / stage.total if stage.name.endswith(FADING) else 1.0


def faded(old: Tensor, new: Tensor, share: float) -> Tensor:
    """Return what lies a share of the way from the old to the new."""
    return old + share * (new - old)


def blended(real: Tensor, stage: StageProgress) -> Tensor:
    """Return images (N, C, H, W) as sharp as a stage's networks make them: in part of half the size."""
    share = share_of_new(stage)
    return real if share == 1 else faded(doubled(avg_pool2d(real, 2)), real, share)


def doubled(x: Tensor) -> Tensor:
    """Return (N, C, 2 H, 2 W), each pixel as four."""
    return interpolate(x, scale_factor=2.0, mode="nearest")


def mover(player: str, stage: StageProgress) -> str:
    """Return a player's name in a stage: another than in the stage before, so that its optimizer begins anew."""
    return f"{player}_fading" if stage.name.endswith(FADING) else player


class _Block(nn.Module):
    """Two convolutions, then the mean of 2x2 pixels: (N, inputs, H, W) -> (N, outputs, H/2, W/2)."""

    def __init__(self, inputs: int, outputs: int, normalization: Normalization, smooth: bool) -> None:
        super().__init__()
        weight = normalization.weight
        self.first = weight(EqualizedConv(inputs, inputs, gain=GAIN))
        self.first_norm = normalization.activation(inputs)
        self.filters, self.smooth = smooth, Smooth((1, 2, 1)) if smooth else nn.Identity()
        self.second = weight(EqualizedConv(inputs, outputs, gain=GAIN))
        self.second_norm = normalization.activation(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = active(self.first_norm(self.first(x)), 1.0)
        x = self.second_norm(self.second(self.smooth(x)))
        # Filtered maps are halved before the bias in the authors' code, which is the same, and before the ReLU.
        return active(avg_pool2d(x, 2), 1.0) if self.filters else avg_pool2d(active(x, 1.0), 2)


class GrowingScores(Informed, nn.Module):
    """Scores images of every size from the smallest on, image conditions concatenated before them: (N, 1).

    Args:
        spec: what is asked of it; its size is that of the largest images.
        normalization: how activations or weights are normalized besides.
        base: channels of a map times its height.
        most: channels of a map at most.
        smooth: whether maps go through a low-pass filter before they are halved.
    """

    def __init__(
        self, spec: DiscriminatorSpec, normalization: Normalization, base: int, most: int, *, smooth: bool = False
    ) -> None:
        super().__init__()
        spec.accept("condition_channels", "features", "any_size")
        self.start, _ = coarsest(spec.square)
        maps = widths(spec.square, base, most)
        channels, weight = spec.channels + spec.condition_channels, normalization.weight
        read = maps if spec.any_size else maps[-1:]
        self.of_images = nn.ModuleList(weight(EqualizedConv(channels, width, 1, gain=GAIN)) for width in read)
        # What reads smaller images is trained where there are such.
        self.of_images[:-1].requires_grad_(False)
        self.blocks = nn.ModuleList(_Block(after, before, normalization, smooth) for before, after in pairwise(maps))
        self.deviation = MinibatchDeviation()
        self.conv = weight(EqualizedConv(maps[0] + 1, maps[0], gain=GAIN))
        self.dense = weight(EqualizedLinear(maps[0] * self.start**2, maps[0], gain=GAIN))
        self.scores = weight(EqualizedLinear(maps[0], 1))

    def in_use(self, level: int, fading: bool) -> list[nn.Module]:
        """Return the modules that score images that have doubled so often, all of which are trained from now on."""
        readers = [self._reader(number).requires_grad_() for number in range(level - fading, level + 1)]
        return [*readers, *self.blocks[:level], self.deviation, self.conv, self.dense, self.scores]

    def _reader(self, level: int) -> nn.Module:
        """Return what reads images that have doubled so often."""
        return self.of_images[level - len(self.blocks) - 1]

    def forward(self, image: Tensor, *conditions: Tensor) -> Tensor:
        return self.score(self.features(image, *conditions))

    def features(self, image: Tensor, *conditions: Tensor) -> list[Tensor]:
        """Return the activations after each block, or of the smallest images those before there are any."""
        image = torch.cat([*conditions, image], 1) if conditions else image
        level = round(math.log2(image.shape[2] / self.start))
        x, share = active(self._reader(level)(image), 1.0), share_of_new(self.stage)
        found = [] if level else [x]
        for number in range(level, 0, -1):
            x = self.blocks[number - 1](x)
            if number == level and share < 1:
                x = faded(active(self._reader(level - 1)(avg_pool2d(image, 2)), 1.0), x, share)
            found.append(x)
        return found

    def score(self, features: list[Tensor]) -> Tensor:
        """Return the scores (N, 1) that belong to inner activations."""
        x = active(self.conv(self.deviation(features[-1])), 1.0)
        scores: Tensor = self.scores(active(self.dense(x.flatten(1)), 1.0))
        return scores


def critics_in_use(discriminator: Discriminator, stage: StageProgress, first: int = 0) -> list[nn.Module]:
    """Return what of a discriminator works in a stage: all of it where it does not grow."""
    module = discriminator.module
    if not isinstance(module, GrowingScores):
        return [discriminator]
    return module.in_use(level_of(stage, first), stage.name.endswith(FADING))


def check_smallest(discriminator: Discriminator, channels: int, side: int) -> None:
    """Raise Unsupported where a discriminator scores no images as small as the first stage's."""
    if isinstance(discriminator.module, GrowingScores):
        return
    discriminator.eval()
    try:
        with torch.no_grad():
            discriminator(torch.zeros(2, channels, side, side))
    except (RuntimeError, ValueError):
        raise Unsupported(
            f"this discriminator scores no images of {side}x{side} pixels, with which networks that grow begin"
        ) from None
    discriminator.train()
