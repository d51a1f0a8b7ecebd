"""Files of NumPy's arrays, read in their own precision or refused."""

import io

import numpy as np
import pytest

from gantk.data.pixel_arrays import decode, open_image
from gantk.errors import DataError


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.arange(12, dtype=np.uint8).reshape(3, 4), "uint8"),
        (np.arange(210, dtype=np.uint16).reshape(7, 6, 5), "uint16"),
        (np.arange(12, dtype=">u2").reshape(3, 4), "uint16"),
        (np.linspace(-3, 900, 24, dtype=np.float32).reshape(3, 4, 2), "float32"),
        (np.linspace(-3, 900, 12).reshape(3, 4), "float32"),
        (np.arange(-6, 6, dtype=np.int16).reshape(3, 4), "float32"),
    ],
)
def test_arrays_of_numpy_are_read_in_their_own_precision(array: np.ndarray, dtype: str) -> None:
    stream = io.BytesIO()
    np.save(stream, array)
    decoded = decode(stream.getvalue())
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, array.reshape(*array.shape[:2], -1).astype(dtype))


def saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize("shape", [(3, 20, 30), (6, 40, 48), (16, 32, 32)])
def test_channels_that_clearly_come_first_are_read_so(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    np.testing.assert_array_equal(decode(saved(array)), array.transpose(1, 2, 0))
    assert "channels first" in open_image(saved(array)).facts.note


@pytest.mark.parametrize("shape", [(20, 30, 3), (40, 48, 6), (300, 200, 150), (2, 3, 4)])
def test_channels_that_come_last_are_read_without_a_word(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    np.testing.assert_array_equal(decode(saved(array)), array)
    assert not open_image(saved(array)).facts.note


@pytest.mark.parametrize("shape", [(24, 40, 40), (40, 40, 40), (6, 7, 8), (40, 60, 40), (3, 3, 3), (4, 4, 4)])
def test_a_shape_that_leaves_it_open_is_questioned(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"any axis could be the channels.*numpy\.moveaxis"):
        open_image(saved(np.zeros(shape, np.uint8)))


def test_arrays_in_an_archive_are_named_as_such() -> None:
    stream = io.BytesIO()
    np.savez(stream, np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError, match=r"archive.*numpy\.save"):
        open_image(stream.getvalue())


def test_a_head_that_says_more_than_the_file_holds_takes_no_memory() -> None:
    head = saved(np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError, match="damaged"):
        open_image(head.replace(b"(4, 4)", b"(4,99)"))
    with pytest.raises(DataError, match="damaged"):
        open_image(head.replace(b"(4, 4), }       ", b"(99999,9999999)}"))


def test_an_array_that_is_a_pickle_is_refused() -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([print], object), allow_pickle=True)
    with pytest.raises(DataError, match="damaged"):
        open_image(stream.getvalue())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([[0.0, value]]))
    with pytest.raises(DataError, match="NaN or infinite"):
        decode(stream.getvalue())
