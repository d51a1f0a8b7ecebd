"""Checks of an augmentation by itself, on images and on label maps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from gantk.parts.augmentation import Augmentation, Drawn
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure

COUNT, SIDES, CLASSES = 4, (16, 24), 5


def differentiable(checked: CheckedPlugin) -> str:
    """Change images of several numbers of channels, alike for the same draws, and take gradients through, twice."""
    augmentation: Augmentation = checked.part("augmentation")()
    torch.manual_seed(0)
    for channels in (1, 2, 3, 4):
        images = torch.rand(COUNT, channels, *SIDES).mul_(2).sub_(1).requires_grad_()
        drawn = _drawn(augmentation, images)
        changed = augmentation.images(images, drawn)
        if changed.shape != images.shape or not changed.isfinite().all():
            raise Failure(
                f"images() gives {tuple(changed.shape)} for {tuple(images.shape)}, or no numbers: the same is needed"
            )
        if not torch.equal(changed, augmentation.images(images, drawn)):
            raise Failure("images() draws by itself: draw in drawn(), so that two images can be changed alike")
        (gradient,) = torch.autograd.grad(changed.square().sum(), images, create_graph=True, allow_unused=True)
        if gradient is None:
            raise Failure("no gradient reaches the images, so that a generator would learn nothing")
        if not torch.autograd.grad(gradient.square().sum(), images, allow_unused=True)[0].isfinite().all():
            raise Failure("a gradient's gradient is NaN or infinite, as penalties take it")
    return "gradients pass, and pass twice; the same draws change alike"


def maps(checked: CheckedPlugin) -> str:
    """Move one-hot label maps: a pixel keeps one class, or gets none."""
    augmentation: Augmentation = checked.part("augmentation")()
    torch.manual_seed(0)
    layouts = one_hot(torch.randint(CLASSES, (COUNT, *SIDES)), CLASSES).permute(0, 3, 1, 2).float()
    moved = augmentation.layouts(layouts, _drawn(augmentation, layouts))
    if moved.shape != layouts.shape:
        raise Failure(f"layouts() gives {tuple(moved.shape)} for {tuple(layouts.shape)}: the same is needed")
    if not ((moved == 0) | (moved == 1)).all() or (moved.sum(1) > 1).any():
        raise Failure("layouts() mixes classes: move label maps by the nearest neighbour")
    return "a pixel keeps one class, or gets none"


def _drawn(augmentation: Augmentation, images: Tensor) -> Drawn:
    drawn = augmentation.drawn(images)
    if not drawn or any(len(values) != len(images) for values in drawn.values()):
        shapes = {name: tuple(values.shape) for name, values in drawn.items()}
        raise Failure(f"drawn() gives {shapes} for {len(images)} images: a row for each is needed")
    return drawn
