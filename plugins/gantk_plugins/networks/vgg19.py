"""VGG-19's inner activations (Simonyan and Zisserman 2015, arXiv:1409.1556), by which losses compare images."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from gantk import Build, UsageError

_CHANNELS = (64, 128, 256, 512, 512)
_LAYERS = (2, 2, 4, 4, 4)
_FIRST = (1, 6, 11, 20, 29)


class VGG19(nn.Module):
    """What the network has after some layer of images (N, 3 or 1, H, W) in [-1, 1].

    Parameters bear the names that they have in torchvision's file of ImageNet weights, whose normalization of colours
    is part of the network here.

    Args:
        block: which of the five blocks of convolutions, counted from 1; each but the first begins at half the size.
        layer: which convolution of that block, counted from 1.
        activated: whether its ReLU follows.
    """

    def __init__(self, block: int, layer: int, *, activated: bool = True) -> None:
        super().__init__()
        self.features = nn.Sequential()
        before = 3
        for number, (channels, layers) in enumerate(zip(_CHANNELS, _LAYERS, strict=True), start=1):
            for convolution in range(1, layers + 1):
                self.features.append(nn.Conv2d(before, channels, 3, padding=1))
                before = channels
                if (number, convolution) == (block, layer):
                    if activated:
                        self.features.append(nn.ReLU())
                    return
                self.features.append(nn.ReLU())
            self.features.append(nn.MaxPool2d(2))
        raise ValueError(f"VGG-19 has no convolution {layer} in a block {block}")

    def forward(self, image: Tensor) -> Tensor:
        features: Tensor = self.features(self.seen(image))
        return features

    def seen(self, image: Tensor) -> Tensor:
        """Return images as the weights were trained with them."""
        mean = torch.tensor([0.485, 0.456, 0.406], device=image.device).view(-1, 1, 1)
        deviation = torch.tensor([0.229, 0.224, 0.225], device=image.device).view(-1, 1, 1)
        return ((image + 1) / 2 - mean) / deviation


class FirstOfBlocks(VGG19):
    """What the network has after the first convolution, and its ReLU, of each of its five blocks."""

    def __init__(self) -> None:
        super().__init__(5, 1)

    def forward(self, image: Tensor) -> list[Tensor]:  # type: ignore[override]
        x = self.seen(image)
        found: list[Tensor] = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in _FIRST:
                found.append(x)
        return found


def vgg19_of(build: Build, weights: Path | None, channels: tuple[int, ...], block: int, layer: int) -> nn.Module | None:
    """Return the network up to a layer, with the weights of a file, for images of these numbers of channels.

    None where no weights are named. Raises UsageError where images are neither RGB nor grey.
    """
    if weights is None:
        return None
    if not set(channels) <= {1, 3}:
        said = " and ".join(str(each) for each in channels)
        raise UsageError(f"VGG-19 sees RGB or grey images, not {said} channels: leave out -s vgg")
    return build.pretrained(weights, VGG19(block, layer))
