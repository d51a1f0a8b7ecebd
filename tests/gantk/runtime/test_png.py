"""PNG files: what is written is read back, by Pillow and in 16 bits by OpenCV, whatever the strips."""

import io
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from gantk.errors import DataError
from gantk.runtime.images import write
from gantk.runtime.png import write_png


def pixels(*shape: int, dtype: str = "uint8") -> np.ndarray:
    """Return a picture with slopes, edges and noise, so that every filter is chosen somewhere."""
    height, width, channels = shape
    slope = np.add.outer(np.arange(height) * 3, np.arange(width) * 5)[:, :, None] + 40 * np.arange(channels)
    noise = np.random.default_rng(height).integers(0, 4, shape)
    noise[height // 2 :] *= 60
    values = slope + noise
    return (values * (257 if dtype == "uint16" else 1)).astype(dtype)


def written(image: np.ndarray, rows: int, **companions: bytes) -> bytes:
    file = io.BytesIO()
    write_png((image[first : first + rows] for first in range(0, len(image), rows)), file, len(image), companions)
    return file.getvalue()


@pytest.mark.parametrize("rows", [1, 7, 64, 1000])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_eight_bits_are_read_back(channels: int, rows: int) -> None:
    image = pixels(150, 41, channels)
    with Image.open(io.BytesIO(written(image, rows))) as read:
        assert np.array_equal(np.asarray(read).reshape(image.shape), image)


@pytest.mark.parametrize(("channels", "order"), [(1, [0]), (3, [2, 1, 0]), (4, [2, 1, 0, 3])])
def test_sixteen_bits_are_read_back(channels: int, order: list[int]) -> None:
    image = pixels(70, 9, channels, dtype="uint16")
    read = cv2.imdecode(np.frombuffer(written(image, 32), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read.reshape(image.shape)[:, :, order], image)


def test_every_filter_is_used_and_files_are_as_small_as_pillows() -> None:
    image = np.asarray(Image.fromarray(pixels(20, 20, 3)).resize((300, 300), Image.Resampling.BICUBIC)).copy()
    image[100:150] = pixels(50, 300, 3)
    data, pillows = written(image, 64), io.BytesIO()
    Image.fromarray(image).save(pillows, "PNG")
    assert len(data) < 1.05 * pillows.tell()
    start = data.index(b"IDAT") - 4
    packed = b""
    while data[start + 4 : start + 8] == b"IDAT":
        length = int.from_bytes(data[start : start + 4], "big")
        packed += data[start + 8 : start + 8 + length]
        start += 12 + length
    kinds = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(300, -1)[:, 0]
    assert set(kinds) >= {1, 2, 4}


def test_profile_and_exif_are_read_back() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A maker"
    with Image.open(io.BytesIO(written(pixels(4, 4, 3), 4, icc_profile=b"a profile", exif=exif.tobytes()))) as read:
        assert read.info["icc_profile"] == b"a profile"
        assert read.getexif()[0x010F] == "A maker"


def test_what_no_png_holds_is_refused(tmp_path: Path) -> None:
    for image in (np.zeros((2, 2, 5), np.uint8), np.zeros((2, 2, 3), np.float32)):
        with pytest.raises(DataError, match="PNG cannot hold"):
            written(image, 2)
    with pytest.raises(DataError, match=r"PNG cannot hold this image \(mode F\)"):
        write(Image.new("F", (2, 2)), tmp_path / "a.png", None)
