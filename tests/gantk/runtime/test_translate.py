"""`gantk translate`: names, formats, sizes, and what is skipped or refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from gantk.cli.translate import translate
from gantk.errors import DataError, GantkError, UsageError

MakeModel = Callable[..., Path]


def run(*arguments: object) -> str:
    result = CliRunner().invoke(translate, [str(argument) for argument in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        result.exception.add_note(result.stderr)
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def picture(height: int = 5, width: int = 8, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def is_negative(translated: Path, original: Path) -> bool:
    with Image.open(translated) as one, Image.open(original) as other:
        return np.array_equal(np.asarray(one.convert("RGB")), 255 - np.asarray(other.convert("RGB")))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "b.bmp", "c.webp", "d.tif")):
        picture(5 + seed // 2, 8, seed).save(folder / name, lossless=True)
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.png").write_text("no image")
    return folder


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_a_folder_keeps_names_formats_and_sizes(
    make_model: MakeModel, photos: Path, tmp_path: Path, batch_size: int
) -> None:
    output = run(make_model(), photos, "-o", tmp_path / "out", "--batch-size", batch_size)
    assert "4 of 4 images translated" in output
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.png", "b.bmp", "c.webp", "d.tif"]
    for name, kind in {"a.png": "PNG", "b.bmp": "BMP", "c.webp": "WEBP", "d.tif": "TIFF"}.items():
        with Image.open(tmp_path / "out" / name) as image, Image.open(photos / name) as original:
            assert image.format == kind
            assert image.size == original.size
        if kind != "WEBP":
            assert is_negative(tmp_path / "out" / name, photos / name)


def test_one_file_goes_to_the_format_of_the_suffix(make_model: MakeModel, tmp_path: Path) -> None:
    picture().save(tmp_path / "a.bmp")
    run(make_model(), tmp_path / "a.bmp", "-o", tmp_path / "new" / "b.png")
    assert is_negative(tmp_path / "new" / "b.png", tmp_path / "a.bmp")
    run(make_model(), tmp_path / "a.bmp", "-o", tmp_path / "folder")
    assert is_negative(tmp_path / "folder" / "a.bmp", tmp_path / "a.bmp")


def test_jpeg_is_written_at_quality_95(make_model: MakeModel, tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    picture().save(tmp_path / "reference.jpg", quality=95)
    run(make_model(), tmp_path / "a.png", "-o", tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as written, Image.open(tmp_path / "reference.jpg") as reference:
        assert written.quantization == reference.quantization


def test_a_name_that_says_another_format_keeps_its_content(make_model: MakeModel, tmp_path: Path) -> None:
    picture().save(tmp_path / "really_png.jpg", "PNG")
    run(make_model(), tmp_path / "really_png.jpg", "-o", tmp_path / "out")
    assert is_negative(tmp_path / "out" / "really_png.jpg", tmp_path / "really_png.jpg")


def test_16_bit_and_arrays(make_model: MakeModel, tmp_path: Path) -> None:
    values = np.arange(40, dtype=np.uint16).reshape(5, 8) * 1500
    Image.fromarray(values).save(tmp_path / "a.png")
    np.save(tmp_path / "b.npy", values)
    run(make_model("uint16", 1), tmp_path / "a.png", tmp_path / "b.npy", "-o", tmp_path / "out")
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert np.array_equal(np.asarray(image), 65535 - values)
    assert np.array_equal(np.load(tmp_path / "out" / "b.npy"), 65535 - values)


def test_broken_images_are_named_and_skipped(make_model: MakeModel, photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_bytes((photos / "a.png").read_bytes()[:60])
    (photos / "text.jpg").write_text("no image")
    Image.new("F", (3, 3)).save(photos / "float.tif")
    frames = [picture(seed=1), picture(seed=2)]
    frames[0].save(photos / "moving.webp", save_all=True, append_images=frames[1:])
    with pytest.raises(GantkError, match="3 of 8 images could not be translated") as caught:
        run(make_model(), photos, "-o", tmp_path / "out")
    assert caught.value.exit_code == 1
    (told,) = caught.value.__notes__
    for name in (
        "broken.png: is truncated",
        "text.jpg: is no image",
        "float.tif: the model",
        "moving.webp is of several images, of which the first is read",
    ):
        assert f"{photos / name}" in told
    assert told.splitlines()[0] == "passed over: 1 .txt"
    assert len(told.splitlines()) == 5
    assert len(list((tmp_path / "out").iterdir())) == 5


def test_transparency_is_not_lost_in_a_jpeg(make_model: MakeModel, tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (1, 2, 3, 4)).save(tmp_path / "a.png")
    with pytest.raises(GantkError, match="1 of 1") as caught:
        run(make_model(), tmp_path / "a.png", "-o", tmp_path / "b.jpg")
    assert "JPEG cannot hold this image (mode RGBA); write a .png" in caught.value.__notes__[0]
    assert not (tmp_path / "b.jpg").exists()


def test_inputs_are_never_overwritten(make_model: MakeModel, photos: Path) -> None:
    before = {file: file.read_bytes() for file in photos.iterdir()}
    for arguments in (
        [photos, "-o", photos],
        [photos / "a.png", "-o", photos / "a.png"],
        [photos / "a.png", "-o", photos],
    ):
        with pytest.raises(UsageError, match="would overwrite an input"):
            run(make_model(), *arguments)
    assert before == {file: file.read_bytes() for file in photos.iterdir()}


def test_two_inputs_with_one_name_are_refused(make_model: MakeModel, photos: Path, tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"photos/a\.png.*a\.png would both go to"):
        run(make_model(), photos, tmp_path / "a.png", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_wrong_use_is_refused(make_model: MakeModel, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    model = make_model()
    for error, arguments, reason in [
        (UsageError, [model, tmp_path / "none.png", "-o", tmp_path / "out"], "none.png: no such file or folder"),
        (DataError, [model, tmp_path / "empty", "-o", tmp_path / "out"], "holds no images"),
        (UsageError, [model, photos / "a.png", "-o", tmp_path / "b.docx"], "of this kind cannot be written"),
        (UsageError, [model, photos / "a.png", "-o", tmp_path / "b.npy"], r"an array goes to a \.npy file"),
        (UsageError, [model, photos, "-o", tmp_path / "file"], "file names a file; several images need a folder"),
        (UsageError, [model, photos / "a.png", photos, "-o", tmp_path / "b.png"], r"b\.png names a file; several"),
        (GantkError, [tmp_path / "none.onnx", photos, "-o", tmp_path / "out"], r"none\.onnx: no such file"),
    ]:
        with pytest.raises(error, match=reason):
            run(*arguments)


def test_a_folder_that_cannot_be_written_is_one_line(make_model: MakeModel, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GantkError, match=r"cannot write .*file/out/a\.png: Not a directory\n"):
        run(make_model(), photos, "-o", tmp_path / "file" / "out")


def test_a_full_disk_leaves_no_half_file(make_model: MakeModel, tmp_path: Path) -> None:
    import resource

    picture(200, 300).save(tmp_path / "a.png")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(GantkError, match=r"^cannot write .*b\.bmp: File too large$"):
            run(make_model(), tmp_path / "a.png", "-o", tmp_path / "out" / "b.bmp")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "out").iterdir()) == []


def test_help_shows_an_example() -> None:
    assert "gantk translate a_to_b.onnx photos/ -o translated/" in run("--help")
