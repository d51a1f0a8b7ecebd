"""Files of every format and mode, against the pixels that were written; and every kind of damage."""

import io
import os
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from gantk.data.formats.files import read_file
from gantk.data.opened import Facts
from gantk.data.pixel_arrays import decode, open_image
from gantk.data.pixels import upright
from gantk.errors import DataError
from gantk.install_lines import extra_line


def drawing(width: int = 24, height: int = 18) -> Image.Image:
    image = Image.new("RGB", (width, height), (240, 230, 210))
    draw = ImageDraw.Draw(image)
    draw.ellipse((3, 2, width // 2, height - 4), fill=(200, 40, 30))
    draw.line((0, height, width, 0), fill=(10, 90, 160), width=2)
    return image


def encoded(image: Image.Image, suffix: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper()), **options)
    return stream.getvalue()


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
def test_a_lossless_file_gives_the_pixels_that_were_drawn(suffix: str) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    data = encoded(drawing(), suffix, **options)
    np.testing.assert_array_equal(decode(data), np.asarray(drawing()))
    assert open_image(data).facts == Facts(18, 24, 3, "uint8")


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_a_lossy_file_gives_nearly_the_pixels_that_were_drawn(suffix: str) -> None:
    image = drawing().resize((48, 36)).convert("RGB")
    decoded = decode(encoded(image, suffix, quality=95)).astype(int)
    assert np.abs(decoded - np.asarray(image)).mean() < 5


@pytest.mark.parametrize(
    ("mode", "suffix", "channels", "alpha"),
    [
        ("1", "png", 1, False),
        ("L", "png", 1, False),
        ("L", "jpg", 1, False),
        ("LA", "png", 2, True),
        ("P", "png", 3, False),
        ("P", "bmp", 3, False),
        ("RGBA", "png", 4, True),
        ("RGBA", "webp", 4, True),
        ("RGBA", "tif", 4, True),
        ("CMYK", "jpg", 3, False),
        ("CMYK", "tif", 3, False),
    ],
)
def test_facts_of_a_mode_are_those_of_its_pixels(mode: str, suffix: str, channels: int, alpha: bool) -> None:
    image = drawing().convert(mode)
    if alpha:
        image.putalpha(90)
    data = encoded(image, suffix)
    facts, array = open_image(data).facts, decode(data)
    palette = mode == "P" and suffix in ("png", "tif")
    assert facts == Facts(18, 24, channels, "uint8", alpha, palette=palette)
    assert array.shape == (18, 24, channels)
    assert array.dtype == np.uint8


def test_a_bitmap_is_black_and_white() -> None:
    array = decode(encoded(drawing().convert("1"), "png"))
    assert set(np.unique(array)) == {0, 255}


def test_a_palette_with_a_transparent_colour_has_alpha() -> None:
    image = drawing().quantize(4)
    data = encoded(image, "png", transparency=0)
    array = decode(data)
    np.testing.assert_array_equal(array[:, :, 3] == 0, np.asarray(image) == 0)
    assert open_image(data).facts.alpha


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3), (9, 7, 4)])
def test_16_bit_png_keeps_every_bit(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 65536, shape).astype(np.uint16)
    swapped = array[:, :, [2, 1, 0, 3][: shape[2]]] if len(shape) == 3 else array
    data = cv2.imencode(".png", swapped)[1].tobytes()
    np.testing.assert_array_equal(decode(data), array.reshape(9, 7, -1))
    channels = shape[2] if len(shape) == 3 else 1
    assert open_image(data).facts == Facts(9, 7, channels, "uint16", channels == 4)


def test_16_bit_grey_with_alpha_keeps_every_bit() -> None:
    array = np.random.default_rng(0).integers(0, 65536, (5, 4, 2)).astype(">u2")
    data = png(4, 5, 16, 4, b"".join(b"\0" + row.tobytes() for row in array))
    np.testing.assert_array_equal(decode(data), array)
    assert open_image(data).facts == Facts(5, 4, 2, "uint16", True)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_exif_orientation_is_applied(suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}.get(suffix, {})
    data = encoded(drawing(), suffix, exif=exif, **options)
    wanted = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    facts, array = open_image(data).facts, decode(data)
    np.testing.assert_array_equal(array, wanted)
    assert array.shape[:2] == (facts.height, facts.width) == ((18, 24) if orientation < 5 else (24, 18))


