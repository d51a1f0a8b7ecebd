"""Pictures at a model's one size are those that training sees."""

import numpy as np
import pytest

from gantk.data.pixels import scaled
from gantk.runtime.fitted import fitted


def as_in_training(pixels: np.ndarray, size: int) -> np.ndarray:
    image = scaled(pixels, (size, size))
    top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
    return image[top : top + size, left : left + size]


def noise(height: int, width: int, channels: int, dtype: str) -> np.ndarray:
    values = np.random.default_rng(height * width).random((height, width, channels))
    return (values * (1 if dtype == "float32" else 0.9 * np.iinfo(dtype).max)).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    ("height", "width"),
    [(64, 64), (100, 77), (77, 100), (33, 32), (300, 33), (32, 51), (31, 32), (20, 33), (9, 50), (1, 1), (300, 7)],
)
def test_it_is_what_training_does(height: int, width: int, dtype: str) -> None:
    for channels in (1, 3, 5):
        pixels = noise(height, width, channels, dtype)
        ours, theirs = fitted(pixels, (32, 32)), as_in_training(pixels, 32)
        assert ours.dtype == pixels.dtype
        assert ours.shape == (32, 32, channels)
        assert np.abs(ours.astype(float) - theirs).max() <= (1e-5 if dtype == "float32" else 1)


def test_an_image_of_that_size_is_left_alone() -> None:
    pixels = noise(8, 8, 3, "uint8")
    assert fitted(pixels, (8, 8)) is pixels
    wide = noise(8, 12, 3, "uint8")
    assert np.array_equal(fitted(wide, (8, 8)), wide[:, 2:10])


def test_shrinking_averages_areas() -> None:
    pixels = np.array([[0, 10, 20, 30], [40, 50, 60, 70], [0, 0, 0, 0], [8, 8, 8, 8]], np.uint8)[..., None]
    assert fitted(pixels, (2, 2))[..., 0].tolist() == [[25, 45], [4, 4]]
    assert fitted(np.float32([[[0], [3], [6]]] * 3), (2, 2))[..., 0] == pytest.approx(np.array([[1, 5]] * 2))


def test_a_ramp_that_grows_stays_a_ramp_within() -> None:
    ramp = np.arange(8, dtype=np.float32).repeat(8).reshape(8, 8).T[..., None]
    grown = fitted(ramp, (16, 16))[5, :, 0]
    assert grown[4:12] == pytest.approx((np.arange(4, 12) + 0.5) / 2 - 0.5, abs=0.05)
    assert grown.min() >= 0
    assert grown.max() <= 7


def test_a_large_photograph_is_no_burden() -> None:
    pixels = np.zeros((2, 20_000, 3), np.uint8)
    pixels[:, 9_950:10_050] = 200
    assert (fitted(pixels, (32, 32)) == 200).all()
