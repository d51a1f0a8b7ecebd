"""How folders are read, by their names and by what they hold, as real files in real folders."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from gantk.data.folder_dataset import FolderDataset
from gantk.data.folders import open_folders

pytestmark = pytest.mark.usefixtures("home")
Fill = Callable[..., Path]


def lengths(dataset: FolderDataset, test: bool) -> list[int]:
    return [len(rows) for rows in (dataset.arranged.test if test else dataset.arranged.train)]


def names(dataset: FolderDataset, key: str, test: bool = False) -> list[str]:
    shares = dataset.arranged.test if test else dataset.arranged.train
    return [file.path.name for rows in shares for file in rows.files.get(key, ())]


def test_two_folders_are_two_domains(fill: Fill) -> None:
    root = fill({"horses": ["h1", "h2", "h3"], "zebras": ["z1", "z2"]})
    dataset = open_folders([root / "horses", root / "zebras"], hold_out=0)
    assert dataset.kinds == ("unpaired", "domains")
    assert dataset.domains == ("horses", "zebras")
    assert names(dataset, "a") == ["h1.png", "h2.png", "h3.png"]
    assert names(dataset, "b") == ["z1.png", "z2.png"]
    assert dataset.name == "horses+zebras"
    assert "unpaired images in horses and zebras, 3 + 2 to train on, none held out" in dataset.summary


def test_two_folders_whose_names_all_match_are_pairs(fill: Fill) -> None:
    root = fill({"edges": ["1.png", "2.jpg"], "photos": ["1.jpg", "2.png"]})
    dataset = open_folders([root / "edges", root / "photos"], hold_out=0)
    assert dataset.kinds == ("paired",)
    assert "pairs by name, edges -> photos" in dataset.summary
    assert names(dataset, "source") == ["1.png", "2.jpg"]
    assert names(dataset, "target") == ["1.jpg", "2.png"]


def test_one_name_without_partner_leaves_two_folders_unpaired(fill: Fill) -> None:
    root = fill({"edges": ["1", "2", "3"], "photos": ["1", "2"]})
    assert open_folders([root / "edges", root / "photos"]).kinds == ("unpaired", "domains")


def test_names_that_agree_by_chance_are_no_pairs_when_sizes_differ(fill: Fill) -> None:
    root = fill({"trainA": ["1", "2"]})
    fill({"trainB": ["1", "2"]}, size=(20, 16))
    dataset = open_folders([root])
    assert dataset.kinds == ("unpaired", "domains")
    assert "-s data.layout=paired forces pairs" in dataset.summary


@pytest.mark.parametrize("style", ["train{}", "train_{}", "Train{}", "TRAIN-{}"])
def test_train_a_and_train_b_are_two_domains(fill: Fill, style: str) -> None:
    a, b = style.format("A"), style.format("B")
    dataset = open_folders([fill({a: ["x", "y"], b: ["p", "q", "r"]})])
    assert dataset.kinds == ("unpaired", "domains")
    assert sum(lengths(dataset, False)) + sum(lengths(dataset, True)) == 5
    assert "held out (40% by content)" in dataset.summary


def test_test_a_and_test_b_are_the_test_share(fill: Fill) -> None:
    folders = {"trainA": ["x", "y"], "trainB": ["p"], "testA": ["t"], "testB": ["u", "v"], "valA": ["w"], "valB": ["w"]}
    dataset = open_folders([fill(folders)])
    assert (lengths(dataset, False), lengths(dataset, True)) == ([2, 1], [1, 2])
    assert "1 + 2 in testA and testB" in dataset.summary
    assert "not read: 1 in" in dataset.summary


@pytest.mark.parametrize(("a", "b"), [("A", "B"), ("source", "target"), ("input", "target"), ("lr", "hr")])
def test_two_sides_in_one_root_are_pairs(fill: Fill, a: str, b: str) -> None:
    dataset = open_folders([fill({b: ["1", "2"], a: ["1", "2"]})])
    assert dataset.kinds == ("paired",)
    assert dataset.domains == (a, b)


@pytest.mark.parametrize("form", ["{share}/{side}", "{side}/{share}"])
def test_sides_with_train_and_test_folders(fill: Fill, form: str) -> None:
    share_names = {"train": ["1", "2", "3"], "test": ["4"]}
    folders = {form.format(share=share, side=side): share_names[share] for share in share_names for side in "AB"}
    dataset = open_folders([fill(folders)])
    assert dataset.kinds == ("paired",)
    assert (lengths(dataset, False), lengths(dataset, True)) == ([3], [1])
    assert names(dataset, "target", test=True) == ["4.png"]


def test_sides_whose_names_have_nothing_in_common_are_unpaired(fill: Fill) -> None:
    dataset = open_folders([fill({"A": ["1", "2"], "B": ["x", "y"]})])
    assert dataset.kinds == ("unpaired", "domains")


def test_side_by_side_images_are_pairs(fill: Fill) -> None:
    root = fill({"train": ["1", "2", "3"], "test": ["4"]}, size=(32, 16))
    dataset = open_folders([root])
    assert dataset.kinds == ("paired",)
    assert (
        "side-by-side pairs, left -> right (all twice as wide as high: -s data.layout=plain reads them whole)"
        in dataset.summary
    )
    assert (lengths(dataset, False), lengths(dataset, True)) == ([3], [1])


def test_side_by_side_halves_become_source_and_target(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(2):
        image = Image.new("RGB", (32, 16), (255, 0, number))
        image.paste((0, 0, 255), (16, 0, 32, 16))
        image.save(tmp_path / "data" / f"{number}.png")
    columns = open_folders([tmp_path / "data"], hold_out=0).split("paired", False, 8).columns
    assert columns["source"][1].shape == columns["target"][1].shape == (8, 8, 3)
    assert (columns["source"][1] == (255, 0, 1)).all()
    assert (columns["target"][1] == (0, 0, 255)).all()


def test_one_wide_image_is_not_taken_for_a_pair(fill: Fill) -> None:
    assert open_folders([fill({".": ["panorama"]}, size=(32, 16))]).kinds == ("images",)


def test_side_by_side_can_be_forced_for_other_shapes(fill: Fill) -> None:
    root = fill({".": ["1", "2"]}, size=(20, 16))
    columns = open_folders([root], layout="side-by-side", hold_out=0).split("paired", False, None).columns
    assert columns["target"][0].shape == (16, 10, 3)


def test_class_folders_are_labelled(fill: Fill) -> None:
    root = fill({"dog": ["1", "2"], "cat": ["1", "2", "3"], "cow": ["1"]})
    dataset = open_folders([root], hold_out=0)
    assert dataset.kinds == ("labelled", "domains")
    assert dataset.classes == ("cat", "cow", "dog")
    assert dataset.split("labelled", False, None).columns["label"].tolist() == [0, 0, 0, 1, 2, 2]


def test_class_folders_with_a_test_share_may_lack_a_class_there(fill: Fill) -> None:
    folders = {"train/cat": ["1"], "train/dog": ["2", "3"], "val/dog": ["4", "5"], "val/cat": ["6"]}
    dataset = open_folders([fill(folders)])
    assert dataset.split("labelled", True, None).columns["label"].tolist() == [0, 1, 1]


def test_two_classes_with_the_same_names_hint_at_pairs(fill: Fill) -> None:
    root = fill({"edges": ["1", "2"], "photos": ["1", "2"]})
    dataset = open_folders([root])
    assert dataset.kinds == ("labelled", "domains")
    assert "-s data.layout=paired reads them as pairs" in dataset.summary
    assert open_folders([root], layout="paired").kinds == ("paired",)
    assert open_folders([root], layout="unpaired").domains == ("edges", "photos")


def test_a_plain_folder_is_images(fill: Fill) -> None:
    root = fill({".": ["1.png", "2.JPG", "3.webp"], "deeper": ["4"]})
    for junk in ("Thumbs.db", ".DS_Store", "notes.txt", "._1.png"):
        (root / junk).write_text("not an image")
    dataset = open_folders([root], hold_out=0)
    assert dataset.kinds == ("images",)
    assert names(dataset, "image") == ["1.png", "2.JPG", "3.webp"]
    assert not dataset.bad
    assert f"not read: 1 in {root / 'deeper'}" in dataset.summary


def test_a_stray_image_beside_class_folders_is_said_and_not_read(fill: Fill) -> None:
    root = fill({"cat": ["1", "2"], "dog": ["1"], ".": ["banner"]})
    dataset = open_folders([root])
    assert dataset.kinds == ("labelled", "domains")
    assert f"not read: 1 in {root}" in dataset.summary


def test_train_and_test_folders_of_images(fill: Fill) -> None:
    dataset = open_folders([fill({"train": ["1", "2"], "test": ["3"]})])
    assert dataset.kinds == ("images",)
    assert (names(dataset, "image"), names(dataset, "image", test=True)) == (["1.png", "2.png"], ["3.png"])
