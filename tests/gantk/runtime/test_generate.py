"""`gantk generate`: files, names, sheets, walks, traversals, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import gantk
from gantk.cli.generate import generate
from gantk.errors import DataError, GantkError, UsageError
from gantk.runtime.latents import latents_as_bytes
from gantk.runtime.ports import Numbers
from gantk.runtime.random import choose, draw, stream_of
from gantk.runtime.sheets import GAP

MakeModel = Callable[..., Path]


def run(*arguments: object) -> str:
    result = CliRunner().invoke(generate, [str(argument) for argument in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.output


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def numbers_of(picture: Path | np.ndarray) -> np.ndarray:
    """Return the numbers that the test's generator was given for a picture, as far as eight bits hold them."""
    pixels = picture if isinstance(picture, np.ndarray) else pixels_of(picture)
    return (pixels[0].astype(float) - 128) / 20


def cells(sheet: Path, columns: int, height: int, width: int) -> np.ndarray:
    """Return the images of a sheet (rows, columns, height, width), and check what lies between them."""
    pixels = pixels_of(sheet).copy()
    rows = (pixels.shape[0] - GAP) // (height + GAP)
    assert pixels.shape == (GAP + rows * (height + GAP), GAP + columns * (width + GAP))
    found = np.empty((rows, columns, height, width), np.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
            found[row, column] = pixels[top : top + height, left : left + width]
            pixels[top : top + height, left : left + width] = 255
    assert (pixels == 255).all()
    return found


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_folder_gets_a_file_an_image(
    make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path, batch_size: int
) -> None:
    model, out = make_generator(ports.latent, ports.label), tmp_path / "new" / "samples"
    said = run(model, "-n", 6, "-o", out, "--seed", 5, "--start", 40, "--batch-size", batch_size)
    assert said == f"6 images written to {out}\n"
    labels, slugs = choose("label", 6, 4, seed=5, start=40), ["T_shirt_top", "bag", "ankle_boot", "3"]
    names = [f"seed5-{40 + k:05d}-label={label}-{slugs[label]}.png" for k, label in enumerate(labels)]
    assert sorted(file.name for file in out.iterdir()) == names
    images = gantk.load(model).generate(6, seed=5, start=40)
    for name, image in zip(names, images, strict=True):
        assert np.array_equal(pixels_of(out / name), np.asarray(image))


def test_other_files_of_a_folder_stay(make_generator: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.png").write_text("mine")
    model = make_generator()
    for _ in range(2):
        run(model, "-n", 2, "-o", tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "mine.png",
        "seed0-00000.png",
        "seed0-00001.png",
    ]
    assert (tmp_path / "out" / "mine.png").read_text() == "mine"


def test_a_picture_gets_one_image_or_a_sheet(make_generator: MakeModel, tmp_path: Path) -> None:
    model = make_generator()
    assert "1 image written" in run(model, "-n", 1, "-o", tmp_path / "one.png", "--seed", 3)
    images = np.stack([np.asarray(image) for image in gantk.load(model).generate(5, seed=3)])
    assert np.array_equal(pixels_of(tmp_path / "one.png"), images[0])
    run(model, "-n", 5, "-o", tmp_path / "sheet.png", "--seed", 3)
    found = cells(tmp_path / "sheet.png", 3, 2, 3).reshape(6, 2, 3)
    assert np.array_equal(found[:5], images)
    assert (found[5] == 255).all()
    run(model, "-n", 5, "-o", tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as image:
        assert image.format == "JPEG"


def test_a_npy_file_gets_all_values(make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path) -> None:
    run(make_generator(ports.latent), "-n", 3, "-o", tmp_path / "bytes.npy")
    assert np.load(tmp_path / "bytes.npy").shape == (3, 2, 3, 1)
    points = make_generator(ports.latent, ports.code, raw=True)
    run(points, "-n", 40, "-o", tmp_path / "points.npy", "--truncation", 0.5)
    values = np.load(tmp_path / "points.npy")
    assert values.shape == (40, 1, 1, 4)
    assert np.array_equal(values[:, 0, 0, :3], draw("latent", "normal", 40, 3, truncation=0.5))
    run(points, "-n", 2, "-o", tmp_path / "points")
    assert np.array_equal(np.load(tmp_path / "points" / "seed0-00001.npy")[0, 0, :3], draw("latent", "normal", 2, 3)[1])
    with pytest.raises(DataError, match=r"sheet\.png: no picture holds 4 channels of float32; write a \.npy"):
        run(points, "-n", 2, "-o", tmp_path / "sheet.png")


@pytest.mark.parametrize(("label", "index"), [("2", 2), ("BAG", 1), ("label=bag", 1), ("3", 3), ("T-shirt/top", 0)])
def test_a_label_is_a_name_or_an_index(
    make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path, label: str, index: int
) -> None:
    run(make_generator(ports.label, ports.latent), "-n", 3, "-o", tmp_path / "out", "--label", label)
    files = sorted((tmp_path / "out").iterdir())
    assert all(f"-label={index}-" in file.name for file in files)
    assert [numbers_of(file)[0] for file in files] == [index] * 3


def test_several_categories_are_told_apart(make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path) -> None:
    from dataclasses import replace

    other = replace(ports.label, name="c1", names=())
    model = make_generator(ports.label, other)
    run(model, "-n", 1, "-o", tmp_path / "out", "--label", "c1=3", "--label", "label=bag")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["seed0-00000-label=1-bag-c1=3.png"]
    with pytest.raises(click.UsageError, match="--label 2: say NAME=2, NAME being one of label, c1"):
        run(model, "-o", tmp_path / "out", "--label", "2")


def test_a_category_is_traversed_in_columns(make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path) -> None:
    model = make_generator(ports.label, ports.latent)
    said = run(model, "-n", 3, "-o", tmp_path / "sheet.png", "--seed", 4, "--traverse", "label")
    assert said.splitlines()[0] == "columns of label: T-shirt/top, bag, ankle boot, 3"
    found = cells(tmp_path / "sheet.png", 4, 2, 4)
    for row, latent in enumerate(draw("latent", "normal", 3, 3, seed=4)):
        for column in range(4):
            assert numbers_of(found[row, column]) == pytest.approx([column, *latent], abs=0.026)


def test_a_traversal_in_a_folder_names_its_columns(
    make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path
) -> None:
    model = make_generator(ports.latent, ports.label)
    run(model, "-n", 2, "-o", tmp_path / "out", "--traverse", "latent[2]", "--columns", 3, "--label", "bag")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        f"seed0-0000{row}-label=1-bag-latent_2-column0{column}.png" for row in range(2) for column in range(3)
    ]
    run(model, "-n", 2, "-o", tmp_path / "labels", "--traverse", "label")
    assert len(list((tmp_path / "labels").iterdir())) == 8


@pytest.mark.parametrize(("suffix", "frames"), [(".gif", 4), (".webp", 4), (".png", 1)])
def test_a_walk_becomes_an_animation(make_generator: MakeModel, tmp_path: Path, suffix: str, frames: int) -> None:
    run(make_generator(channels=3), "-n", 4, "-o", tmp_path / f"walk{suffix}", "--walk", 8)
    with Image.open(tmp_path / f"walk{suffix}") as image:
        assert getattr(image, "n_frames", 1) == frames
        if frames > 1:
            assert image.size == (3, 2)
            assert image.info["loop"] == 0
            image.seek(3)
            last = gantk.load(make_generator(channels=3)).generate(1, seed=8)[0]
            assert np.abs(np.asarray(image.convert("RGB")).astype(int) - np.asarray(last)).max() <= 12


def test_a_number_of_a_latent_is_said(make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path) -> None:
    run(make_generator(ports.label, ports.code), "-n", 1, "-o", tmp_path / "a.png", "--label", 2, "--label", "c2=1.5")
    assert numbers_of(tmp_path / "a.png").tolist() == [2, 1.5]


OTHER = Numbers(name="other", kind="latent", length=3, distribution="normal", stream=stream_of("other"))
LAYERS = Numbers(name="layers", kind="scalar", layout="N", default=2, low=0, high=4)
PSI = Numbers(name="psi", kind="scalar", layout="N", default=1, low=-1, high=1)


def test_fine_layers_have_the_styles_of_another_seed(
    make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path
) -> None:
    model, file = make_generator(ports.latent, OTHER, LAYERS, raw=True), tmp_path / "mixed.npy"
    run(model, "-n", 2, "-o", file, "--seed", 4, "--start", 6, "--mix", "7:3")
    found = np.load(file)[:, 0, 0]
    assert np.array_equal(found[:, :3], draw("latent", "normal", 2, 3, seed=4, start=6))
    assert np.array_equal(found[:, 3:6], draw("latent", "normal", 1, 3, seed=7, start=6).repeat(2, 0))
    assert found[:, 6].tolist() == [3, 3]
    run(model, "-n", 1, "-o", file, "--mix", "7", "--traverse", "layers", "--columns", 5)
    assert np.load(file)[:, 0, 0, 6].tolist() == [0, 1, 2, 3, 4]
    run(model, "-n", 1, "-o", file, "--mix", "7")
    assert np.load(file)[0, 0, 0, 6] == 2


def test_a_truncation_of_styles_leaves_their_latents_alone(
    make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path
) -> None:
    model, file = make_generator(ports.latent, PSI, raw=True), tmp_path / "calm.npy"
    run(model, "-n", 9, "-o", file, "--truncation", "0.7")
    found = np.load(file)[:, 0, 0]
    assert np.array_equal(found[:, :3], draw("latent", "normal", 9, 3))
    assert found[:, 3] == pytest.approx(0.7)
    run(model, "-n", 1, "-o", file, "--truncation", "0.7", "--scalar", "psi=0.5")
    assert np.load(file)[0, 0, 0, 3] == 0.5
    with pytest.raises(UsageError, match="psi is a number from -1 to 1, not 7"):
        run(model, "-o", file, "--truncation", "7")


def test_latents_are_read_from_a_file(make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path) -> None:
    model, out, file = make_generator(ports.latent, ports.label, raw=True), tmp_path / "out.npy", tmp_path / "a.npz"
    two = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    file.write_bytes(latents_as_bytes({"latent": two, "label": np.array([3])}))
    run(model, "-o", out, "--latent", file)
    assert np.load(out)[:, 0, 0].tolist() == [[1, 2, 3, 3], [4, 5, 6, 3]]
    run(model, "-o", out, "--latent", file, "--label", "bag")
    assert np.load(out)[:, 0, 0, 3].tolist() == [1, 1]
    np.save(tmp_path / "a.npy", two[0])
    run(model, "-n", 1, "-o", out, "--latent", tmp_path / "a.npy", "--label", 0, "--traverse", "latent[1]")
    edited = np.load(out)[:, 0, 0]
    assert edited[:, 1] == pytest.approx(np.linspace(-2, 2, 10))
    assert (edited[:, [0, 2]] == [1, 3]).all()
    run(model, "-n", 3, "-o", out, "--latent", tmp_path / "a.npy", "--label", 0, "--walk", 8)
    assert np.load(out)[0, 0, 0, :3] == pytest.approx(two[0])
    assert np.load(out)[2, 0, 0, :3] == pytest.approx(draw("latent", "normal", 1, 3, seed=8)[0])


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"noise": np.zeros((1, 3))}, "says noise, which the model does not take, only latent, label$"),
        ({"latent": np.zeros((1, 4))}, r"latent takes 3 numbers a sample, not an array \(1, 4\)"),
        ({"latent": np.full((1, 3), np.nan)}, "latent holds what is no number"),
        ({"label": np.array([7])}, "no label is called 7"),
        ({"latent": np.zeros((2, 3)), "label": np.zeros(3, int)}, "unlike numbers of rows: 2 of latent, 3 of label"),
    ],
)
def test_a_file_of_other_latents_is_one_line(
    make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path, arrays: dict[str, np.ndarray], reason: str
) -> None:
    model, file = make_generator(ports.latent, ports.label), tmp_path / "latents.npz"
    file.write_bytes(latents_as_bytes(arrays))
    with pytest.raises((UsageError, DataError), match=rf"latents\.npz:? .*{reason}|latents\.npz {reason}"):
        run(model, "-o", tmp_path / "out", "--latent", file)