def test_the_orientation_of_16_bit_colour_is_applied() -> None:
    array = np.random.default_rng(0).integers(0, 65536, (4, 6, 3)).astype(np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    exif = Image.Exif()
    exif[0x0112] = 6
    plain, said = png(6, 4, 16, 2, rows), exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(said)) + b"eXIf" + said + struct.pack(">I", zlib.crc32(b"eXIf" + said))
    data = plain[:33] + chunk + plain[33:]
    np.testing.assert_array_equal(decode(data), np.rot90(array, -1))


def test_every_orientation_undoes_what_the_camera_did() -> None:
    array = np.arange(6).reshape(2, 3, 1)
    for orientation, first_row in {1: [0, 1, 2], 2: [2, 1, 0], 3: [5, 4, 3], 4: [3, 4, 5]}.items():
        assert upright(array, orientation)[0, :, 0].tolist() == first_row
    for orientation, first_row in {5: [0, 3], 6: [3, 0], 7: [5, 2], 8: [2, 5]}.items():
        assert upright(array, orientation)[0, :, 0].tolist() == first_row


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "npy"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_refused(suffix: str, share: float) -> None:
    if suffix == "npy":
        stream = io.BytesIO()
        np.save(stream, np.asarray(drawing()))
        data = stream.getvalue()
    else:
        data = encoded(drawing(), suffix)
    with pytest.raises(DataError, match=r"truncated|no image"):
        decode(data[: int(share * len(data))])


def test_a_jpeg_that_lacks_its_last_bytes_is_refused() -> None:
    data = encoded(drawing(), "jpg")
    for missing in range(1, 60):
        with pytest.raises(DataError, match="truncated"):
            decode(data[:-missing])


def test_truncated_16_bit_colour_is_refused() -> None:
    array = np.random.default_rng(0).integers(0, 65536, (9, 7, 3)).astype(np.uint16)
    data = cv2.imencode(".png", array)[1].tobytes()
    with pytest.raises(DataError, match="truncated"):
        decode(data[:-60])


def test_a_text_file_is_no_image() -> None:
    with pytest.raises(DataError, match="is no image"):
        open_image(b"These are my notes.\n")


def test_an_empty_file_is_said_to_be_empty() -> None:
    with pytest.raises(DataError, match="is empty"):
        open_image(b"")


def test_a_decompression_bomb_is_refused_undecoded() -> None:
    side = 20_000
    data = png(side, side, 1, 0, (b"\0" * (side // 8 + 1)) * side)
    assert len(data) < 100_000
    with pytest.raises(DataError, match="decompression bomb"):
        open_image(data)


def test_a_phone_s_108_megapixels_are_no_bomb() -> None:
    side = 10_400
    data = png(side, side, 1, 0, (b"\0" * (side // 8)) * side)
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(data))
    from gantk.data.image_file import quiet_decoders

    with quiet_decoders():
        assert open_image(data).facts.width == side


def test_heic_names_the_extra_that_reads_it(without: Callable[[str], None]) -> None:
    without("pillow_heif")
    with pytest.raises(DataError, match=re.escape(extra_line("heic"))):
        open_image(b"\0\0\0\x18ftypheic")


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(encoded(drawing(), "png"))
    path.chmod(0)
    user = os.geteuid()
    # Root may read everything.
    os.seteuid(user or 65534)
    try:
        with pytest.raises(DataError, match="permission denied"):
            read_file(path)
    finally:
        os.seteuid(user)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_file(tmp_path / "x.png")


@pytest.mark.parametrize("divisor", [2, 4, 8])
def test_a_jpeg_is_decoded_at_a_fraction_upright(divisor):
    image = drawing(48, 35)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    data = encoded(image, "jpg", quality=95, exif=exif)
    shrunk = decode(data, divisor)
    assert shrunk.shape == (48 // divisor, -(-35 // divisor), 3)
    whole = upright(np.asarray(image.resize((shrunk.shape[0], shrunk.shape[1]), Image.Resampling.BOX)), 6)
    assert np.abs(shrunk.astype(int) - whole).mean() < 12


def test_what_cannot_be_decoded_smaller_is_decoded_whole():
    assert decode(encoded(drawing(), "png"), 2).shape == (18, 24, 3)
