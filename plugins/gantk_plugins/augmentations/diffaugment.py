"""DiffAugment: differentiable augmentation of what a discriminator sees (Zhao et al. 2020, arXiv:2006.10738).

Real and made images go through the same kind of random changes wherever a discriminator scores them (equations 4 and
5), so that it cannot learn a small data set by heart; the generator learns through them, so that it makes none. The
three policies are the paper's (section 4), in its order and of its strength, as the authors' code has them:

- color: brightness moves by up to 0.5 of a range of 2, saturation is multiplied by up to 2, contrast by 0.5 to 1.5;
- translation: by up to an eighth of the size, in whole pixels; what comes in is zero;
- cutout: a square of half of the size, or of what of it lies in the image, becomes zero.

Where this leaves the authors' code: what a discriminator sees of a sample in one turn, the real image and the one made
in its place among them, is changed alike, so that a recipe may compare its features; the expectation is the same.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from gantk import Augmentation, Drawn, UsageError, hookimpl

TRANSLATION, CUTOUT = 0.125, 0.5
"""Shares of the size."""


class DiffAugment(Augmentation):
    """Changes colours, moves images, and cuts squares out.

    Args:
        policies: which of the three changes are made.
    """

    def __init__(
        self,
        *,
        policies: tuple[Literal["color", "translation", "cutout"], ...] = ("color", "translation", "cutout"),
    ) -> None:
        super().__init__()
        if not policies:
            raise UsageError("diffaugment needs one policy at least: color, translation or cutout")
        self.policies = frozenset(policies)

    def drawn(self, images: Tensor) -> Drawn:
        """Return numbers in [0, 1): `color` (N, 3), where to move, `translation`, and to cut, `cutout`, both (N, 2)."""
        numbers = torch.rand(len(images), 7, device=images.device)
        return dict(zip(("color", "translation", "cutout"), torch.split(numbers, [3, 2, 2], 1), strict=True))

    def images(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return images with other colours, moved, and cut."""
        if "color" in self.policies:
            images = coloured(images, *drawn["color"].view(-1, 3, 1, 1, 1).unbind(1))
        return self.layouts(images, drawn)

    def layouts(self, layouts: Tensor, drawn: Drawn) -> Tensor:
        """Return label maps moved and cut: where they are cut, there is no class."""
        if "translation" in self.policies:
            layouts = translated(layouts, drawn["translation"])
        return cut(layouts, drawn["cutout"]) if "cutout" in self.policies else layouts


def coloured(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """Return images (N, C, H, W) changed as three numbers a sample in [0, 1), (N, 1, 1, 1), say; 0.5: not at all."""
    images = images + brightness - 0.5
    grey = images.mean(1, keepdim=True)
    images = grey + 2 * saturation * (images - grey)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (contrast + 0.5) * (images - mean)


def translated(images: Tensor, places: Tensor) -> Tensor:
    """Return images (N, C, H, W) moved down and right by whole pixels, as places (N, 2) in [0, 1) say; 0.5: by none."""
    from kornia.geometry.transform import homography_warp

    sides = images.shape[2:]
    matrices = torch.eye(3, device=images.device).repeat(len(images), 1, 1)
    for axis, side in enumerate(sides):
        farthest = int(side * TRANSLATION + 0.5)
        moved = _whole(places[:, axis], 2 * farthest + 1) - farthest
        # From -1 to 1 across the image; x stands before y.
        matrices[:, 1 - axis, 2] = -2 * moved / side
    moved_images: Tensor = homography_warp(images, matrices.to(images.dtype), (sides[0], sides[1]), mode="nearest")
    return moved_images


def cut(images: Tensor, places: Tensor) -> Tensor:
    """Return images (N, C, H, W) with a rectangle of zeros, whose middle places (N, 2) in [0, 1) say."""
    inside = []
    for axis, side in enumerate(images.shape[2:]):
        length = int(side * CUTOUT + 0.5)
        begin = _whole(places[:, axis], side + 1 - length % 2) - length // 2
        pixels = torch.arange(side, device=images.device)
        inside.append((pixels >= begin[:, None]) & (pixels < begin[:, None] + length))
    rectangle = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return images.masked_fill(rectangle, 0)


def _whole(places: Tensor, count: int) -> Tensor:
    """Return numbers in [0, 1) as whole numbers from 0 to before count, each as likely."""
    # In float32, the product may be rounded up to the count.
    return (places * count).floor().clamp(max=count - 1)


@hookimpl
def augmentation() -> type[Augmentation]:
    """Return DiffAugment."""
    return DiffAugment