def test_what_is_no_file_of_latents_is_named(make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path) -> None:
    model, file = make_generator(ports.latent), tmp_path / "latents.npz"
    with pytest.raises(DataError, match=r"latents\.npz: no such file"):
        run(model, "-o", tmp_path / "out", "--latent", file)
    whole = latents_as_bytes({"latent": np.zeros((1, 3))})
    for content in (b"", b"text", whole[:-30], whole[:100]):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"latents\.npz is no \.npy or \.npz file of numbers: "):
            run(model, "-o", tmp_path / "out", "--latent", file)
    file.write_bytes(whole)
    with pytest.raises(UsageError, match="the model takes no latents, only label"):
        run(make_generator(ports.label), "-o", tmp_path / "out", "--latent", file)


def test_a_still_webp_is_no_animation(make_generator: MakeModel, tmp_path: Path) -> None:
    run(make_generator(channels=3), "-n", 4, "-o", tmp_path / "sheet.webp")
    with Image.open(tmp_path / "sheet.webp") as image:
        assert image.n_frames == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--walk", 1, "--traverse", "label"], "--walk and --traverse exclude each other"),
        (["--columns", 4], "belong to --traverse"),
        (["--reach", 1], "belong to --traverse"),
        (["-n", 1, "--walk", 1], "--walk needs -n 2"),
        (["--traverse", "label", "--label", "bag"], "label is traversed, so it cannot be bag throughout"),
        (["--traverse", "label", "--columns", 3], "label is a category: its columns are its 4 values"),
        (["--traverse", "label[0]"], r"label is a category: traverse label, not label\[0\]"),
        (["--traverse", "latent"], r"latent has 3 numbers: traverse one of latent\[0\] to latent\[2\]"),
        (["--traverse", "latent[3]"], "latent has 3 numbers"),
        (["--traverse", "c9"], "there is no input 'c9' to traverse, only latent, label"),
        (["--label", "shoe"], "no label is called shoe: say T-shirt/top"),
        (["--label", "1", "--label", "BAG"], "label is 1 already"),
        (
            ["--label", "latent=1"],
            "'latent' is no input that can be said; the model takes --label label=LABEL$",
        ),
        (["--label", "lable=bag"], "the model takes --label label=LABEL; did you mean 'label'[?]$"),
        (["--truncation", 0.001], r"truncation of 0\.001"),
        (["--mix", "7:4"], "the model mixes no styles: the graph that does takes latent, other and layers"),
        (["--mix", "7:few"], "'7:few' is no SEED:LAYERS, such as 7:4"),
        (["--mix", "x"], "'x' is no SEED:LAYERS"),
        (["--seed", -1], "not in the range"),
        (["--start", 2**32], "a seed has those from 0 to 4294967295"),
        (["-n", 0], "not in the range"),
    ],
)
def test_wrong_combinations_are_one_line(
    make_generator: MakeModel, ports: SimpleNamespace, tmp_path: Path, options: list[object], reason: str
) -> None:
    with pytest.raises((UsageError, click.UsageError), match=reason) as caught:
        run(make_generator(ports.latent, ports.label), "-o", tmp_path / "out", *options)
    assert caught.value.exit_code == 2
    assert len(str(caught.value).splitlines()) <= 1
    assert not (tmp_path / "out").exists()


