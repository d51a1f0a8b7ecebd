"""`gantk translate` on many images: folders in folders, what is there already, what goes along, order, failures."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageCms

import gantk
from gantk.cli.main import main
from gantk.cli.translate import translate
from gantk.errors import GantkError, UsageError
from gantk.runtime import overlap, translation
from gantk.runtime.model import Model

MakeModel = Callable[..., Path]


def run(*arguments: object) -> str:
    result = CliRunner().invoke(translate, [str(argument) for argument in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def picture(seed: int = 0, size: int = 6) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8))


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    for number, place in enumerate(("a.png", "summer/a.png", "summer/lake/b.png", ".hidden/c.png")):
        file = tmp_path / "photos" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(number).save(file)
    return tmp_path / "photos"


def test_folders_in_folders_keep_their_places(make_model: MakeModel, nested: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "1 of 1 images translated" in run(make_model(), nested, "-o", out)
    assert "3 of 3 images translated" in run(make_model(), nested, "-o", out, "--recursive")
    made = sorted(str(file.relative_to(out)) for file in out.rglob("*.png"))
    assert made == ["a.png", "summer/a.png", "summer/lake/b.png"]
    for place in made:
        with Image.open(out / place) as one, Image.open(nested / place) as other:
            assert np.array_equal(np.asarray(one), 255 - np.asarray(other))


def test_what_is_passed_over_is_counted(make_model: MakeModel, nested: Path, tmp_path: Path) -> None:
    for place in ("notes.txt", "summer/notes.txt", "summer/clip.mp4", ".DS_Store"):
        (nested / place).touch()
    (nested / "loop").symlink_to(nested)
    assert "passed over: 1 .txt\n" in run(make_model(), nested, "-o", tmp_path / "out")
    assert "passed over: 2 .txt, 1 .mp4\n" in run(make_model(), nested, "-o", tmp_path / "out", "--recursive")
    (nested / "a.png").unlink()
    with pytest.raises(GantkError, match=r"holds no images \(.*\); passed over: 1 .txt; folders in it"):
        run(make_model(), nested, "-o", tmp_path / "out")


def test_results_do_not_become_inputs(make_model: MakeModel, nested: Path) -> None:
    for out in (nested / "out", nested):
        with pytest.raises(UsageError, match=f"{out}: (lies in|would overwrite)"):
            run(make_model(), nested, "-o", out, "--recursive")


def test_what_is_there_is_kept_if_asked(make_model: MakeModel, nested: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "summer").mkdir(parents=True)
    (out / "summer" / "a.png").write_text("mine")
    said = run(make_model(), nested, "-o", out, "--recursive", "--skip-existing")
    assert "1 of 3 images are there already" in said
    assert "2 of 2 images translated" in said
    assert (out / "summer" / "a.png").read_text() == "mine"
    assert "3 of 3 images are there already" in run(make_model(), nested, "-o", out, "--recursive", "--skip-existing")
    assert "3 of 3 images translated" in run(make_model(), nested, "-o", out, "--recursive")
    assert (out / "summer" / "a.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_profile_and_exif_go_along_and_orientation_is_applied(
    make_model: MakeModel, tmp_path: Path, suffix: str
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "A maker"
    exif[0x0112] = 6  # turned by a quarter
    picture(size=8).crop((0, 0, 8, 4)).save(tmp_path / f"in{suffix}", exif=exif, icc_profile=profile)
    run(make_model(), tmp_path / f"in{suffix}", "-o", tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert image.size == (4, 8)
        assert image.info["icc_profile"] == profile
        # A TIFF's own structure is written in the same tags.
        assert suffix == ".tif" or image.getexif()[0x010F] == "A maker"
        assert image.getexif().get(0x0112, 1) == 1


def test_a_profile_of_inks_does_not_go_along_with_red_green_and_blue(make_model: MakeModel, tmp_path: Path) -> None:
    picture().convert("CMYK").save(tmp_path / "in.jpg", icc_profile=b"a profile of inks")
    run(make_model(), tmp_path / "in.jpg", "-o", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as image:
        assert "icc_profile" not in image.info


def test_many_images_of_several_sizes_each_get_their_own_answer(make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(40):
        picture(number, 5 + number % 3).save(tmp_path / "in" / f"{number:02d}.png")
    (tmp_path / "in" / "20.png").write_bytes(b"no image")
    with pytest.raises(GantkError, match="1 of 40 images could not be translated"):
        run(make_model(), tmp_path / "in", "-o", tmp_path / "out", "--batch-size", 4)
    for number in set(range(40)) - {20}:
        with Image.open(tmp_path / "out" / f"{number:02d}.png") as one:
            assert np.array_equal(np.asarray(one), 255 - np.asarray(picture(number, 5 + number % 3)))


@pytest.mark.parametrize(("small", "most"), [(512 * 512, 2), (0, 1)])
def test_small_images_run_at_once_and_large_ones_alone(
    make_model: MakeModel, nested: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int, most: int
) -> None:
    lock, state, run_alone = Lock(), {"running": 0, "most": 0}, Model.run

    def run(model: Model, batch: np.ndarray, further: Any, **settings: Any) -> np.ndarray:
        with lock:
            state["running"] += 1
            state["most"] = max(state["most"], state["running"])
        time.sleep(0.02)
        with lock:
            state["running"] -= 1
        return run_alone(model, batch, further, **settings)

    monkeypatch.setattr(overlap, "_SMALL", small)
    monkeypatch.setattr(Model, "run", run)
    model, jobs = gantk.load(make_model(), threads=2), translation.plan([nested], tmp_path / "out", recursive=True)
    assert [outcome.problem for outcome in translation.translate_files(model, jobs)] == ["", "", ""]
    assert state["most"] == most
    state["most"] = 0
    assert len(list(model.map(job.source for job in jobs))) == 3
    assert state["most"] == most, "a map runs as the command does"


def test_callers_share_a_models_threads(make_model: MakeModel) -> None:
    model = gantk.load(make_model(), threads=5)
    shared = model.shared_by(2)
    assert (model.threads, shared.threads, model.shared_by(6)) == (5, 2, None)
    batch = np.arange(27, dtype=np.uint8).reshape(1, 3, 3, 3)
    assert np.array_equal(shared.run(batch), 255 - batch)


@pytest.mark.parametrize("what", ["pipe", "/dev/zero"])
def test_a_single_input_that_is_no_file_is_said_to_be_none(make_model: MakeModel, tmp_path: Path, what: str) -> None:
    place = tmp_path / "in.png"
    if what == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(what)
    found = CliRunner().invoke(main, ["translate", str(make_model()), str(place), "-o", str(tmp_path / "o.png")])
    assert found.exit_code == 1
    assert f"skipped {place}: is no file but a pipe, a device or a folder\n" in found.output


@pytest.mark.parametrize("options", [[], ["--tile", "64"]])
def test_a_name_that_is_not_shown_as_it_is_is_said_once(
    make_model: MakeModel, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a\x1b[31m\nb.png").write_bytes(b"no image")
    command = ["translate", str(make_model()), str(tmp_path / "in"), "-o", str(tmp_path / "out"), *options]
    (line,) = (line for line in CliRunner().invoke(main, command).output.splitlines() if line.startswith("skipped"))
    assert line.count("[31m") == 1


def test_pictures_that_are_brought_to_the_models_one_size_are_counted(make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, size in enumerate((6, 9, 12)):
        picture(number, size).save(tmp_path / "in" / f"{number}.png")
    said = run(make_model(size=6), tmp_path / "in", "-o", tmp_path / "out")
    assert "2 of them became 6 pixels high and 6 wide, as the model takes: scaled to cover that, the centre cut" in said
    assert "became" not in run(make_model(size=6), tmp_path / "in" / "0.png", "-o", tmp_path / "o.png")
