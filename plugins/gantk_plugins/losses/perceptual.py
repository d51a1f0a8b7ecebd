"""The perceptual loss of a network that knows ImageNet (Johnson et al. 2016, arXiv:1603.08155); no plugin by itself.

As pix2pixHD's authors have it (Wang et al. 2018, arXiv:1711.11585): the mean absolute differences after the first
convolution of each of VGG-19's five blocks, weighted by 1/32, 1/16, 1/8, 1/4 and 1. They show it images in [-1, 1];
here colours are normalized as its weights were trained. VGG-19's weights are a file that the user has.

EfficientNet-Lite0, whose weights an installed package holds, needs no file: what its last blocks of five sizes give is
compared with the same weights. That is no paper's loss.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from gantk import Build, UsageError
from gantk_plugins.networks.efficientnet_lite0 import FiveSizes, trained_file
from gantk_plugins.networks.vgg19 import FirstOfBlocks

LITE = "efficientnet-lite0"
WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


def perceptual_network(build: Build, said: str, channels: int) -> nn.Module:
    """Return the frozen network by which images of so many channels are compared.

    `said` is efficientnet-lite0, or a file of VGG-19's weights as torchvision has them, or vgg19 where that is
    downloaded. Raises UsageError where it is not there, or where the images are neither grey nor RGB.
    """
    if channels not in (1, 3):
        raise UsageError(f"a perceptual loss sees RGB or grey images, not {channels} channels: leave it out")
    return build.pretrained(trained_file(), FiveSizes()) if said == LITE else build.pretrained(said, FirstOfBlocks())


def perceptual(network: nn.Module, made: Tensor, real: Tensor) -> Tensor:
    """Return how far images that were made are from the real ones, as the network sees them."""
    with torch.no_grad():
        wanted = network(real)
    differences = [l1_loss(one, other) for one, other in zip(network(made), wanted, strict=True)]
    return torch.stack([weight * one for weight, one in zip(WEIGHTS, differences, strict=True)]).sum()
