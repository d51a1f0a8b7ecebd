"""Files of NumPy's arrays, read in their own precision or refused."""

import io
from pathlib import Path

import numpy as np
import pytest

from gantk.data.reading import decode, open_image
from gantk.errors import DataError


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.arange(12, dtype=np.uint8).reshape(3, 4), "uint8"),
        (np.arange(60, dtype=np.uint16).reshape(3, 4, 5), "uint16"),
        (np.arange(12, dtype=">u2").reshape(3, 4), "uint16"),
        (np.linspace(-3, 900, 24, dtype=np.float32).reshape(3, 4, 2), "float32"),
        (np.linspace(-3, 900, 12).reshape(3, 4), "float32"),
        (np.arange(-6, 6, dtype=np.int16).reshape(3, 4), "float32"),
    ],
)
def test_arrays_of_numpy_are_read_in_their_own_precision(array: np.ndarray, dtype: str) -> None:
    stream = io.BytesIO()
    np.save(stream, array)
    decoded = decode(Path("x.npy"), stream.getvalue())
    assert decoded.dtype == dtype
    np.testing.assert_array_equal(decoded, array.reshape(3, 4, -1).astype(dtype))


def test_an_array_with_channels_first_is_refused() -> None:
    stream = io.BytesIO()
    np.save(stream, np.zeros((3, 20, 30), np.uint8))
    with pytest.raises(DataError, match="channels first"):
        open_image(Path("x.npy"), stream.getvalue())


def test_an_array_that_is_a_pickle_is_refused() -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([print], object), allow_pickle=True)
    with pytest.raises(DataError, match="damaged"):
        open_image(Path("x.npy"), stream.getvalue())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([[0.0, value]]))
    with pytest.raises(DataError, match="NaN or infinite"):
        decode(Path("x.npy"), stream.getvalue())
