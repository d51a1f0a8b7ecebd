"""DiffAugment against its equations, and what discriminators see of real and made images."""

import pytest
import torch

from gantk import UsageError
from gantk_plugins.augmentations.diffaugment import DiffAugment, coloured, cut, translated


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1, 1)


def test_the_policy_of_colour_is_brightness_saturation_and_contrast_in_this_order():
    image = torch.tensor([0.2, -0.4, 0.8], dtype=torch.float64).view(1, 3, 1, 1).repeat(1, 1, 1, 2)
    image[..., 1] = 0.0
    brightened = image + 0.3
    grey = brightened.mean(1, keepdim=True)
    saturated = grey + 1.5 * (brightened - grey)
    expected = saturated.mean() + 0.7 * (saturated - saturated.mean())
    assert torch.allclose(coloured(image, numbers(0.8), numbers(0.75), numbers(0.2)), expected)
    assert torch.allclose(coloured(image, numbers(0.5), numbers(0.5), numbers(0.5)), image)


def test_images_are_moved_by_whole_pixels_up_to_an_eighth_each_as_likely():
    image = torch.arange(1.0, 129.0).view(1, 1, 8, 16)
    places = (torch.tensor([[down, right]]) for down in (0.0, 0.5, 0.99) for right in (0.0, 0.5, 0.99))
    steps = [(down, right) for down in (-1, 0, 1) for right in (-2, 0, 2)]
    for place, (down, right) in zip(places, steps, strict=True):
        moved = translated(image, place)
        expected = torch.zeros_like(image)
        for y in range(8):
            for x in range(16):
                if 0 <= y - down < 8 and 0 <= x - right < 16:
                    expected[..., y, x] = image[..., y - down, x - right]
        assert torch.equal(moved, expected)
    many = translated(torch.eye(8)[:1].T.repeat(5000, 1, 1, 8), torch.rand(5000, 2))
    shares = many[:, 0, :, 4].mean(0)
    assert shares[:2] == pytest.approx([1 / 3, 1 / 3], abs=0.03)


def test_the_square_that_is_cut_out_has_half_of_the_size():
    image = torch.ones(1, 2, 8, 8)
    middle, corner = cut(image, torch.tensor([[0.5, 0.5]])), cut(image, torch.tensor([[0.0, 0.0]]))
    assert (middle == 0)[0, 0].nonzero().tolist() == [[y, x] for y in range(2, 6) for x in range(2, 6)]
    assert (corner == 0)[0, 0].nonzero().tolist() == [[y, x] for y in range(2) for x in range(2)]
    whole = cut(torch.ones(4000, 1, 8, 8), torch.rand(4000, 2))
    # A middle at 0 to 8, and 4 pixels less what lies outside: 2, 3, 4, 4, 4, 4, 4, 3, 2 of a side.
    assert (whole == 0).float().mean().item() == pytest.approx((30 / 9 / 8) ** 2, abs=0.01)


def test_policies_are_chosen():
    images = torch.rand(2, 3, 8, 8)
    for policy in ("color", "translation", "cutout"):
        augmentation = DiffAugment(policies=(policy,))
        neutral = {
            "color": torch.full((2, 3), 0.5),
            "translation": torch.full((2, 2), 0.5),
            "cutout": torch.zeros(2, 2),
        }
        changed = augmentation.images(images, {**neutral, "cutout": torch.zeros(2, 2)})
        assert torch.allclose(changed, images, atol=1e-6) == (policy != "cutout")
        assert not torch.equal(augmentation.images(images, augmentation.drawn(images)), images)
    with pytest.raises(UsageError, match="one policy at least"):
        DiffAugment(policies=())
