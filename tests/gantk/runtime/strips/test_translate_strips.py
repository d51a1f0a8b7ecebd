"""`gantk translate --tile` on files that are read and written row by row: TIFF, PNG and .npy."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image

import gantk
from gantk.cli.translate import translate
from gantk.errors import GantkError
from gantk.runtime.strips import sources
from gantk.runtime.strips.sources import opened

MakeModel = Callable[..., Path]


def run(*arguments: object) -> str:
    result = CliRunner().invoke(translate, [str(argument) for argument in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        result.exception.add_note(result.stderr)
        raise result.exception
    return result.output


def pixels(dtype: str = "uint8", channels: int = 3, height: int = 75, width: int = 50) -> np.ndarray:
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    values = np.random.default_rng(channels).random((height, width, channels)) * top
    return values.astype(dtype)


STORED = {
    "plain": {},
    "other byte order": {"byteorder": ">"},
    "strips": {"rowsperstrip": 13},
    "compressed": {"rowsperstrip": 16, "compression": "zlib", "predictor": 2},
    "tiles": {"tile": (32, 16)},
    "compressed tiles": {"tile": (16, 32), "compression": "zlib"},
}


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_tiff_is_read_row_by_row_and_written_so(
    make_model: MakeModel, tmp_path: Path, dtype: str, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pixels(dtype)
    tifffile.imwrite(tmp_path / "in.tif", image, photometric="rgb", iccprofile=b"a profile", **STORED[stored])
    monkeypatch.setattr(sources, "read", lambda path: pytest.fail("was decoded whole"))
    assert "1 of 1 images translated" in run(
        make_model(dtype), tmp_path / "in.tif", "-o", tmp_path / "out.tif", "--tile", 20
    )
    with tifffile.TiffFile(tmp_path / "out.tif") as written:
        assert written.asarray().dtype == dtype
        assert np.array_equal(written.asarray(), np.iinfo(dtype).max - image)
        assert written.pages.first.iccprofile == b"a profile"
    run(make_model(dtype), tmp_path / "in.tif", "-o", tmp_path / "out.png", "--tile", 20)
    if dtype == "uint8":
        with Image.open(tmp_path / "out.png") as read:
            assert np.array_equal(np.asarray(read), 255 - image)
            assert read.info["icc_profile"] == b"a profile"


@pytest.mark.parametrize("suffix", [".tif", ".png", ".webp"])
def test_opacity_is_put_back_strip_by_strip(make_model: MakeModel, tmp_path: Path, suffix: str) -> None:
    image = pixels(channels=4)
    image[:, :, 3] |= 1  # lossless WebP drops the colours of what cannot be seen
    Image.fromarray(image).save(tmp_path / f"in{suffix}", lossless=True)
    for name, options in (("whole", []), ("strips", ["--tile", 20])):
        run(make_model(), tmp_path / f"in{suffix}", "-o", tmp_path / f"{name}.png", *options)
    with Image.open(tmp_path / "whole.png") as whole, Image.open(tmp_path / "strips.png") as strips:
        assert strips.mode == "RGBA"
        assert np.array_equal(np.asarray(whole), np.asarray(strips))
        assert np.array_equal(np.asarray(strips)[:, :, 3], image[:, :, 3])


def test_pictures_of_other_formats_and_modes_give_what_they_give_whole(make_model: MakeModel, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels()).save(tmp_path / "in" / "turned.jpg", exif=exif)
    Image.fromarray(pixels()).save(tmp_path / "in" / "turned.tif", exif=exif)
    Image.fromarray(pixels()).quantize(8).save(tmp_path / "in" / "palette.tif")
    Image.fromarray(pixels()).convert("1").save(tmp_path / "in" / "bits.tif")
    Image.fromarray(pixels()).save(tmp_path / "in" / "a.bmp")
    run(make_model(), tmp_path / "in", "-o", tmp_path / "whole")
    assert "5 of 5" in run(make_model(), tmp_path / "in", "-o", tmp_path / "strips", "--tile", 20)
    for file in (tmp_path / "whole").iterdir():
        with Image.open(file) as whole, Image.open(tmp_path / "strips" / file.name) as strips:
            assert (whole.format, whole.size, whole.mode) == (strips.format, strips.size, strips.mode)
            assert np.array_equal(np.asarray(whole), np.asarray(strips))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_an_array_is_read_and_written_row_by_row(make_model: MakeModel, tmp_path: Path, dtype: str) -> None:
    image = pixels(dtype, channels=5)
    np.save(tmp_path / "in.npy", image)
    run(make_model(dtype, 5), tmp_path / "in.npy", "-o", tmp_path / "out.npy", "--tile", 20)
    written = np.load(tmp_path / "out.npy")
    assert written.dtype == dtype
    assert np.array_equal(written, np.float32(1 if dtype == "float32" else np.iinfo(dtype).max) - image)
    port = gantk.load(make_model(dtype, 5)).card.image_in
    with opened(tmp_path / "in.npy", port) as source:
        assert isinstance(source.pixels, sources.FileRows)
        assert np.array_equal(source.pixels[70:99], image[70:])


def test_an_array_of_another_type_or_of_several_images_is_taken_whole(make_model: MakeModel, tmp_path: Path) -> None:
    several = np.stack([pixels(), pixels(channels=3)[::-1]])
    np.save(tmp_path / "several.npy", several)
    np.save(tmp_path / "floats.npy", pixels("float32"))
    np.save(tmp_path / "columns.npy", np.asfortranarray(pixels()))
    for name in ("several", "floats", "columns"):
        for folder, options in (("whole", []), ("strips", ["--tile", 20])):
            run(make_model(), tmp_path / f"{name}.npy", "-o", tmp_path / folder / f"{name}.npy", *options)
        whole, strips = (np.load(tmp_path / folder / f"{name}.npy") for folder in ("whole", "strips"))
        assert whole.dtype == strips.dtype
        assert np.array_equal(whole, strips)


def test_what_cannot_be_taken_is_named_and_skipped(make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tifffile.imwrite(tmp_path / "in" / "deep.tif", pixels("uint16", 1)[:, :, 0])
    tifffile.imwrite(tmp_path / "in" / "good.tif", pixels(), photometric="rgb")
    (tmp_path / "in" / "cut.npy").write_bytes(b"\x93NUMPY")
    np.save(tmp_path / "in" / "short.npy", pixels())
    (tmp_path / "in" / "short.npy").write_bytes((tmp_path / "in" / "short.npy").read_bytes()[:-5])
    with pytest.raises(GantkError, match="3 of 4 images could not be translated") as caught:
        run(make_model(), tmp_path / "in", "-o", tmp_path / "out", "--tile", 20)
    (said,) = caught.value.__notes__
    assert "deep.tif: the model takes uint8 values, and this image holds uint16" in said
    assert said.count("skipped") == 3
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["good.tif"]
