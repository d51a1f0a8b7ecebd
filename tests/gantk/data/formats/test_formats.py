"""What a file is, its content says; and what it says besides its pixels keeps nobody from them."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from gantk.data.formats.files import read_file
from gantk.data.formats.known import ENDINGS, SHOWN, format_of_content
from gantk.data.opened import SEVERAL
from gantk.data.pixel_arrays import decode, open_image
from gantk.errors import DataError
from gantk.runtime.images import Deep, read_bytes

RANDOM = np.random.default_rng(0)
PICTURE = Image.fromarray(RANDOM.integers(0, 256, (5, 6, 3), dtype=np.uint8)).resize((24, 18))
SIX = (0x112, 3, 1, struct.pack("<HH", 6, 0))


def written(image: Image.Image, name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def exif(*entries: tuple[int, int, int, bytes]) -> bytes:
    rows = b"".join(struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + rows + b"\0\0\0\0"


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM"])
def test_every_format_is_known_by_its_content_and_read(name: str) -> None:
    data = written(PICTURE, name)
    assert format_of_content(data[:256]) == name
    assert decode(data).shape == (18, 24, 3)


def test_heic_is_known_by_its_content() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    stream = io.BytesIO()
    pillow_heif.from_pillow(PICTURE).save(stream)
    assert format_of_content(stream.getvalue()) == "HEIF"
    assert decode(stream.getvalue()).shape == (18, 24, 3)


def test_endings_are_those_that_systems_write() -> None:
    endings = {ending for row in ENDINGS.values() for ending in row}
    assert {".jfif", ".jpe", ".dib", ".gif", ".avif", ".jp2", ".hif", ".tif", ".npy"} <= endings
    assert set(SHOWN) <= endings
    # Pillow knows a DIB without the head of a file, which nobody saves.
    known = {**Image.registered_extensions(), ".dib": "BMP"}
    assert all(known.get(ending, name) == name for name, row in ENDINGS.items() for ending in row)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "PostScript"),
        (b"\xc5\xd0\xd3\xc6" + bytes(40), "PostScript"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"plain words", "is no image"),
    ],
)
def test_what_is_no_image_is_never_given_to_a_decoder(monkeypatch: pytest.MonkeyPatch, data: bytes, said: str) -> None:
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(DataError, match=said):
        open_image(data)
    with pytest.raises(DataError, match=said):
        read_bytes(data)


@pytest.mark.parametrize(
    ("entries", "orientation"),
    [
        ([SIX, (0x11A, 5, 1, struct.pack("<I", 38))], 6),
        ([SIX, (0x11A, 5, 1, struct.pack("<I", 0x7FFFFFFF))], 6),
        ([SIX, (0x8769, 4, 1, struct.pack("<I", 8))], 6),
        ([(0x112, 4, 1, struct.pack("<I", 6))], 6),
        ([(0x112, 2, 4, b"abc\0")], 1),
        ([(0x112, 11, 1, struct.pack("<f", 6.0))], 1),
        ([(0x112, 3, 1, struct.pack("<HH", 9, 0))], 1),
        ([(0x112, 3, 2**31, struct.pack("<HH", 6, 0))], 1),
        ([(0x112, 99, 1, struct.pack("<HH", 6, 0))], 1),
    ],
)
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_odd_exif_leaves_the_picture_and_a_valid_orientation_turns_it(
    name: str, entries: list[tuple[int, int, int, bytes]], orientation: int
) -> None:
    data = written(PICTURE, name, exif=exif(*entries) + struct.pack("<II", 72, 0))
    assert decode(data).shape[:2] == ((24, 18) if orientation == 6 else (18, 24))
    assert np.array_equal(np.asarray(read_bytes(data)), decode(data))


@pytest.mark.parametrize(
    "blob", [b"Exif\0\0" + bytes(range(200)), b"Exif\0\0II", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\x7f"]
)
def test_exif_without_a_head_is_passed_over(blob: bytes) -> None:
    assert decode(written(PICTURE, "JPEG", exif=blob)).shape == (18, 24, 3)
    assert open_image(written(PICTURE, "JPEG", exif=blob)).metadata.companions() == {}


def test_exif_of_an_avif_that_cannot_be_read_is_passed_over() -> None:
    data = written(PICTURE, "AVIF", exif=exif((0x10F, 2, 4, b"abc\0"), SIX))
    assert decode(data).shape[:2] == (24, 18)
    (place,) = [place for place in range(len(data)) if data[place : place + 4] in (b"II*\0", b"MM\0*")]
    assert decode(data[:place] + b"XXXX" + data[place + 4 :]).shape[:2] == (24, 18)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_xmp_alone_turns_a_picture(name: str) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'
    options: dict[str, object] = {"xmp": xmp}
    if name == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options = {"pnginfo": text}
    if name == "TIFF":
        options = {"tiffinfo": {700: xmp}}
    data = written(PICTURE, name, **options)
    assert decode(data).shape[:2] == (24, 18)
    assert np.array_equal(np.asarray(read_bytes(data)), decode(data))


def test_long_texts_and_profiles_are_no_damage() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "x" * 2_000_000, zip=True)
    data = written(PICTURE, "PNG", pnginfo=text, icc_profile=bytes(3_000_000))
    np.testing.assert_array_equal(decode(data), np.asarray(PICTURE))
    assert len(open_image(data).metadata.profile) == 3_000_000
    bomb = PngImagePlugin.PngInfo()
    bomb.add(b"iCCP", b"x\0\0" + zlib.compress(bytes(2**25)))
    assert open_image(written(PICTURE, "PNG", pnginfo=bomb)).metadata.profile == b""


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_the_first_of_several_images_is_read_and_it_is_said(name: str) -> None:
    others = [Image.new("RGB", PICTURE.size, colour) for colour in ("red", "blue")]
    lossless = {"lossless": True} if name == "WEBP" else {}
    data = written(PICTURE, name, save_all=True, append_images=others, **lossless)
    assert open_image(data).facts.note == SEVERAL
    assert not open_image(written(PICTURE, name)).facts.note
    alone = decode(written(PICTURE, name, **lossless))
    assert np.abs(decode(data).astype(int) - alone).max() <= (60 if name == "AVIF" else 0)


def test_pages_of_grey_are_channels_everywhere() -> None:
    pages = [Image.fromarray(RANDOM.integers(0, 256, (18, 24), dtype=np.uint8)) for _ in range(6)]
    data = written(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    np.testing.assert_array_equal(decode(data), np.stack([np.asarray(page) for page in pages], 2))
    deep = read_bytes(data)
    assert isinstance(deep, Deep)
    np.testing.assert_array_equal(deep.pixels, decode(data))


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
def test_planes_of_depth_and_time_are_no_channels(axes: str) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((3, 20, 30), np.uint8), imagej=True, metadata={"axes": axes})
    with pytest.raises(DataError, match=rf"3 planes of (depth|time) \(axes {axes}\).*axes CYX"):
        open_image(stream.getvalue())
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((3, 20, 30), np.uint8), imagej=True, metadata={"axes": "CYX"})
    assert open_image(stream.getvalue()).facts.channels == 3


def as_mode(mode: str) -> Image.Image:
    image = PICTURE.convert("RGB" if mode in ("LAB", "YCbCr", "HSV") else "L" if mode in ("I;16", "I", "F") else "RGBA")
    return image.convert("L").convert("LA") if mode == "LA" else image.convert(mode)


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        ("1", "PNG BMP TIFF GIF PPM"),
        ("L", "PNG JPEG WEBP BMP TIFF GIF AVIF JPEG2000 PPM"),
        ("LA", "PNG TIFF WEBP JPEG2000"),
        ("P", "PNG BMP TIFF GIF"),
        ("RGB", "PNG JPEG WEBP BMP TIFF AVIF JPEG2000 PPM"),
        ("RGBA", "PNG WEBP TIFF AVIF JPEG2000 BMP"),
        ("CMYK", "JPEG TIFF"),
        ("YCbCr", "JPEG"),
        ("LAB", "TIFF"),
        ("I;16", "PNG TIFF"),
        ("I", "TIFF"),
        ("F", "TIFF"),
    ],
)
def test_training_and_runtime_give_the_same_pixels(mode: str, names: str) -> None:
    for name in names.split():
        data = written(as_mode(mode), name)
        trained = decode(data)
        picture = read_bytes(data, str(trained.dtype))
        assert isinstance(picture, Image.Image), name
        np.testing.assert_array_equal(np.asarray(picture).reshape(trained.shape), trained, err_msg=name)
        if mode in ("1", "L", "RGB") and name not in ("JPEG", "WEBP", "AVIF"):
            np.testing.assert_array_equal(trained[..., 0], np.asarray(as_mode(mode).convert("RGB"))[..., 0])


@pytest.mark.parametrize("kind", ["pipe", "folder", "large", "device", "proc"])
def test_only_files_of_a_stated_size_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(200 * 2**30)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to("/proc/self/status")
        assert read_file(path) == b""
        return
    with pytest.raises(DataError, match=r"pipe, a device or a folder|is a directory|files of up to 1,073,741,824"):
        read_file(path)
