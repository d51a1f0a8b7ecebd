"""Label maps are resized without values that stand between two classes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gantk.data.folders import FolderDataset, open_folders

pytestmark = pytest.mark.usefixtures("home")

COLOURS = np.array([[200, 10, 10], [10, 200, 10], [10, 10, 200], [0, 0, 0]], np.uint8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Pairs of a label map and a picture, 40 pixels wide."""
    random = np.random.default_rng(0)
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
    for number in range(4):
        numbers = random.integers(0, 4, (8, 8), dtype=np.uint8).repeat(5, 0).repeat(5, 1)
        labels = Image.fromarray(numbers, "L").convert("P")
        labels.putdata(numbers.ravel().tolist())
        labels.putpalette(COLOURS.ravel().tolist())
        labels.save(tmp_path / "a" / f"{number}.png")
        Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(tmp_path / "b" / f"{number}.png")
    return tmp_path


def colours(dataset: FolderDataset, key: str) -> int:
    images = dataset.split("paired", False, 17).columns[key]
    return len({tuple(pixel) for image in images for pixel in image.reshape(-1, 3).tolist()})


def test_images_with_palettes_get_no_new_colours_and_it_is_said(root: Path) -> None:
    dataset = open_folders([root])
    assert colours(dataset, "source") == 4
    assert colours(dataset, "target") > 500
    (line,) = dataset.readings
    assert "all images of source have palettes" in line
    assert "-s data.labels=none" in line


def test_a_side_is_declared_to_hold_label_maps(root: Path) -> None:
    assert colours(open_folders([root], labels="none"), "source") > 4
    for path in (root / "a").iterdir():
        with Image.open(path) as image:
            image.convert("RGB").save(path)
    plain, declared = open_folders([root]), open_folders([root], labels="a")
    assert colours(plain, "source") > 4
    assert colours(declared, "source") == 4
    assert colours(declared, "target") > 500
    assert not plain.readings
    assert not declared.readings


def test_which_way_recipes_of_label_maps_go_is_said_where_it_is_the_other(root: Path) -> None:
    for path in (root / "a").iterdir():
        path.rename(root / "b" / f"{path.stem}.map.png")
    for path in (root / "b").glob("[0-9].png"):
        path.rename(root / "a" / path.name)
    for path in (root / "b").iterdir():
        path.rename(path.with_name(path.name.replace(".map", "")))
    assert "pairs by name, a -> b, or b -> a by recipes of label maps, " in open_folders([root], labels="b").summary
    assert "recipes of label maps" not in open_folders([root], labels="none").summary
    assert "recipes of label maps" not in open_folders([root], labels="a", direction="b_to_a").summary
