"""Low resolutions that are given, beside their high ones."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gantk.data.cropping import Cropping
from gantk.data.folders import open_folders
from gantk.data.samples import read_rows
from gantk.data.views import open_split
from gantk.errors import DataError
from support.commands import refusal

pytestmark = pytest.mark.usefixtures("cache")


def save(path: Path, height: int, width: int, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = np.mgrid[0:height, 0:width]
    image = np.stack([rows * 255 // height, columns * 255 // width, np.full_like(rows, value)], 2)
    Image.fromarray(image.astype(np.uint8)).save(path)


def resolutions(root: Path, low=(12, 16), high=(24, 32), names=("low", "high"), count=6) -> Path:
    for number in range(count):
        save(root / names[0] / f"{number}.png", *low, 40 * number)
        save(root / names[1] / f"{number}.png", *high, 40 * number)
    return root


def test_pairs_of_two_resolutions_are_read_as_such(root: Path) -> None:
    dataset = open_folders([resolutions(root)])
    assert dataset.kinds == ("scaled",)
    assert "pairs by name, low -> high, 2 times as large" in dataset.summary
    columns = open_split(dataset, "scaled", False, 24).columns
    assert [columns[key][0].shape for key in ("low", "high")] == [(12, 16, 3), (24, 32, 3)]
    assert [getattr(columns[key], "shrink") for key in ("low", "high")] == [2, 1]  # noqa: B009
    assert list(open_split(dataset, "images", False, None).columns) == ["image"]


def test_both_show_the_same_place(root: Path) -> None:
    (group,) = open_folders([resolutions(root)], hold_out=0).split("scaled", False, 24).groups
    batch = read_rows(group, range(6), Cropping(8, random=True, flip=True), [(seed,) for seed in range(6)])
    assert [batch[key].shape[1:3] for key in ("low", "high")] == [(4, 4), (8, 8)]
    assert (batch["low"][..., 2] == batch["high"][:, ::2, ::2, 2]).all()
    assert np.abs(batch["low"].astype(int) - batch["high"][:, ::2, ::2].astype(int))[..., :2].max() <= 11


@pytest.mark.parametrize("names", [("lr", "hr"), ("input", "target")])
def test_the_names_of_two_sides_say_which_is_the_low_one(root: Path, names: tuple[str, str]) -> None:
    assert open_folders([resolutions(root, names=names)]).kinds == ("scaled",)


def test_a_low_resolution_that_is_larger_is_named(root: Path) -> None:
    save(resolutions(root) / "high" / "3.png", 6, 8)
    with pytest.raises(DataError, match=r"3\.png is 16x12 pixels, but its partner .*3\.png is 8x6: a low resol"):
        open_folders([root]).split("scaled", False, 24)


def test_folders_in_the_wrong_order_are_told(root: Path) -> None:
    dataset = open_folders([resolutions(root, (24, 32), (12, 16))])
    with pytest.raises(DataError, match=r"is 32x24 pixels, but .* is 16x12; of two resolutions the low one is named"):
        dataset.split("paired", False, None)
    with pytest.raises(DataError, match="low is 2 times smaller than high, so it is no target"):
        open_folders([resolutions(root)], direction="b_to_a")


def test_sizes_that_do_not_go_together_are_one_line(root: Path, tmp_path: Path) -> None:
    resolutions(root)
    with pytest.raises(DataError, match="loaded at 25 pixels, which is no multiple of 2"):
        open_folders([root]).split("scaled", False, 25)
    said = ["train", "--plugin", "srgan", "--data", root, "--size", 8, "--steps", 2, "--out", tmp_path / "run"]
    assert refusal(*said, status=2).endswith("'low' is 2 times smaller, and shrink is 4: say -s shrink=2")


def test_a_domain_of_one_image_is_refused(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / "many" / f"{number}.png", 8, 8, number)
    save(tmp_path / "single" / "0.png", 8, 8)
    dataset = open_folders([tmp_path / "many", tmp_path / "single"])
    for kind in ("unpaired", "domains"):
        with pytest.raises(DataError, match="^domain single is a single image: add more images to its folder$"):
            dataset.split(kind, False, None)


def test_two_ends_of_unlike_length_are_partners_in_one_folder(root: Path) -> None:
    for number in range(4):
        save(root / f"berlin_{number}_leftImg8bit.png", 8, 8, number)
        save(root / f"berlin_{number}_gtFine_color.png", 8, 8, number)
    assert "pairs by name in one folder" in (summary := open_folders([root]).summary)
    assert "*_gtFine_color -> *_leftImg8bit" in summary


def test_a_third_ending_is_asked_about(root: Path) -> None:
    for number in range(4):
        for end in "ABC":
            save(root / f"{number}_{end}.png", 8, 8, number)
    assert "-s 'data.partners=*_A,*_B' reads them as pairs" in open_folders([root]).summary


def test_partners_that_are_not_clear_stop_a_training_in_one_line(root: Path) -> None:
    save(resolutions(root, (8, 8), (8, 8)) / "high" / "0.jpg", 8, 8)
    with pytest.raises(DataError, match=r"0\.png has the same name as 0\.jpg, so that its partner is not clear"):
        open_folders([root]).split("paired", False, None)
