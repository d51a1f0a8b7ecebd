"""Channels and sizes, in closed form."""

import numpy as np
import pytest

from gantk.data.pixels import scaled, with_channels
from gantk.errors import DataError


def one_pixel(*values: float, dtype: type = np.uint8) -> np.ndarray:
    return np.array([[values]], dtype)


@pytest.mark.parametrize(
    ("pixel", "alpha", "channels", "wanted"),
    [
        (one_pixel(100, 0, 200), False, 3, [100, 0, 200]),
        (one_pixel(7), False, 3, [7, 7, 7]),
        (one_pixel(7), False, 4, [7, 7, 7, 255]),
        (one_pixel(1, 2, 3), False, 4, [1, 2, 3, 255]),
        (one_pixel(100, 50, 200), False, 1, [round(29.9 + 29.35 + 22.8)]),
        (one_pixel(100, 0, 200, 0), True, 3, [255, 255, 255]),
        (one_pixel(100, 0, 200, 255), True, 3, [100, 0, 200]),
        (one_pixel(100, 0, 200, 51), True, 3, [224, 204, 244]),
        (one_pixel(100, 51), True, 1, [224]),
        (one_pixel(100, 51), True, 3, [224, 224, 224]),
        (one_pixel(100, 51), True, 4, [100, 100, 100, 51]),
        (one_pixel(1, 2, 3, 4), True, 4, [1, 2, 3, 4]),
        (one_pixel(0, 13107, dtype=np.uint16), True, 1, [52428]),
        (one_pixel(1, 2, 3, 4, 5), False, 5, [1, 2, 3, 4, 5]),
    ],
)
def test_channels_are_converted(pixel: np.ndarray, alpha: bool, channels: int, wanted: list[int]) -> None:
    converted = with_channels(pixel, alpha, channels)
    assert converted.dtype == pixel.dtype
    assert converted[0, 0].tolist() == wanted


def test_channels_that_mean_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="5 channels, which cannot become 3"):
        with_channels(one_pixel(1, 2, 3, 4, 5), False, 3)


def test_float_grey_keeps_its_fractions() -> None:
    assert with_channels(one_pixel(0.25, 0.25, 0.25, dtype=np.float32), False, 1) == pytest.approx(0.25)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 5, 200])
def test_shrinking_averages_areas(dtype: type, channels: int) -> None:
    array = np.arange(8 * 12 * channels).reshape(8, 12, channels).astype(dtype)
    small = scaled(array, (4, 4))
    assert small.shape == (4, 6, channels)
    assert small.dtype == dtype
    means = array.astype(float).reshape(4, 2, 6, 2, channels).mean(axis=(1, 3))
    assert np.abs(small - means).max() <= 0.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 4, 5, 8])
def test_any_number_of_channels_shrinks_by_any_factor(dtype: type, channels: int) -> None:
    flat = np.ones((40, 40, channels), dtype) * np.arange(channels, dtype=dtype)
    small = scaled(flat, (32, 32))
    assert small.shape == (32, 32, channels)
    assert small.dtype == dtype
    assert np.array_equal(small[7, 9], np.arange(channels, dtype=dtype))


@pytest.mark.parametrize("shape", [(20, 33), (33, 20), (7, 100)])
@pytest.mark.parametrize("load", [5, 20, 31])
def test_the_shorter_side_is_what_was_asked(shape: tuple[int, int], load: int) -> None:
    image = scaled(np.zeros((*shape, 3), np.uint8), (load, load))
    assert min(image.shape[:2]) == load
    assert max(image.shape[:2]) == pytest.approx(load * max(shape) / min(shape), abs=0.5)


def test_the_right_size_is_left_alone() -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 30, 3)).astype(np.uint8)
    assert scaled(image, (16, 16)) is image


def test_growing_stays_within_the_image_s_own_range() -> None:
    step = np.repeat([[2.0, 3.0]], 4, axis=1).reshape(1, 8, 1).repeat(8, axis=0).astype(np.float32)
    grown = scaled(step, (40, 40))
    assert (grown.min(), grown.max()) == (2.0, 3.0)
