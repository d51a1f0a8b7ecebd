"""CycleGAN's pool of past translations."""

import pytest
import torch

from gantk_plugins.translation.cyclegan import ImagePool


def numbered(first, count):
    """Return images whose pixels all hold their number."""
    return torch.arange(first, first + count, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).clone()


def numbers(images):
    return images[:, 0, 0, 0].tolist()


def test_passes_on_while_it_fills():
    pool = ImagePool(4, numbered(0, 2))
    assert numbers(pool(numbered(1, 2))) == [1, 2]
    assert numbers(pool(numbered(3, 2))) == [3, 4]
    assert numbers(pool.images) == [1, 2, 3, 4]


@pytest.mark.parametrize(("capacity", "size"), [(4, 1), (5, 3), (8, 8), (3, 7), (0, 2)])
def test_no_image_is_lost_or_shown_twice(capacity, size):
    pool = ImagePool(capacity, numbered(0, size))
    for turn in range(40):
        held = numbers(pool.images[: pool.filled])
        batch = numbered(1 + turn * size, size)
        shown = pool(batch)
        assert sorted(numbers(shown) + numbers(pool.images[: pool.filled])) == sorted(
            held + numbers(batch) + numbers(batch)[: int(pool.filled) - len(held)]
        )
        assert torch.equal(shown, shown[:, :1, :1, :1].expand_as(shown))


def test_half_of_the_images_are_swapped_once_full():
    pool = ImagePool(50, numbered(0, 10))
    swapped = 0
    for turn in range(205):
        batch = numbered(10 * turn, 10)
        shown = pool(batch)
        swapped += (shown != batch).any((1, 2, 3)).sum().item()
    assert swapped / 2000 == pytest.approx(0.5, abs=0.05)


def test_every_slot_is_drawn():
    pool = ImagePool(5, numbered(0, 1))
    for number in range(100):
        pool(numbered(number, 1))
    assert min(numbers(pool.images)) > 4


def test_gives_detached_copies():
    pool = ImagePool(1, numbered(0, 1))
    image = numbered(7, 1).requires_grad_()
    shown = pool(image)
    assert not shown.requires_grad
    shown.zero_()
    assert numbers(pool.images) == [7]
    assert numbers(image) == [7]


def test_state_goes_on_exactly():
    pool, copy = ImagePool(4, numbered(0, 3)), ImagePool(4, numbered(0, 3))
    for turn in range(3):
        pool(numbered(3 * turn, 3))
    copy.load_state_dict(pool.state_dict())
    for turn in range(5):
        with torch.random.fork_rng():
            shown = pool(numbered(100 + turn, 3))
        assert torch.equal(copy(numbered(100 + turn, 3)), shown)


def test_never_waits_for_the_device():
    """A meta tensor has no values, so that reading one on the host would raise."""
    images = torch.empty(3, 3, 4, 4, device="meta")
    assert ImagePool(5, images)(images).shape == images.shape
