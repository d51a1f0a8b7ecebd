"""TIFF files of every kind, against the arrays that were written."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from gantk.data.pixel_arrays import decode, open_image
from gantk.errors import DataError


def written(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **options)
    return stream.getvalue()


def values(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    array = np.random.default_rng(0).integers(0, 250, shape)
    return (array / 7 - 3).astype(dtype) if np.issubdtype(dtype, np.floating) else array.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((20, 30), {}),
        ((20, 30, 3), {"photometric": "rgb"}),
        ((20, 30, 5), {"photometric": "minisblack", "planarconfig": "contig"}),
        ((20, 30, 5), {}),
        ((20, 30, 2), {}),
    ],
)
def test_channels_last_are_read_as_they_were_written(
    shape: tuple[int, ...], options: dict[str, str], dtype: type
) -> None:
    array = values(shape, dtype)
    data = written(array, **options)
    decoded = decode(data)
    np.testing.assert_array_equal(decoded, array.reshape(20, 30, -1))
    assert decoded.dtype == dtype
    facts = open_image(data).facts
    assert (facts.height, facts.width, facts.channels, facts.dtype) == (*decoded.shape, np.dtype(dtype).name)


@pytest.mark.parametrize("options", [{}, {"photometric": "minisblack", "planarconfig": "separate"}, {"imagej": True}])
def test_channels_first_are_moved_last(options: dict[str, object]) -> None:
    array = values((6, 20, 30), np.uint16)
    np.testing.assert_array_equal(decode(written(array, **options)), array.transpose(1, 2, 0))


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int16, np.uint32])
def test_other_numbers_become_float32(dtype: type) -> None:
    array = values((20, 30), dtype)
    data = written(array)
    decoded = decode(data)
    assert str(decoded.dtype) == open_image(data).facts.dtype == "float32"
    np.testing.assert_array_equal(decoded[:, :, 0], array.astype(np.float32))


def test_declared_alpha_of_16_bit_is_alpha() -> None:
    data = written(values((20, 30, 4), np.uint16), photometric="rgb", extrasamples=["unassalpha"])
    assert open_image(data).facts.alpha


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_lzw_is_read_in_full_precision(tmp_path: Path, dtype: type) -> None:
    array = values((20, 30, 3), dtype)
    path = tmp_path / "x.tif"
    assert cv2.imwrite(str(path), array[:, :, ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW])
    np.testing.assert_array_equal(decode(path.read_bytes()), array)


def test_the_orientation_tag_is_applied() -> None:
    array = values((20, 30), np.uint16)
    data = written(array, extratags=[(274, "H", 1, 6, True)])
    facts = open_image(data).facts
    assert (facts.height, facts.width) == (30, 20)
    np.testing.assert_array_equal(decode(data)[:, :, 0], np.rot90(array, -1))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_floats_are_refused(share: float) -> None:
    data = written(values((20, 30), np.float32))
    with pytest.raises(DataError, match="truncated"):
        decode(data[: int(share * len(data))])


def test_a_stack_of_pages_is_refused() -> None:
    with pytest.raises(DataError, match="wanted one image"):
        open_image(written(values((80, 90, 100), np.uint8)))


def test_a_tiff_bomb_is_refused_undecoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tif"
    tifffile.imwrite(path, np.zeros((20, 20), np.uint16), metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        for name in ("ImageWidth", "ImageLength"):
            tiff.pages[0].tags[name].overwrite(20_000)
    with pytest.raises(DataError, match="decompression bomb"):
        open_image(path.read_bytes())


def test_without_tifffile_pillow_reads_what_it_can(without: Callable[[str], None]) -> None:
    grey, colour = written(values((20, 30), np.uint16)), written(values((20, 30, 3), np.uint16), photometric="rgb")
    pages, plain = written(values((6, 20, 30), np.uint8)), written(values((20, 30, 3), np.uint8), photometric="rgb")
    full = decode(colour)
    without("tifffile")
    assert decode(grey).dtype == np.uint16
    assert decode(plain).shape == (20, 30, 3)
    opened = open_image(colour, shallow=True)
    assert opened.deep
    np.testing.assert_array_equal(opened.pixels(), full >> 8)
    for data in (colour, pages):
        with pytest.raises(DataError, match="takes another package to read: .* install .*tifffile"):
            open_image(data)


def test_odd_tags_are_passed_over_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    plain = written(values((20, 30), np.uint16), extratags=[(65000, "H", 1, 7, True)])
    place = plain.index(struct.pack("<HH", 65000, 3))
    decoded = decode(plain[:place] + struct.pack("<HHI", 65000, 99, 2**31) + plain[place + 8 :])
    np.testing.assert_array_equal(decoded, decode(plain))
    assert capfd.readouterr() == ("", "")
