"""`gantk data` as a user runs it, and the checks behind it."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.data import found, gantk_data, picture

pytestmark = pytest.mark.usefixtures("cache")


def test_good_folders_are_described(root: Path) -> None:
    for share in ("trainA", "trainB", "testA", "testB"):
        (root / share).mkdir()
        for number in range(3):
            size = (16 + 4 * number, 12)
            picture(number + 10 * len(share) + ord(share[-1]), "L" if number else "RGB", size).save(
                root / share / f"{share}{number}.png"
            )
    result = gantk_data(root)
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "data: unpaired images in trainA and trainB, 3 + 3 to train on, 3 + 3 in testA and testB"
    assert "kinds unpaired, domains, images, scaled, picture" in lines
    assert "train a 3, b 3" in lines
    assert "a: size smallest 16x12, median 20x12, largest 24x12" in lines
    assert "b: mode 8-bit grey (4), 8-bit RGB (2)" in lines


def test_classes_are_counted(root: Path) -> None:
    for name, count in {"cat": 3, "dog": 2}.items():
        (root / name).mkdir()
        for number in range(count):
            picture(number + ord(name[0])).save(root / name / f"{number}.png")
    counts = found(root)["counts"]
    assert {name: counts["train"][name] + counts["test"][name] for name in counts["train"]} == {"cat": 3, "dog": 2}


def test_two_folders_are_one_data_set(root: Path) -> None:
    for side in ("left", "right"):
        (root / side).mkdir()
        for number in range(3):
            picture(number).save(root / side / f"{side}{number}.png")
    assert found(root / "left", root / "right")["kinds"] == ["unpaired", "domains", "images", "scaled", "picture"]


def test_the_halves_of_images_are_looked_at_apart(root: Path) -> None:
    for number in range(3):
        values = np.random.default_rng(number).integers(0, 256, (12, 24)).astype(np.uint8)
        values[:, 12:] %= 4
        Image.fromarray(values).save(root / f"{number}.png")
    said = found(root)
    assert said["columns"]["target"]["values"] == [0, 3]
    assert said["columns"]["source"]["sizes"]["smallest"] == [12, 12]
    assert [question.split(":")[0] for question in said["questions"]] == ["target"]
    assert found(root, "--direction", "b_to_a")["columns"]["source"]["values"] == [0, 3]


def test_options_say_how_to_read(root: Path) -> None:
    for number in range(3):
        picture(number, size=(24, 12)).save(root / f"{number}.png")
    assert found(root)["kinds"][0] == "paired"
    assert found(root, "-s", "data.layout=plain")["kinds"] == ["images", "scaled", "picture"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["mine.py:/at"], 1, "mine.py does not exist"),
        (["/nowhere/at/all"], 1, "no data set and no folder is called /nowhere/at/all"),
        (["{root}"], 1, "holds no images"),
        (["{root}", "-s", "data.layuot=plain"], 2, "did you mean 'data.layout'"),
        (["{root}", "-s", "data.layout=heap"], 2, "'heap' is not one of auto, unpaired"),
        (["{root}", "-s", "layout"], 2, "say data.NAME=VALUE"),
        (["{root}", "-s", "data.hold_out=2"], 2, "data.hold_out: 2 is no share"),
    ],
)
def test_wrong_use_is_one_clear_line(root: Path, arguments: list[str], status: int, message: str) -> None:
    result = gantk_data(*(argument.format(root=root) for argument in arguments))
    assert result.exit_code == status
    assert result.stdout == ""
    assert message in result.stderr


DATA_SET = '''
"""Four grey squares."""

import numpy as np

from gantk import ArrayImages, Dataset, Group, Split, hookimpl


class Squares(Dataset):
    name = "squares"
    licence = "CC0-1.0"
    credits = ("CC0-1.0: Ada",)
    kinds = ("labelled",)
    summary = "squares: 4 grey squares"
    classes = ("dark", "light")

    def split(self, kind, test, load):
        count = 1 if test else 3
        images = ArrayImages(np.zeros((count, 8, 8, 1), np.uint8))
        return Split((Group({"image": images, "label": np.zeros(count, np.int64)}),))

    def fingerprint(self):
        return "0"


def open_squares(argument):
    return Squares()


@hookimpl
def dataset():
    return open_squares
'''


@pytest.fixture
def squares(distribution: Callable[..., Path]) -> None:
    distribution("gantk-squares", {"gantk": {"squares": "squares_data"}}, {"squares_data.py": DATA_SET})


@pytest.mark.usefixtures("squares")
def test_data_sets_that_can_be_named_are_listed() -> None:
    result = gantk_data()
    assert result.exit_code == 0
    assert "squares Four grey squares." in " ".join(result.stdout.split())
    assert "lsgan" not in result.stdout
    assert {"name": "squares", "summary": "Four grey squares."} in json.loads(gantk_data("--json").stdout)


@pytest.mark.usefixtures("squares")
def test_a_named_data_set_is_described() -> None:
    lines = [" ".join(line.split()) for line in gantk_data("squares").stdout.splitlines()]
    assert lines[0] == "squares: 4 grey squares"
    assert lines[1:] == [
        "kinds labelled, images, scaled, picture",
        "licence CC0-1.0",
        "train image 3",
        "test image 1",
        "classes dark, light",
        "credits: 1",
        "CC0-1.0: Ada",
    ]
    assert found("squares")["credits"] == ["CC0-1.0: Ada"]
    assert found("squares")["counts"] == {"train": {"image": 3}, "test": {"image": 1}}


def test_help_shows_an_example() -> None:
    result = gantk_data("--help")
    assert result.exit_code == 0
    assert "gantk data photos/" in result.stdout


def test_looking_at_folders_imports_no_torch(root: Path) -> None:
    picture(0).save(root / "x.png")
    program = (
        "import sys; from gantk.cli.main import main\n"
        f"main(['data', {str(root)!r}], standalone_mode=False)\n"
        "assert 'torch' not in sys.modules and 'albumentations' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_where_no_image_is_left_nothing_is_said_of_images(root: Path) -> None:
    for number in range(3):
        (root / f"{number}.png").write_bytes(b"no picture")
    result = gantk_data(root)
    assert result.exit_code == 1
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert {"train none", "test none"} <= set(lines)
    assert not any(line.startswith("image:") for line in lines)


def test_a_file_that_cannot_be_used_is_not_counted_as_trained_on(root: Path) -> None:
    for number in range(12):
        picture(number).save(root / f"{number}.png")
    whole = (root / "3.png").read_bytes()
    (root / "3.png").write_bytes(whole[: len(whole) // 2])
    result = gantk_data(root, "-s", "data.hold_out=0")
    assert result.exit_code == 1
    assert "11 to train on" in result.stdout.splitlines()[0]


def test_grey_pages_that_are_channels_are_told(root: Path) -> None:
    for number in range(2):
        first, *others = (picture(10 * number + page, "L") for page in range(6))
        first.save(root / f"{number}.tif", save_all=True, append_images=others)
    result = gantk_data(root)
    assert "is of 6 grey pages, which are read as channels; so are 1 more" in result.stdout


def test_a_folder_to_name_can_be_pasted(root: Path) -> None:
    inside = root / "sp ace" / "it's a"
    inside.mkdir(parents=True)
    picture(0).save(inside / "0.png")
    assert f"name {shlex.quote(str(inside))}, which holds 1" in gantk_data(root / "sp ace").output


def test_the_cache_is_shown_and_made_smaller(root: Path, cache: Path) -> None:
    (root / "images").mkdir()
    for number in range(3):
        picture(number, "RGB", (64, 48)).save(root / "images" / f"{number}.png")
    gantk_data(root / "images")
    folder = cache / "images"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.pack").write_bytes(bytes(2_000_000))
    shown = gantk_data("--cache")
    assert shown.stdout.splitlines()[0] == str(cache)
    assert "2.0 MB  decoded images" in shown.stdout
    emptied = gantk_data("--cache", "--at-most", "1MB", "--json")
    assert emptied.stderr == "deleted 1 file of decoded images, 2.0 MB\n"
    assert json.loads(emptied.stdout)["parts"][0] == {"name": "images", "files": 0, "bytes": 0}
    assert not (folder / "x.pack").exists()
    refused = gantk_data(root, "--cache")
    assert refused.exit_code == 2
    assert "--cache stands alone, or with --at-most SIZE" in refused.stderr
