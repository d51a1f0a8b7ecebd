"""The checks of augmentations, each seen to fail."""

import pytest

AUGMENTATION = """
import torch
from gantk import Augmentation, hookimpl

class Brighter(Augmentation):
    def drawn(self, images):
        return {{"light": torch.rand(len(images), 1, device=images.device)}}

    def images(self, images, drawn):
        return {images}

    def layouts(self, layouts, drawn):
        return {layouts}

@hookimpl
def augmentation():
    return Brighter
"""
IMAGES = 'images * (1 + drawn["light"][:, :, None, None])'


def brighter(images: str = IMAGES, layouts: str = "layouts") -> str:
    return AUGMENTATION.format(images=images, layouts=layouts)


def test_a_good_one_passes(check):
    report = check(brighter(), "differentiable", "maps")
    assert [outcome.status for outcome in report.outcomes] == ["pass", "pass"], str(report)


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ("images.detach() + 0 * images.sum().detach().requires_grad_()", "no gradient reaches the images"),
        ("images + torch.rand_like(images)", "images() draws by itself"),
        ("images[..., 1:]", "images() gives (4, 1, 16, 23) for (4, 1, 16, 24)"),
    ],
)
def test_images_that_teach_nothing_are_found(caught, images, reason):
    assert caught(brighter(images), "differentiable").startswith(reason)


def test_label_maps_that_mix_classes_are_found(caught):
    assert caught(brighter(layouts="layouts / 2"), "maps").startswith("layouts() mixes classes")
