"""`gantk.load(path)(image)`: what goes in, what comes out, and what is refused."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.errors import DataError, GantkError, UsageError

MakeModel = Callable[..., Path]


def ramp(height: int, width: int, channels: int, dtype: str = "uint8") -> np.ndarray:
    count = height * width * channels
    return (np.arange(count) * 37 % 251).astype(dtype).reshape(height, width, channels)


@pytest.mark.parametrize("size", [(1, 1), (33, 77), (130, 131)])
def test_arrays_give_arrays(make_model: MakeModel, size: tuple[int, int]) -> None:
    image = ramp(*size, 3)
    model = gantk.load(make_model())
    assert np.array_equal(model(image), 255 - image)
    assert np.array_equal(model(np.stack([image, 255 - image])), np.stack([255 - image, image]))


def test_a_grey_array_keeps_its_two_dimensions(make_model: MakeModel) -> None:
    image = ramp(5, 7, 1)[..., 0]
    assert np.array_equal(gantk.load(make_model(channels=1))(image), 255 - image)


def test_uint16_keeps_its_precision(make_model: MakeModel, tmp_path: Path) -> None:
    image = np.arange(35, dtype=np.uint16).reshape(5, 7) * 1801
    model = gantk.load(make_model("uint16", 1))
    assert np.array_equal(model(image), 65535 - image)
    Image.fromarray(image).save(tmp_path / "deep.png")
    answer = model(tmp_path / "deep.png")
    assert answer.mode == "I;16"
    assert np.array_equal(np.asarray(answer), 65535 - image)


def test_a_float_model_takes_pictures_and_its_own_values(make_model: MakeModel) -> None:
    raw = {"dtype": "float32", "range": (-1.0, 1.0), "layout": "NCHW"}
    model = gantk.load(make_model("uint8", 3, **raw))
    image = ramp(4, 6, 3)
    assert np.array_equal(model(image), 255 - image)
    assert np.array_equal(np.asarray(model(Image.fromarray(image))), 255 - image)
    values = np.linspace(-1, 1, 4 * 6 * 3).reshape(4, 6, 3)
    np.testing.assert_array_equal(model(values), -values.astype(np.float32))


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "CMYK"])
def test_pictures_of_any_mode_are_converted(make_model: MakeModel, mode: str) -> None:
    picture = Image.fromarray(ramp(6, 9, 3)).convert(mode)
    answer = gantk.load(make_model())(picture)
    assert answer.mode == "RGB"
    assert np.array_equal(np.asarray(answer), 255 - np.asarray(picture.convert("RGB")))


def test_colour_becomes_grey_for_a_grey_model(make_model: MakeModel) -> None:
    answer = gantk.load(make_model(channels=1))(Image.new("RGB", (4, 4), (100, 50, 200)))
    assert answer.mode == "L"
    assert answer.getpixel((0, 0)) == 255 - round(0.299 * 100 + 0.587 * 50 + 0.114 * 200)


def test_the_model_sees_white_behind_transparency_and_alpha_is_kept(make_model: MakeModel) -> None:
    colours, alpha = ramp(6, 9, 3), ramp(6, 9, 1)
    picture = Image.fromarray(np.concatenate([colours, alpha], axis=-1))
    answer = np.asarray(gantk.load(make_model())(picture))
    seen = 255 - np.rint(255 - (255 - colours.astype(float)) * (alpha / 255.0))
    assert np.abs(answer[..., :3] - seen).max() <= 1
    assert np.array_equal(answer[..., 3:], alpha)


def test_a_model_of_four_channels_takes_alpha_as_one(make_model: MakeModel) -> None:
    values = ramp(6, 9, 4)
    assert np.array_equal(np.asarray(gantk.load(make_model(channels=4))(Image.fromarray(values))), 255 - values)


def test_alpha_of_a_grey_picture_is_kept(make_model: MakeModel) -> None:
    grey = np.stack([ramp(6, 9, 1)[..., 0], np.full((6, 9), 255, np.uint8)], axis=-1)
    answer = gantk.load(make_model(channels=1))(Image.fromarray(grey, "LA"))
    assert answer.mode == "LA"
    assert np.array_equal(np.asarray(answer), np.stack([255 - grey[..., 0], grey[..., 1]], axis=-1))


def test_a_palette_picture_with_a_transparent_colour_keeps_it(make_model: MakeModel, tmp_path: Path) -> None:
    picture = Image.new("P", (4, 2), 0)
    picture.putpalette([10, 20, 30, 200, 100, 0])
    picture.putpixel((3, 1), 1)
    picture.save(tmp_path / "palette.png", transparency=1)
    answer = gantk.load(make_model())(tmp_path / "palette.png")
    assert answer.getpixel((0, 0)) == (245, 235, 225, 255)
    assert answer.getpixel((3, 1)) == (0, 0, 0, 0)


def test_exif_orientation_is_applied_once(make_model: MakeModel, tmp_path: Path) -> None:
    picture = Image.fromarray(ramp(6, 9, 3))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.png", exif=exif)
    upright = np.rot90(np.asarray(picture), k=-1)
    model = gantk.load(make_model())
    for image in (tmp_path / "turned.png", str(tmp_path / "turned.png"), Image.open(tmp_path / "turned.png")):
        answer = model(image)
        assert np.array_equal(np.asarray(answer), 255 - upright)
        assert 0x0112 not in answer.getexif()


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((4, 4, 4), np.uint8), r"not one of shape \(4, 4, 4\)"),
        (np.zeros((4, 4), np.uint8), r"not one of shape \(4, 4\)"),
        (np.zeros((4, 0, 3), np.uint8), r"not one of shape \(4, 0, 3\)"),
        (np.full((4, 4, 3), 255.0), "holds values from 0 to 1, and this one 255 to 255; give uint8"),
        (np.full((4, 4, 3), np.nan, np.float32), "holds values from 0 to 1, and this one nan"),
        (np.zeros((4, 4, 3), np.int64), "array of uint8, not of int64"),
        (Image.new("I;16", (4, 4)), "takes uint8 values"),
        (Image.new("F", (4, 4)), "takes uint8 values"),
        ("nowhere.png", "no such file"),
        (1, "takes a PIL image, a NumPy array or an image file, not int"),
        ([1, 2, 3], "not int"),
        (io.StringIO("x"), r"is opened in binary mode"),
        (b"x", "is no image"),
    ],
)
def test_what_the_model_cannot_take_is_refused(make_model: MakeModel, image: object, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        gantk.load(make_model())(image)


def test_a_picture_cannot_be_made_up_for_other_channels(make_model: MakeModel) -> None:
    with pytest.raises(DataError, match=r"takes 2 channels of uint8: give an array \(H, W, 2\)"):
        gantk.load(make_model(channels=2))(Image.new("RGB", (4, 4)))


@pytest.mark.parametrize(("pixel", "top"), [("uint8", 255), ("uint16", 65535)])
def test_arrays_of_other_types_are_brought_by_their_whole_range(make_model: MakeModel, pixel: str, top: int) -> None:
    model = gantk.load(make_model(pixel))
    for dtype, full in (("uint8", 255), ("uint16", 65535), ("float32", 1), ("float64", 1)):
        image = np.array([0, 51 / 255, 1]).reshape(1, 1, 3) * full
        answer = model(image.astype(dtype))
        assert answer.dtype == dtype
        assert np.allclose(answer, full - image, atol=0.51 * full / top if full > 1 else 1e-6)


def test_a_model_of_floats_takes_no_whole_numbers(make_model: MakeModel) -> None:
    with pytest.raises(DataError, match="array of float32, not of uint8"):
        gantk.load(make_model("float32"))(np.zeros((4, 4, 3), np.uint8))


def test_files_are_taken_as_bytes_and_open_and_lists_as_lists(make_model: MakeModel, tmp_path: Path) -> None:
    model, image = gantk.load(make_model()), ramp(6, 9, 3)
    Image.fromarray(image).save(tmp_path / "in.png")
    data = (tmp_path / "in.png").read_bytes()
    with (tmp_path / "in.png").open("rb") as file:
        answers = model([data, io.BytesIO(data), file, tmp_path / "in.png", image])
    assert [type(answer) for answer in answers] == [*[Image.Image] * 4, np.ndarray]
    assert all(np.array_equal(np.asarray(answer), 255 - image) for answer in [*answers, model(io.BytesIO(data))])
    assert model([]) == []
    assert len(model((image, image), tile=64)) == 2


@pytest.mark.parametrize("batch_size", [1, 3])
def test_an_iterator_is_translated_as_it_goes(make_model: MakeModel, tmp_path: Path, batch_size: int) -> None:
    model, taken = gantk.load(make_model()), []

    def images() -> Iterator[object]:
        for number in range(7):
            taken.append(number)
            pixels = np.full((4 + number // 4, 5, 3), number, np.uint8)
            yield Image.fromarray(pixels) if number % 2 else pixels

    answers = model.map(images(), batch_size=batch_size)
    assert not taken
    answers = [next(answers), *answers]
    assert [np.asarray(answer)[0, 0, 0] for answer in answers] == [255 - number for number in range(7)]
    assert [isinstance(answer, Image.Image) for answer in answers] == [bool(number % 2) for number in range(7)]


def test_an_iterator_is_read_a_few_images_ahead(make_model: MakeModel) -> None:
    endless = gantk.load(make_model()).map(np.full((4, 4, 3), number % 256, np.uint8) for number in count())
    assert [int(next(endless)[0, 0, 0]) for _ in range(300)] == [255 - number % 256 for number in range(300)]
    endless.close()


def test_an_image_that_cannot_be_taken_raises_in_its_turn(make_model: MakeModel) -> None:
    answers = gantk.load(make_model()).map([np.zeros((4, 4, 3), np.uint8), "nowhere.png"])
    assert next(answers).min() == 255
    with pytest.raises(DataError, match="nowhere.png: no such file"):
        next(answers)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GantkError, match=r"none\.onnx: no such file"):
        gantk.load(tmp_path / "none.onnx")


def test_what_to_do_is_said_where_a_folder_is_given(tmp_path: Path) -> None:
    with pytest.raises(GantkError, match=r"is a folder; give an \.onnx file"):
        gantk.load(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(GantkError, match=rf"it is a run: write its models by `gantk export {tmp_path}`"):
        gantk.load(tmp_path)


@pytest.mark.parametrize("kept", [0, 7, 200, -1])
def test_a_truncated_model_is_refused(make_model: MakeModel, kept: int) -> None:
    path = make_model()
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(GantkError, match=r"^[^\n]*negative\.onnx: [^\n]*$"):
        gantk.load(path)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("not a model\n" * 50)
    with pytest.raises(GantkError, match="not an ONNX model"):
        gantk.load(tmp_path / "text.onnx")


def test_a_model_of_others_is_refused(make_model: MakeModel) -> None:
    with pytest.raises(GantkError, match="not one that gantk wrote"):
        gantk.load(make_model(card=False))


def test_an_unknown_provider_is_refused(make_model: MakeModel) -> None:
    with pytest.raises(UsageError, match="no provider Abacus"):
        gantk.load(make_model(), providers=["Abacus"])


def test_no_torch_is_imported(
    make_model: MakeModel, make_generator: MakeModel, make_encoder: MakeModel, tmp_path: Path
) -> None:
    Image.fromarray(ramp(5, 8, 3)).save(tmp_path / "in.png")
    code = """
import sys, gantk
from gantk.cli.translate import translate
from gantk.cli.generate import generate
from gantk.cli.encode import encode
model, generator, encoder, image, out = sys.argv[1:]
assert gantk.load(model)(image).size == (8, 5)
translate.main([model, image, "-o", out], standalone_mode=False)
generate.main([generator, "-n", "4", "-o", out, "--walk", "1"], standalone_mode=False)
encode.main([encoder, image], standalone_mode=False)
heavy = [name for name in ("torch", "onnx", "cv2", "kornia", "albumentations") if name in sys.modules]
assert not heavy, heavy
"""
    models = [str(make_model()), str(make_generator()), str(make_encoder(size=4))]
    arguments = [*models, str(tmp_path / "in.png"), str(tmp_path / "out.png")]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)
    assert (tmp_path / "out.png").exists()
