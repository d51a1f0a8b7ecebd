"""What `gantk data` finds wrong with images, or asks about."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.data import found, gantk_data, picture

pytestmark = pytest.mark.usefixtures("cache")


def damage(root: Path) -> None:
    for number in range(8):
        picture(number).save(root / f"good{number}.png")
    (root / "text.png").write_text("not an image")
    picture(9).save(root / "cut.jpg")
    (root / "cut.jpg").write_bytes((root / "cut.jpg").read_bytes()[:-30])


def test_damaged_files_are_named_and_the_exit_status_is_1(root: Path, cache: Path) -> None:
    damage(root)
    result = gantk_data(root)
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
    result = gantk_data(root)
    assert result.exit_code == 1
    assert "A/3.png has no partner of that name" in result.stdout


def test_constant_and_duplicate_images_do_not_stop_training(root: Path) -> None:
    for number in range(5):
        picture(number).save(root / f"{number}.png")
    picture(3).save(root / "same.bmp")
    Image.new("RGB", (16, 12), (9, 8, 7)).save(root / "plain.png")
    result = gantk_data(root, "-s", "data.hold_out=0")
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
    assert gantk_data(root).exit_code == 1
    assert gantk_data(root, "-s", "data.window=0,4").exit_code == 0


def test_one_file_of_another_precision_hides_nothing_else(root: Path) -> None:
    damage(root)
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(root / "deep.png")
    result = gantk_data(root)
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
    result = gantk_data(root)
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
