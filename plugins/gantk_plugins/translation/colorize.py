"""Colorization: pix2pix from lightness to colours (Isola et al. 2017, arXiv:1611.07004, section 4.5).

The image is taken apart in CIE L*a*b* (white point D65). The generator is given the lightness L and makes the colours a
and b, and the discriminator scores colours beside their lightness. What is exported keeps the lightness that it was
given. This is how the authors' code colorizes, with L / 50 - 1 and a and b / 110 as the networks' numbers.

As the paper's own run, which took 6 epochs of the 1.2 million images of ImageNet, it learns in batches of 4 that are
mirrored but not jittered (section 6.2). With one image at a time, batch norm would hide how light the image is. What
leaves the paper is what pix2pix leaves; the number of epochs is pix2pix's.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from gantk import Batch, DataInfo, Graph, Kind, Network, Recipe, UsageError, hookimpl
from gantk.data.kinds import KINDS
from gantk_plugins.translation.pix2pix import Pix2Pix


def to_lightness_and_colours(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return L (N, 1, H, W) and a, b (N, 2, H, W) of RGB images (N, 3, H, W) in [-1, 1], as networks take them."""
    from kornia.color import rgb_to_lab

    lab = rgb_to_lab(((image.float() + 1) / 2).clamp(0, 1))
    return lab[:, :1] / 50 - 1, lab[:, 1:] / 110


def to_image(lightness: Tensor, colours: Tensor) -> Tensor:
    """Return RGB images (N, 3, H, W) in [-1, 1]; what no RGB can show is clipped."""
    from kornia.color import lab_to_rgb

    lab = torch.cat([(lightness.float() + 1) * 50, colours.float() * 110], 1)
    return lab_to_rgb(lab) * 2 - 1


class Colorizer(nn.Module):
    """Gives images (N, 3, H, W) the colours that a generator makes of their lightness."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, image: Tensor) -> Tensor:
        lightness, _ = to_lightness_and_colours(image)
        return to_image(lightness, self.generator(lightness))


class Colorize(Pix2Pix):
    """Gives grey images colours; it learns from any images that have some.

    Args:
        l1: weight of the L1 loss to the true colours, pix2pix's lambda.
    """

    kind = Kind("images", KINDS["images"].columns, translates=True, served_by=KINDS["images"].served_by)
    settings = replace(Pix2Pix.settings, batch_size=4, jitter=1.0)

    def channels(self, data: DataInfo) -> tuple[int, int]:
        """Return those of lightness and of colours. Raises UsageError for images that are not RGB."""
        if (given := data.channels["image"]) != 3:
            raise UsageError(f"colorize learns from RGB images, of 3 channels, not of {given}")
        return 1, 2

    def pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return lightness and colours."""
        return to_lightness_and_colours(batch["image"])

    def preview(self, batch: Batch) -> dict[str, Tensor]:
        """Return the image without its colours, with those that are made for it, and as it is."""
        lightness, _ = self.pair(batch)
        grey = to_image(lightness, lightness.new_zeros(len(lightness), 2, *lightness.shape[2:]))
        return {"input": grey, "output": to_image(lightness, self.generator(lightness)), "reference": batch["image"]}

    def graphs(self) -> dict[str, Graph]:
        """Return the colorizer."""
        network = Network(Colorizer(self.generator.module), "colorizer")
        return {"colorize": Graph(network=network, inputs=("image",), outputs=("image",))}


@hookimpl
def recipe() -> type[Recipe]:
    """Return the training algorithm."""
    return Colorize
