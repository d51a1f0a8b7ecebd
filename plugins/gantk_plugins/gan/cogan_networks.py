"""CoGAN's networks for MNIST (Liu and Tuzel 2016, arXiv:1606.07536); no plugin by itself.

The generators share all layers but the last, the discriminators all but the first. Widths and kernels are those of the
authors' code, whose maps of 4, 7, 13, 25 and 28 pixels become those of any size from 16 on. An image is in [-1, 1], so
tanh(x / 2) stands for its sigmoid, and a score is one logit in the place of two classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gantk import Normalization, Unsupported
from gantk_plugins.networks.layers import SignedSigmoid

SMALLEST = 16
"""Pixels to a side of the smallest images, whose map is one pixel before the last layer of a discriminator."""


def check_size(sides: tuple[int, int]) -> None:
    """Raise Unsupported where images are too small."""
    if min(sides) < SMALLEST:
        raise Unsupported(f"needs images of {SMALLEST} pixels to a side at least, not {sides}")


def shared_generator(latent: int, filters: int, sides: tuple[int, int], normalization: Normalization) -> nn.Module:
    """Return the layers of the generators that both share: vectors (N, latent) -> (N, filters, H - 3, W - 3)."""
    height, width = (side - 3 for side in sides)
    maps = [(height, width)]
    while len(maps) < 4:
        height, width = (height + 1) // 2, (width + 1) // 2
        maps.insert(0, (height, width))
    layers: list[nn.Module] = [nn.Unflatten(1, (latent, 1, 1))]
    before = latent
    for number, after in enumerate((8 * filters, 4 * filters, 2 * filters, filters)):
        bias = not normalization.shifts
        if number == 0:
            layer = nn.ConvTranspose2d(before, after, maps[0], bias=bias)
        else:
            # A map of 7 pixels becomes 13 or, with another row and column, 14.
            further = (1 - maps[number][0] % 2, 1 - maps[number][1] % 2)
            layer = nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=further, bias=bias)
        layers += [normalization.weight(layer), normalization.activation(after), nn.PReLU()]
        before = after
    return nn.Sequential(*layers)


def own_generator(channels: int, filters: int) -> nn.Module:
    """Return a domain's own last layer: (N, filters, H - 3, W - 3) -> images (N, channels, H, W) in [-1, 1]."""
    return nn.Sequential(nn.ConvTranspose2d(filters, channels, 6, padding=1), SignedSigmoid())


def own_discriminator(channels: int, filters: int) -> nn.Module:
    """Return a domain's own first layers: images (N, channels, H, W) -> maps of half the size."""
    return nn.Sequential(nn.Conv2d(channels, filters, 5), nn.MaxPool2d(2))


def shared_discriminator(filters: int, sides: tuple[int, int]) -> nn.Module:
    """Return the layers that both discriminators share: what the first ones give -> features (N, 25 filters)."""
    height, width = (((side - 4) // 2 - 4) // 2 for side in sides)
    inner = filters * 5 // 2
    return nn.Sequential(
        nn.Conv2d(filters, inner, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(inner, 25 * filters, (height, width)),
        nn.PReLU(),
        nn.Flatten(),
    )


class Judged(nn.Module):
    """A discriminator: the layers of its own, the shared ones and the score's."""

    def __init__(self, own: nn.Module, shared: nn.Module, last: nn.Module) -> None:
        super().__init__()
        self.own, self.shared, self.last = own, shared, last

    def forward(self, image: Tensor) -> Tensor:
        score: Tensor = self.last(self.shared(self.own(image)))
        return score


class Classified(Judged):
    """A classifier of the features of a discriminator: the probabilities of classes."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.softmax(super().forward(image), 1)