def test_a_model_without_categories_takes_no_label(make_generator: MakeModel, tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="--label 1: the model takes no category"):
        run(make_generator(), "-o", tmp_path / "out", "--label", 1)


def test_places_that_cannot_be_written_are_refused(make_generator: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    model = make_generator()
    for out, options, reason in [
        ("a.pdf", [], "of this kind cannot be written"),
        ("a.mp4", [], "of this kind cannot be written"),
        ("a.gif", [], r"a \.gif needs --walk"),
        ("a.pdf", ["--walk", 1], r"use \.avif, \.bmp, \.gif"),
        ("file", [], "a file of another kind; give a folder"),
    ]:
        with pytest.raises(UsageError, match=reason):
            run(model, "-o", tmp_path / out, *options)
    with pytest.raises(GantkError, match=r"^cannot write .*seed0-00000\.png: Not a directory$"):
        run(model, "-o", tmp_path / "file" / "out")
    run(model, "-n", 1, "-o", tmp_path / "truncation-0.5")
    assert [file.name for file in (tmp_path / "truncation-0.5").iterdir()] == ["seed0-00000.png"]


def test_a_model_of_another_task_names_its_command(
    make_model: MakeModel, make_encoder: MakeModel, tmp_path: Path
) -> None:
    for model, command in [
        (make_model(), "gantk translate"),
        (make_encoder(), "gantk encode"),
        (make_encoder("energy", name="energy.onnx"), "gantk score"),
    ]:
        with pytest.raises(UsageError, match=f"use {command}"):
            run(model, "-o", tmp_path / "out")


def test_help_shows_examples() -> None:
    said = run("--help")
    assert "gantk generate generator.onnx -n 64 -o samples/" in said
    assert "[default: 16, 8, 60]" in said
