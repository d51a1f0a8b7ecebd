"""`gantk encode` and `gantk score`: tables, names, and what is skipped or refused."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from gantk.cli.encode import encode
from gantk.cli.score import score
from gantk.cli.translate import translate
from gantk.errors import DataError, GantkError, UsageError

MakeModel = Callable[..., Path]


def run(command: object, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments], standalone_mode=False)
    if result.exception is not None:
        result.exception.add_note(result.stdout)
        result.exception.add_note(result.stderr)
        raise result.exception
    return result.stdout


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def pixels(seed: int, height: int = 5, width: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three images, whose means fall from the first to the last."""
    folder = tmp_path / "photos, mine"
    folder.mkdir()
    for number, name in enumerate(("a.png", "b.bmp", "c.png")):
        Image.fromarray(pixels(number, 5 + number // 2) // (number + 1)).save(folder / name)
    return folder


def mean(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).mean((0, 1), dtype=np.float64)


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_vectors_are_written_as_csv(make_encoder: MakeModel, photos: Path, batch_size: int) -> None:
    found = rows(run(encode, make_encoder(), photos, "--batch-size", batch_size))
    assert [row["file"] for row in found] == [str(photos / name) for name in ("a.png", "b.bmp", "c.png")]
    assert list(found[0]) == ["file", "latent[0]", "latent[1]", "latent[2]"]
    for row in found:
        vector = np.float32([row[f"latent[{place}]"] for place in range(3)])
        assert vector == pytest.approx(mean(Path(row["file"])), rel=1e-6)


def test_the_digits_say_a_float32_exactly(make_encoder: MakeModel, photos: Path, tmp_path: Path) -> None:
    said = run(encode, make_encoder(), photos, "-o", tmp_path / "new" / "vectors.csv")
    assert said == f"3 of 3 images encoded to {tmp_path / 'new' / 'vectors.csv'}\n"
    run(encode, make_encoder(), photos, "-o", tmp_path / "vectors.npz")
    table = rows((tmp_path / "new" / "vectors.csv").read_text())
    exact = np.load(tmp_path / "vectors.npz")["latent"]
    assert exact.dtype == np.float32
    assert np.array_equal(np.float32([[row[f"latent[{place}]"] for place in range(3)] for row in table]), exact)


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_arrays_keep_the_names_of_the_files(make_encoder: MakeModel, photos: Path, tmp_path: Path, suffix: str) -> None:
    run(encode, make_encoder("latent", "c1"), photos, "-o", tmp_path / f"vectors{suffix}")
    table = np.load(tmp_path / f"vectors{suffix}")
    assert [Path(name).name for name in table["file"].tolist()] == ["a.png", "b.bmp", "c.png"]
    assert table["latent"].shape == table["c1"].shape == (3, 3)
    assert table["c1"] == pytest.approx(table["latent"] - 128, abs=1e-4)
    assert table["latent"][2] == pytest.approx(mean(photos / "c.png"), rel=1e-6)


def test_several_vectors_have_columns_of_their_own(make_encoder: MakeModel, photos: Path) -> None:
    (row,) = rows(run(encode, make_encoder("latent", "c1"), photos / "a.png"))
    assert list(row) == ["file", *(f"{name}[{place}]" for name in ("latent", "c1") for place in range(3))]
    assert float(row["c1[1]"]) == pytest.approx(float(row["latent[1]"]) - 128, abs=1e-4)


def test_the_images_of_an_array_are_numbered(make_encoder: MakeModel, tmp_path: Path) -> None:
    images = np.stack([pixels(1), pixels(2)])
    np.save(tmp_path / "two.npy", images)
    np.save(tmp_path / "one.npy", images[0])
    found = rows(run(score, make_encoder("energy"), tmp_path / "two.npy", tmp_path / "one.npy"))
    assert [row["file"] for row in found] == [f"{tmp_path / 'two.npy'}[{k}]" for k in (0, 1)] + [
        str(tmp_path / "one.npy")
    ]
    assert [float(row["energy"]) for row in found] == pytest.approx([images[k].mean() for k in (0, 1, 0)], rel=1e-6)


def test_scores_keep_the_order_of_the_inputs_or_are_sorted(make_encoder: MakeModel, photos: Path) -> None:
    model = make_encoder("energy")
    inputs = [photos / "b.bmp", photos / "a.png", photos / "c.png"]
    text = run(score, model, *inputs)
    assert text.splitlines()[0] == "file,energy"
    assert [Path(row["file"]).name for row in rows(text)] == ["b.bmp", "a.png", "c.png"]
    assert [Path(row["file"]).name for row in rows(run(score, model, *inputs, "--sort"))] == ["c.png", "b.bmp", "a.png"]


def test_pictures_are_fitted_to_a_model_of_one_size(make_encoder: MakeModel, photos: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", pixels(0))
    with pytest.raises(GantkError, match="1 of 4 images could not be scored") as caught:
        run(score, make_encoder("energy", size=4), photos, tmp_path / "array.npy")
    assert len(rows(caught.value.__notes__[0])) == 3
    assert f"skipped {tmp_path / 'array.npy'}: the model takes 4x4 pixels" in caught.value.__notes__[1]


def test_broken_images_are_named_and_skipped(make_encoder: MakeModel, photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_bytes((photos / "a.png").read_bytes()[:60])
    (photos / "text.jpg").write_text("no image")
    with pytest.raises(GantkError, match="2 of 5 images could not be encoded") as caught:
        run(encode, make_encoder(), photos, "-o", tmp_path / "vectors.csv")
    assert caught.value.exit_code == 1
    assert caught.value.__notes__[0] == f"3 of 5 images encoded to {tmp_path / 'vectors.csv'}\n"
    assert [line.split(": ")[0] for line in caught.value.__notes__[1].splitlines()] == [
        f"skipped {photos / 'broken.png'}",
        f"skipped {photos / 'text.jpg'}",
    ]
    assert len(rows((tmp_path / "vectors.csv").read_text())) == 3
    with pytest.raises(GantkError, match="1 of 1"):
        run(encode, make_encoder(), photos / "text.jpg", "-o", tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_wrong_use_is_refused(make_encoder: MakeModel, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "a.npy", pixels(0))
    model = make_encoder()
    before = (tmp_path / "a.npy").read_bytes()
    for error, arguments, reason in [
        (UsageError, [model, photos, "-o", tmp_path / "vectors.txt"], r"use \.csv, \.npz, \.npy"),
        (UsageError, [model, tmp_path / "none.png"], "none.png: no such file or folder"),
        (UsageError, [model, tmp_path / "a.npy", "-o", tmp_path / "a.npy"], "would overwrite an input"),
        (DataError, [model, tmp_path / "empty"], "holds no images"),
        (GantkError, [model, photos, "-o", photos / "a.png" / "b.csv"], r"^cannot write .*a\.png.b\.csv: "),
    ]:
        with pytest.raises(error, match=reason):
            run(encode, *arguments)
    assert (tmp_path / "a.npy").read_bytes() == before


def test_a_model_of_another_task_names_its_command(
    make_model: MakeModel, make_encoder: MakeModel, make_generator: MakeModel, photos: Path, tmp_path: Path
) -> None:
    encoder, energy = make_encoder(), make_encoder("energy", name="energy.onnx")
    for command, model, right in [
        (encode, energy, "score"),
        (encode, make_generator(), "generate"),
        (score, encoder, "encode"),
        (score, make_model(), "translate"),
    ]:
        with pytest.raises(UsageError, match=f"^{model}: a model that {right}s images: use gantk {right} "):
            run(command, model, photos)
    with pytest.raises(UsageError, match="a model that generates images: use gantk generate"):
        run(translate, make_generator(), photos, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_help_shows_examples() -> None:
    assert "gantk encode encoder.onnx photos/ -o vectors.csv" in run(encode, "--help")
    assert "gantk score energy.onnx photos/ --sort | tail" in run(score, "--help")
