"""Folders that cannot be read as they are: one line says which, and why."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gantk.data import listing
from gantk.data.folders import open_folders
from gantk.errors import DataError, UsageError

pytestmark = pytest.mark.usefixtures("home")
Fill = Callable[..., Path]


def test_train_a_without_train_b_is_said(fill: Fill) -> None:
    with pytest.raises(DataError, match=r"trainA has no partner"):
        open_folders([fill({"trainA": ["x"]})])


def test_an_unmatched_name_among_pairs_is_bad(fill: Fill) -> None:
    root = fill({"A": ["1", "2", "3"], "B": ["1", "2"]})
    with pytest.raises(DataError, match=r"A/3.png has no partner of that name in .*B"):
        open_folders([root]).split("paired", False, None)
    dataset = open_folders([root], skip_bad=True, hold_out=0)
    assert len(dataset.split("paired", False, None)) == 2


def test_two_files_of_one_name_have_no_clear_partner(fill: Fill) -> None:
    root = fill({"A": ["1.png", "1.jpg", "2.png"], "B": ["1", "2"]})
    with pytest.raises(DataError, match=r"1.png has the same name as 1.jpg"):
        open_folders([root]).split("paired", False, None)


def test_a_pair_of_different_sizes_is_bad(fill: Fill) -> None:
    root = fill({"A": ["1", "2"], "B": ["1"]})
    fill({"B": ["2"]}, size=(16, 20))
    with pytest.raises(DataError, match=r"A/2.png is 16x16 pixels, but its partner .*B/2.png is 16x20"):
        open_folders([root]).split("paired", False, None)


def test_one_side_by_side_image_of_another_shape_is_bad(fill: Fill) -> None:
    root = fill({"train": ["1", "2", "3"]}, size=(32, 16))
    fill({"train": ["4"]}, size=(33, 16))
    with pytest.raises(DataError, match=r"4.png is 33x16 pixels: its two sides would differ"):
        open_folders([root]).split("paired", False, None)


def test_a_class_of_the_test_share_that_is_not_trained_is_said(fill: Fill) -> None:
    folders = {"train/cat": ["1"], "train/dog": ["2"], "test/dog": ["4"], "test/emu": ["5"]}
    with pytest.raises(DataError, match="does not hold the same folders as"):
        open_folders([fill(folders)])


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no images"):
        open_folders([tmp_path / "empty"])


def test_a_folder_with_its_images_one_level_down_names_that(fill: Fill) -> None:
    with pytest.raises(DataError, match=r"holds no images .*; name .*photos, which holds 1"):
        open_folders([fill({"photos": ["1"]})])


def test_a_path_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere does not exist"):
        open_folders([tmp_path / "nowhere"])


def test_a_file_that_is_no_image_is_said(fill: Fill) -> None:
    root = fill({".": ["1"]})
    (root / "notes.txt").write_text("a picture")
    with pytest.raises(DataError, match=r"notes.txt is no image: name an image, or the folder that holds the images"):
        open_folders([root / "notes.txt"])


def test_three_folders_are_classes_alone(fill: Fill) -> None:
    root = fill({"a": ["1"], "b": ["1"], "c": ["1"], "d/a": ["1"]})
    folders = [root / "a", root / "b", root / "c"]
    assert open_folders(folders).classes == ("a", "b", "c")
    with pytest.raises(UsageError, match="3 folders are read as classes, not as paired"):
        open_folders(folders, layout="paired")
    with pytest.raises(UsageError, match="two of them bear one name"):
        open_folders([*folders, root / "d" / "a"])


@pytest.mark.parametrize("layout", ["unpaired", "paired", "classes"])
def test_a_layout_that_the_folders_do_not_have_is_refused(fill: Fill, layout: str) -> None:
    with pytest.raises(DataError, match=f"cannot be read as {layout}"):
        open_folders([fill({".": ["1", "2"]})], layout=layout)


def test_a_folder_that_may_not_be_read_says_so(fill: Fill) -> None:
    root = fill({".": ["1"]})
    root.chmod(0)
    user = os.geteuid()
    # Root may read everything.
    os.seteuid(user or 65534)
    try:
        with pytest.raises(DataError, match="permission denied"):
            listing.images_in(root)
    finally:
        os.seteuid(user)
        root.chmod(0o755)
