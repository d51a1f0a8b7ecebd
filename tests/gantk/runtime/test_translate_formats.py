"""`gantk translate` on files of every kind: read as training reads them, and what is decided is said."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import gantk
from gantk.cli.translate import translate
from gantk.data.pixel_arrays import decode
from gantk.errors import DataError, GantkError

MakeModel = Callable[..., Path]
RANDOM = np.random.default_rng(0)
STRIPS = pytest.mark.parametrize("options", [(), ("--tile", 20)], ids=["whole", "strips"])


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(translate, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        result.exception.add_note(result.stderr)
        raise result.exception
    return result


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(RANDOM.integers(0, 256, (18, 24, 3), dtype=np.uint8)).convert(mode)


def same_as_training(source: Path, target: Path, channels: int) -> None:
    trained = decode(source.read_bytes())[..., :channels]
    np.testing.assert_array_equal(decode(target.read_bytes()), 255 - trained)


@STRIPS
def test_pages_of_grey_and_channels_first_go_through_a_model_of_six_channels(
    make_model: MakeModel, tmp_path: Path, options: tuple[object, ...]
) -> None:
    (tmp_path / "in").mkdir()
    pages = [picture("L") for _ in range(6)]
    pages[0].save(tmp_path / "in" / "pages.tif", save_all=True, append_images=pages[1:])
    np.save(tmp_path / "in" / "first.npy", RANDOM.integers(0, 256, (6, 18, 24), dtype=np.uint8))
    said = run(make_model(channels=6), tmp_path / "in", "-o", tmp_path / "out", *options)
    first, pages = tmp_path / "in" / "first.npy", tmp_path / "in" / "pages.tif"
    assert said.stderr.splitlines() == [
        f"{first} is saved with its channels first, and is read so",
        f"{pages} is of 6 grey pages, which are read as channels",
    ]
    for name in ("pages.tif", "first.npy"):
        same_as_training(tmp_path / "in" / name, tmp_path / "out" / name, 6)


@STRIPS
def test_names_that_say_another_format_are_read_by_content(
    make_model: MakeModel, tmp_path: Path, options: tuple[object, ...]
) -> None:
    (tmp_path / "in").mkdir()
    for name, kind in {"png.tif": "PNG", "tiff.png": "TIFF", "jpeg.jfif": "JPEG", "bmp.gif": "BMP"}.items():
        picture().save(tmp_path / "in" / name, kind, **({"quality": 95} if kind == "JPEG" else {}))
    said = run(make_model(), tmp_path / "in", "-o", tmp_path / "out", *options)
    assert said.stderr == ""
    for name in ("png.tif", "tiff.png", "bmp.gif"):
        same_as_training(tmp_path / "in" / name, tmp_path / "out" / name, 3)
    assert decode((tmp_path / "out" / "jpeg.jfif").read_bytes()).shape == (18, 24, 3)


@STRIPS
def test_the_first_image_of_an_animation_is_translated_and_it_is_said(
    make_model: MakeModel, tmp_path: Path, options: tuple[object, ...]
) -> None:
    first, other = picture(), picture()
    first.save(tmp_path / "a.png", save_all=True, append_images=[other])
    said = run(make_model(), tmp_path / "a.png", "-o", tmp_path / "out.png", *options)
    assert said.stderr == f"{tmp_path / 'a.png'} is of several images, of which the first is read\n"
    same_as_training(tmp_path / "a.png", tmp_path / "out.png", 3)


@STRIPS
def test_whatever_is_wrong_with_a_file_concerns_that_file(
    make_model: MakeModel, tmp_path: Path, options: tuple[object, ...]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    picture().save(folder / "good.png")
    picture().save(folder / "odd.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x1a\1\5\0\1\0\0\0\xff\xff\xff\x7f\0\0\0\0")
    (folder / "ps.png").write_bytes(b"%!PS-Adobe-3.0\nshowpage\n")
    np.savez(folder / "archive", a=np.zeros((4, 4)))
    (folder / "archive.npz").rename(folder / "archive.npy")
    with (folder / "sparse.png").open("wb") as file:
        file.truncate(200 * 2**30)
    with pytest.raises(GantkError, match="3 of 5 images") as caught:
        run(make_model(), folder, "-o", tmp_path / "out", *options)
    (said,) = caught.value.__notes__
    for words in ("ps.png: is PostScript", "archive.npy: is an archive", "sparse.png: holds 214,748,364,800 bytes"):
        assert words in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["good.png", "odd.jpg"]


def test_a_picture_in_memory_is_turned_though_its_exif_is_odd(make_model: MakeModel, tmp_path: Path) -> None:
    stream = io.BytesIO()
    zero = b"\x1a\1\5\0\1\0\0\0\x26\0\0\0" + bytes(4) + b"\x48\0\0\0\0\0\0\0"
    picture().save(stream, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\2\0\x12\1\3\0\1\0\0\0\6\0\0\0" + zero)
    model = gantk.load(make_model())
    assert model(Image.open(stream)).size == (18, 24)
    with pytest.raises(DataError, match="truncated"):
        model(Image.open(io.BytesIO(stream.getvalue()[:-300])))
