"""The generator of StyleGAN (Karras et al. 2018, arXiv:1812.04948): figure 1 (b), section 2, appendix C."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import instance_norm

from gantk import Informed
from gantk_plugins.networks.layers import coarsest
from gantk_plugins.style.growth import doubled, faded, level_of, share_of_new
from gantk_plugins.style.layers import GAIN, EqualizedConv, EqualizedLinear, Smooth, active, widths


class StyledLayer(nn.Module):
    """Noise, a bias, a leaky ReLU, and AdaIN (equation 1), behind a convolution unless there is none.

    (N, inputs, H, W), styles (N, style) and noise (N, 1, H', W') -> (N, outputs, H', W').

    Args:
        conv: what comes first; None: nothing does.
        channels: channels that come out.
        style: length of a style.
    """

    def __init__(self, conv: nn.Module | None, channels: int, style: int) -> None:
        super().__init__()
        self.conv = nn.Identity() if conv is None else conv
        self.strength = nn.Parameter(torch.zeros(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))
        self.style = EqualizedLinear(style, 2 * channels)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        x = active(self.conv(x) + self.strength * noise + self.bias, 1.0)
        scale, shift = self.style(w).unflatten(1, (2, -1, 1, 1)).unbind(1)
        # Twice around its mean: behind the constant, noise is little beside what is the same everywhere.
        centred = x.float() - x.float().mean((2, 3), keepdim=True)
        normalized = instance_norm(centred, eps=1e-8)
        styled: Tensor = normalized * (1 + scale) + shift
        return styled


class Enlarging(nn.Module):
    """Nearest neighbours, a convolution, and a low-pass filter: (N, inputs, H, W) -> (N, outputs, 2 H, 2 W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv, self.smooth = EqualizedConv(inputs, outputs, gain=GAIN, bias=False), Smooth((1, 2, 1))

    def forward(self, x: Tensor) -> Tensor:
        enlarged: Tensor = self.smooth(self.conv(doubled(x)))
        return enlarged


class Constant(nn.Module):
    """What all images begin with: (N, channels, side, side), learned, ones at first."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.ones(channels, side, side))

    def forward(self, styles: Tensor) -> Tensor:
        return self.value.expand(styles.shape[0], -1, -1, -1)


class GrowingSynthesis(Informed, nn.Module):
    """Makes images of styles and noise, as large as the stage's.

    Styles are (N, layers, style), one for each layer in use; noise is (N, noise), theirs one after another.

    Args:
        channels: channels of the images.
        size: height and width of the largest images.
        style: length of a style.
        base: channels of a map times its height.
        most: channels of a map at most.
        first: how often the smallest images that are trained on have doubled.
    """

    def __init__(self, channels: int, size: int, style: int, base: int, most: int, first: int) -> None:
        super().__init__()
        self.start, _ = coarsest(size)
        self.first = first
        maps = widths(size, base, most)
        self.constant = Constant(maps[0], self.start)
        self.styled = nn.ModuleList(
            [StyledLayer(None, maps[0], style), StyledLayer(_plain(maps[0], maps[0]), maps[0], style)]
        )
        for before, after in pairwise(maps):
            self.styled.append(StyledLayer(Enlarging(before, after), after, style))
            self.styled.append(StyledLayer(_plain(after, after), after, style))
        self.images = nn.ModuleList(EqualizedConv(width, channels, 1) for width in maps[first:])

    @property
    def level(self) -> int:
        """How often images have doubled in the present stage."""
        return level_of(self.stage, self.first)

    @property
    def layers(self) -> int:
        """How many styles there are in the present stage."""
        return 2 * self.level + 2

    @property
    def sides(self) -> list[int]:
        """The height and width of each layer's maps in the present stage."""
        return [self.start << layer // 2 for layer in range(self.layers)]

    @property
    def noise(self) -> int:
        """How many numbers of noise there are in the present stage."""
        return sum(side**2 for side in self.sides)

    def in_use(self, fading: bool) -> list[nn.Module]:
        """Return the modules that work in the present stage."""
        number = self.level - self.first
        return [self.constant, *self.styled[: self.layers], *self.images[number - fading : number + 1]]

    def forward(self, styles: Tensor, noise: Tensor) -> Tensor:
        level, share, w = self.level, share_of_new(self.stage), styles.unbind(1)
        parts = torch.split(noise, [side**2 for side in self.sides], dim=1)
        drawn = [part.reshape(-1, 1, side, side) for part, side in zip(parts, self.sides, strict=True)]
        x = before = self.constant(styles)
        for layer in range(self.layers):
            # What the newest two layers are given is what the images of the stage before were made of.
            before = x if layer == 2 * level else before
            x = self.styled[layer](x, w[layer], drawn[layer])
        image: Tensor = self.images[level - self.first](x)
        return image if share == 1 else faded(doubled(self.images[level - self.first - 1](before)), image, share)


def _plain(inputs: int, outputs: int) -> EqualizedConv:
    return EqualizedConv(inputs, outputs, gain=GAIN, bias=False)
