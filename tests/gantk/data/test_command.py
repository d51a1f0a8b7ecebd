"""`gantk data` as a user runs it, and the checks behind it."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from gantk.cli.main import main


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANTK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def gantk(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["data", *map(str, arguments)])


def found(*arguments: object) -> dict:
    return json.loads(gantk(*arguments, "--json").stdout)


def picture(seed: int, mode: str = "RGB", size: tuple[int, int] = (16, 12)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(1, 250, (size[1], size[0], 3)).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def test_good_folders_are_described(root: Path) -> None:
    for share in ("trainA", "trainB", "testA", "testB"):
        (root / share).mkdir()
        for number in range(3):
            size = (16 + 4 * number, 12)
            picture(number + 10 * len(share) + ord(share[-1]), "L" if number else "RGB", size).save(
                root / share / f"{share}{number}.png"
            )
    result = gantk(root)
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "data: unpaired images in trainA and trainB, 3 + 3 to train on, 3 + 3 in testA and testB"
    assert "kinds unpaired, domains, images, scaled" in lines
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
    assert found(root / "left", root / "right")["kinds"] == ["unpaired", "domains", "images", "scaled"]


def damage(root: Path) -> None:
    for number in range(8):
        picture(number).save(root / f"good{number}.png")
    (root / "text.png").write_text("not an image")
    picture(9).save(root / "cut.jpg")
    (root / "cut.jpg").write_bytes((root / "cut.jpg").read_bytes()[:-30])


def test_damaged_files_are_named_and_the_exit_status_is_1(root: Path, cache: Path) -> None:
    damage(root)
    result = gantk(root)
    assert result.exit_code == 1
    assert "wrong, training stops: 2" in result.stdout
    assert f"  {root / 'text.png'} is no image" in result.stdout
    assert f"  {root / 'cut.jpg'} is truncated or damaged" in result.stdout
    assert "--skip-bad" in result.stderr
    assert not (cache / "images").exists()


def test_json_names_them_too(root: Path) -> None:
    damage(root)
    said = found(root)
    assert set(said["bad"]) == {str(root / "text.png"), str(root / "cut.jpg")}
    assert len(said["stops"]) == 2
    assert said["counts"]["train"]["image"] + said["counts"]["test"]["image"] == 8


def test_unmatched_pairs_are_named(root: Path) -> None:
    for side in "AB":
        (root / side).mkdir()
        for number in range(3 + (side == "A")):
            picture(number + ord(side)).save(root / side / f"{number}.png")
    result = gantk(root)
    assert result.exit_code == 1
    assert "A/3.png has no partner of that name" in result.stdout


def test_constant_and_duplicate_images_do_not_stop_training(root: Path) -> None:
    for number in range(5):
        picture(number).save(root / f"{number}.png")
    picture(3).save(root / "same.bmp")
    Image.new("RGB", (16, 12), (9, 8, 7)).save(root / "plain.png")
    result = gantk(root, "-s", "data.hold_out=0")
    assert result.exit_code == 0
    assert f"constant images: 1\n  {root / 'plain.png'}\n" in result.stdout
    assert f"exact duplicates: 1\n  {root / '3.png'} = {root / 'same.bmp'}\n" in result.stdout
    assert "both sides" not in result.stdout


def test_an_image_of_two_colours_is_not_constant(root: Path) -> None:
    image = Image.new("RGB", (16, 12), (9, 8, 7))
    image.putpixel((15, 11), (9, 8, 8))
    image.save(root / "x.png")
    assert found(root)["constant"] == []


def test_the_same_image_on_both_sides_of_the_split_is_found(root: Path) -> None:
    for share, numbers in {"train": (0, 1, 2), "test": (2, 3)}.items():
        (root / share).mkdir()
        for number in numbers:
            picture(number).save(root / share / f"{number}.{'png' if share == 'train' else 'bmp'}")
    assert found(root)["shared"] == [[str(root / "train" / "2.png"), str(root / "test" / "2.bmp")]]


def test_floats_of_one_value_stop_training(root: Path) -> None:
    np.save(root / "x.npy", np.full((8, 8), 3.0))
    assert gantk(root).exit_code == 1
    assert gantk(root, "-s", "data.window=0,4").exit_code == 0


def test_one_file_of_another_precision_hides_nothing_else(root: Path) -> None:
    damage(root)
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(root / "deep.png")
    result = gantk(root)
    assert result.exit_code == 1
    assert "wrong, training stops: 3" in result.stdout
    assert f"{root / 'deep.png'} is uint16, but {root / 'cut.jpg'} is uint8" in result.stdout
    assert f"{root / 'text.png'} is no image" in result.stdout
    assert "8-bit RGB (8), 16-bit grey (1)" in result.stdout


def labels(root: Path, high: int, dtype: type = np.uint8) -> None:
    (root / "A").mkdir(exist_ok=True)
    (root / "B").mkdir(exist_ok=True)
    for number in range(4):
        values = np.random.default_rng(number).integers(0, high + 1, (12, 16)).astype(dtype)
        values[0, :2] = 0, high
        Image.fromarray(values).save(root / "A" / f"{number}.png")
        picture(number).save(root / "B" / f"{number}.png")


@pytest.mark.parametrize(
    ("high", "dtype", "asked"),
    [
        (1, np.uint8, "source: values 0 to 1 in 8 bits look like labels: -s data.labels=a reads labels"),
        (34, np.uint8, "source: values 0 to 34 in 8 bits look like labels"),
        (150, np.uint16, "source: values 0 to 150 in 16 bits look like labels"),
        (4095, np.uint16, "take 6.2% of their range, which is nearly black: -s data.window=0,4095 stretches them"),
    ],
)
def test_values_that_take_little_of_their_range_are_asked_about(root: Path, high: int, dtype: type, asked: str) -> None:
    labels(root, high, dtype)
    result = gantk(root)
    assert result.exit_code == 0
    assert "is this meant?: 1\n" in result.stdout
    assert asked in result.stdout
    assert len(found(root)["questions"]) == 1
    turned = found(root, "--direction", "b_to_a")["questions"]
    assert ("target: values" in turned[0], "data.labels=b" in turned[0]) == (True, high < 256)
    for said in (f"data.window=0,{high}", "data.labels=a"):
        assert found(root, "-s", said)["questions"] == []


@pytest.mark.parametrize(("classes", "ignored"), [(151, False), (19, True)])
def test_label_maps_of_many_classes_or_with_255_are_asked_about(root: Path, classes: int, ignored: bool) -> None:
    labels(root, 200, np.uint8)
    assert found(root)["questions"] == []
    for number in range(4):
        ids = (np.arange(number * 38, number * 38 + 48) % classes).astype(np.uint8).reshape(6, 8)
        ids[0] = 255 if ignored else 0
        Image.fromarray(ids.repeat(8, axis=0).repeat(8, axis=1)).save(root / "A" / f"{number}.png")
        picture(number).resize((64, 48)).save(root / "B" / f"{number}.png")
    (asked,) = found(root)["questions"]
    assert asked.startswith(
        f"source: values 0 to {255 if ignored else 150} in 8 bits look like labels: -s data.labels=a"
    )
    assert found(root, "-s", "data.labels=a")["questions"] == []


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
    assert found(root, "-s", "data.layout=plain")["kinds"] == ["images", "scaled"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["mine.py:/at"], 1, "mine.py does not exist"),
        (["/nowhere/at/all"], 1, "no data set and no folder is called /nowhere/at/all"),
        (["{root}"], 1, "holds no images"),
        (["{root}", "-s", "data.layuot=plain"], 2, "did you mean 'data.layout'"),
        (["{root}", "-s", "data.layout=heap"], 2, "'heap' is none of auto, unpaired"),
        (["{root}", "-s", "layout"], 2, "say data.NAME=VALUE"),
        (["{root}", "-s", "data.hold_out=2"], 2, "data.hold_out: 2 is no share"),
    ],
)
def test_wrong_use_is_one_clear_line(root: Path, arguments: list[str], status: int, message: str) -> None:
    result = gantk(*(argument.format(root=root) for argument in arguments))
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
    result = gantk()
    assert result.exit_code == 0
    assert "squares Four grey squares." in " ".join(result.stdout.split())
    assert "lsgan" not in result.stdout
    assert {"name": "squares", "summary": "Four grey squares."} in json.loads(gantk("--json").stdout)


@pytest.mark.usefixtures("squares")
def test_a_named_data_set_is_described() -> None:
    lines = [" ".join(line.split()) for line in gantk("squares").stdout.splitlines()]
    assert lines[0] == "squares: 4 grey squares"
    assert lines[1:] == [
        "kinds labelled, images, scaled",
        "licence CC0-1.0",
        "train image 3",
        "test image 1",
        "classes dark, light",
    ]
    assert found("squares")["counts"] == {"train": {"image": 3}, "test": {"image": 1}}


def test_help_shows_an_example() -> None:
    result = gantk("--help")
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
    result = gantk(root)
    assert result.exit_code == 1
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert {"train none", "test none"} <= set(lines)
    assert not any(line.startswith("image:") for line in lines)


def test_a_file_that_cannot_be_used_is_not_counted_as_trained_on(root: Path) -> None:
    for number in range(12):
        picture(number).save(root / f"{number}.png")
    whole = (root / "3.png").read_bytes()
    (root / "3.png").write_bytes(whole[: len(whole) // 2])
    result = gantk(root, "-s", "data.hold_out=0")
    assert result.exit_code == 1
    assert "11 to train on" in result.stdout.splitlines()[0]


def test_grey_pages_that_are_channels_are_told(root: Path) -> None:
    for number in range(2):
        first, *others = (picture(10 * number + page, "L") for page in range(6))
        first.save(root / f"{number}.tif", save_all=True, append_images=others)
    result = gantk(root)
    assert "is of 6 grey pages, which are read as channels; so are 1 more" in result.stdout


def test_a_folder_to_name_can_be_pasted(root: Path) -> None:
    inside = root / "sp ace" / "it's a"
    inside.mkdir(parents=True)
    picture(0).save(inside / "0.png")
    assert f"name {shlex.quote(str(inside))}, which holds 1" in gantk(root / "sp ace").output
