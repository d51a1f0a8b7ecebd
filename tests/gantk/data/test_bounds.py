"""Files that would take memory or time without end, refused or read in a moment."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from gantk.data.formats.boxes import boxes
from gantk.data.pixel_arrays import decode, open_image
from gantk.errors import DataError
from gantk.runtime.images import read_bytes


def written(image: Image.Image, name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def directory(following: int, *more: tuple[int, int, int, int]) -> bytes:
    single = [(tag, 3, 1, value) for tag, value in ((256, 1), (257, 1), (258, 8), (259, 1), (262, 1))]
    entries = [*single, (273, 4, 1, 0), (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 1), *more]
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + packed + struct.pack("<I", following)


HEAD = b"II*\0" + struct.pack("<I", 8)
SIZE = len(directory(0))


def test_a_comment_in_the_smallest_pieces_takes_linear_time() -> None:
    whole = written(Image.new("P", (3, 2)), "GIF")
    place = whole.index(b",")
    for comment in (b"!\xfe" + b"\1x" * 400_000 + b"\0", b"!\xfe\1x\0" * 200_000):
        assert decode(whole[:place] + comment + whole[place:]).shape == (2, 3, 3)


def test_a_gif_that_is_cut_short_does_not_look_whole() -> None:
    whole = written(Image.effect_noise((40, 40), 90), "GIF")
    for missing in (200, 600):
        with pytest.raises(DataError, match="truncated"):
            decode(whole[:-missing])


def test_directories_without_end_are_refused_unread() -> None:
    many = b"".join(directory(8 + (number + 1) * SIZE) for number in range(1100)) + directory(0)
    with pytest.raises(DataError, match="more than 1,024 images"):
        open_image(HEAD + many)
    with pytest.raises(DataError, match="in a circle"):
        open_image(HEAD + directory(8))
    with pytest.raises(DataError, match="in a circle"):
        open_image(HEAD + directory(8 + SIZE) + directory(8))


def test_directories_elsewhere_are_not_followed() -> None:
    longer = len(directory(0, (330, 4, 1, 0)))
    place = 8 + longer + 4 * 20_000
    data = HEAD + directory(0, (330, 4, 20_000, 8 + longer)) + struct.pack("<I", place) * 20_000 + directory(0)
    assert decode(data).shape == (1, 1, 1)


def test_tags_that_all_name_the_same_bytes_are_refused() -> None:
    tags = [(40_000 + number, 1, 2**20, 0) for number in range(2000)]
    with pytest.raises(DataError, match="tags take more bytes"):
        open_image(HEAD + directory(0, *tags) + bytes(2**20))


def test_a_tile_that_is_larger_than_any_image_is_refused() -> None:
    with pytest.raises(DataError, match="million pixels"):
        open_image(HEAD + directory(0, (322, 4, 1, 2**16), (323, 4, 1, 2**16)) + bytes(64))


@pytest.mark.parametrize(("shape", "dtype"), [((8000, 8000, 64), np.uint8), ((9000, 16_000), np.float64)])
def test_what_a_tiff_decodes_to_is_bounded_by_bytes(shape: tuple[int, ...], dtype: type) -> None:
    stream = io.BytesIO()
    tile = np.zeros((4, 4, *shape[2:]), dtype)
    extra = {"planarconfig": "contig", "photometric": "minisblack"} if len(shape) > 2 else {}
    tifffile.imwrite(stream, tile, metadata=None, **extra)
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        for tag, value in ((257, shape[0]), (256, shape[1]), (278, shape[0])):
            found = tiff.pages[0].tags[tag]
            data[found.valueoffset : found.valueoffset + 2] = struct.pack("<H", value)
    with pytest.raises(DataError, match=r"would decode to \d\.\d GiB .*at most 1 GiB"):
        open_image(bytes(data))


@pytest.mark.parametrize("name", ["AVIF", "JPEG2000"])
def test_code_that_holds_more_than_the_head_says_is_refused(name: str) -> None:
    data = written(Image.new("RGB", (640, 480)), name)
    said = (480, 640) if name == "JPEG2000" else (640, 480)
    place = data.index(struct.pack(">II", *said))
    with pytest.raises(DataError, match="says that it has 32x32 pixels, and holds 640x480"):
        open_image(data[:place] + struct.pack(">II", 32, 32) + data[place + 8 :])


def test_the_size_in_an_animation_s_code_is_seen_too() -> None:
    frames = [Image.new("RGB", (640, 480), colour) for colour in ("red", "blue")]
    data = written(frames[0], "AVIF", save_all=True, append_images=frames[1:])
    assert any(box.kind == b"stsz" for box in boxes(data))
    assert decode(data).shape == (480, 640, 3)
    small = data.replace(struct.pack(">II", 640, 480), struct.pack(">II", 32, 32))
    small = small.replace(struct.pack(">HH", 640, 480), struct.pack(">HH", 32, 32))
    small = small.replace(struct.pack(">II", 640 << 16, 480 << 16), struct.pack(">II", 32 << 16, 32 << 16))
    with pytest.raises(DataError, match="holds 640x480|damaged"):
        decode(small)


def test_an_image_without_pixels_is_refused() -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((2, 2), np.uint16), metadata=None)
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        places = [tiff.pages[0].tags[tag].offset for tag in (256, 257)]
    for place, value in zip(places, (0, 2**31 - 1), strict=True):
        data[place + 2 : place + 12] = struct.pack("<HII", 4, 1, value)
    for read in (open_image, read_bytes):
        with pytest.raises(DataError, match="says that it has 0x2147483647 pixels"):
            read(bytes(data))


def test_values_are_bounded_by_bytes_and_not_by_their_count() -> None:
    stream = io.BytesIO()
    np.save(stream, np.zeros((2000, 1500, 70), np.uint8))
    assert open_image(stream.getvalue()).facts.channels == 70


def test_segments_chunks_and_scans_without_end_are_refused() -> None:
    jpeg, png = written(Image.new("RGB", (8, 8)), "JPEG"), written(Image.new("RGB", (8, 8)), "PNG")
    with pytest.raises(DataError, match="segments precede"):
        open_image(jpeg[:2] + b"\xff\xe1\0\x09Exif\0\0x" * 70_000 + jpeg[2:])
    chunk = struct.pack(">I", 3) + b"tEXta\0b" + struct.pack(">I", zlib.crc32(b"tEXta\0b"))
    with pytest.raises(DataError, match="chunks"):
        open_image(png[:33] + chunk * 263_000 + png[33:])
    with pytest.raises(DataError, match="scans"):
        open_image(jpeg[:-2] + b"\xff\xda\0\x08\1\1\0\0\0\0" * 300 + jpeg[-2:])


def test_metadata_in_thousands_of_pieces_are_joined_at_once() -> None:
    jpeg = written(Image.new("RGB", (8, 8)), "JPEG")
    for junk in (b"\xff\xe1\0\x09Exif\0\0x", b"\xff\xd0", b"junk", b"\xff\xfe\0\x03c"):
        assert decode(jpeg[:2] + junk * 30_000 + jpeg[2:]).shape == (8, 8, 3)
