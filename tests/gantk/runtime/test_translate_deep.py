"""`gantk translate` on 16 bits a channel: kept where model and format hold them, else it is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner, Result
from PIL import Image

import gantk
from gantk.cli.translate import translate
from gantk.data.pixel_arrays import decode
from gantk.errors import DataError, GantkError
from gantk.runtime.png import write_png

MakeModel = Callable[..., Path]
STRIPS = pytest.mark.parametrize("options", [(), ("--tile", 20)], ids=["whole", "strips"])


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(translate, [str(argument) for argument in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        result.exception.add_note(result.stderr)
        raise result.exception
    return result


def deep(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(channels).integers(0, 65536, (33, 20, channels)).astype(np.uint16)


def save(path: Path, image: np.ndarray) -> Path:
    if path.suffix == ".tif":
        extra = {"extrasamples": ["unassalpha"]} if image.shape[2] == 4 else {}
        tifffile.imwrite(path, image, photometric="rgb", **extra)
    else:
        with path.open("wb") as file:
            write_png([image], file, len(image))
    return path


def read(path: Path) -> np.ndarray:
    return decode(path.read_bytes())


@STRIPS
@pytest.mark.parametrize("target", [".png", ".tif"])
@pytest.mark.parametrize("source", [".png", ".tif"])
def test_colour_keeps_sixteen_bits_and_opacity(
    make_model: MakeModel, tmp_path: Path, source: str, target: str, options: tuple[object, ...]
) -> None:
    for channels in (3, 4):
        image = deep(channels)
        out = tmp_path / f"out{channels}{target}"
        said = run(make_model("uint16"), save(tmp_path / f"in{source}", image), "-o", out, *options)
        assert not said.stderr
        expected = 65535 - image
        if channels == 4:
            expected[:, :, 3] = image[:, :, 3]
            shown = 65535 + (image[:, :, :3] - 65535.0) * (image[:, :, 3:] / 65535)
            expected[:, :, :3] = 65535 - np.rint(shown)
        assert np.abs(read(out).astype(int) - expected).max() <= (channels == 4)


def test_a_folder_keeps_formats(make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.tif"):
        save(tmp_path / "in" / name, deep())
    run(make_model("uint16"), tmp_path / "in", "-o", tmp_path / "out", "--batch-size", 2)
    for name in ("a.png", "b.tif"):
        assert np.array_equal(read(tmp_path / "out" / name), 65535 - deep())


@STRIPS
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_eight_bits_of_sixteen_are_taken_and_it_is_said(
    make_model: MakeModel, tmp_path: Path, suffix: str, options: tuple[object, ...]
) -> None:
    said = run(make_model(), save(tmp_path / f"in{suffix}", deep()), "-o", tmp_path / f"out{suffix}", *options)
    assert said.stderr == "1 of them had 16 bits a channel, and their results have 8, as the model's pixels\n"
    with Image.open(tmp_path / f"out{suffix}") as result:
        assert np.array_equal(np.asarray(result), 255 - (deep() >> 8).astype(np.uint8))


@STRIPS
@pytest.mark.parametrize("channels", [1, 3])
def test_eight_bits_of_sixteen_of_grey_are_taken_too(
    make_model: MakeModel, tmp_path: Path, channels: int, options: tuple[object, ...]
) -> None:
    grey = deep(1)
    Image.fromarray(grey[..., 0]).save(tmp_path / "in.png")
    said = run(make_model(channels=channels), tmp_path / "in.png", "-o", tmp_path / "out.png", *options)
    assert said.stderr == "1 of them had 16 bits a channel, and their results have 8, as the model's pixels\n"
    assert np.array_equal(read(tmp_path / "out.png"), np.repeat(255 - (grey >> 8).astype(np.uint8), channels, axis=2))


def test_a_format_that_holds_less_is_refused(make_model: MakeModel, tmp_path: Path) -> None:
    for options in ((), ("--tile", 20)):
        with pytest.raises(GantkError, match="1 of 1") as caught:
            run(make_model("uint16"), save(tmp_path / "in.png", deep()), "-o", tmp_path / "out.jpg", *options)
        assert "JPEG cannot hold 16 bits of colour here; write a .png" in caught.value.__notes__[0]
        assert not (tmp_path / "out.jpg").exists()


def test_in_python_a_file_of_sixteen_bits_of_colour_gives_an_array(make_model: MakeModel, tmp_path: Path) -> None:
    answer = gantk.load(make_model("uint16"))(save(tmp_path / "in.png", deep()))
    assert np.array_equal(answer, 65535 - deep())
    fitted = gantk.load(make_model("uint16", size=20, name="sized.onnx"))(save(tmp_path / "in.png", deep(4)))
    assert (fitted.shape, fitted.dtype) == ((20, 20, 4), np.uint16)
    damaged = tmp_path / "in.png"
    damaged.write_bytes(damaged.read_bytes()[:500])
    with pytest.raises(DataError, match=r"in\.png: .*damaged"):
        gantk.load(make_model("uint16"))(damaged)


def test_without_opencv_it_says_what_to_install(
    make_model: MakeModel, tmp_path: Path, without: Callable[[str], None]
) -> None:
    without("cv2")
    save(tmp_path / "in.png", deep())
    with pytest.raises(DataError, match="takes another package to read: .* install .*opencv"):
        gantk.load(make_model("uint16"))(tmp_path / "in.png")
    assert isinstance(gantk.load(make_model())(tmp_path / "in.png"), Image.Image)
