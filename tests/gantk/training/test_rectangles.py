"""A training on images that are not as high as wide: from the folder to the score."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gantk.data.batches import Crops
from gantk.data.cropping import Cropping
from gantk.data.pixels import scaled
from gantk.data.views import Turned, open_split
from gantk.plan.open_data import open_data
from gantk.runs.config import Config
from gantk.runs.run import open_run
from gantk.sizes import Sides
from gantk.training.trained import load_trained
from support.commands import invoke

TINY = [
    *("--plugin", "pix2pix", "--device", "cpu", "--steps", "2", "--batch-size", "2", "-s", "generator.filters=4"),
    *("-s", "discriminator.filters=4", "-s", "discriminator.layers=1", "-s", "jitter=1.125"),
]


@pytest.fixture
def streets(tmp_path: Path, home: Path) -> Path:
    """Pairs, twice as wide as high, nearly square, or higher than wide."""
    root = tmp_path / "streets"
    for number in range(6):
        height, width = [(24, 48), (40, 44), (64, 24)][number % 3]
        values = np.random.default_rng(number).integers(0, 256, (height, width, 3)).astype(np.uint8)
        for side in ("A", "B"):
            (root / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(root / side / f"{number}.png")
    return root


def test_a_run_goes_from_folders_to_scores_on_rectangles(streets: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert "16x32 px, batch 2" in invoke("train", *TINY, "--data", streets, "--size", "16x32", "--out", run)
    assert open_run(run).config.set["size"] == "16x32"
    invoke("train", "--resume", run, "--steps", "3")
    with Image.open(run / "previews" / "000003.png") as sheet:
        assert sheet.width > 4 * 128
    trained = load_trained(run)
    assert trained.sides == (16, 32)
    # As often as both can be halved.
    assert trained.recipe.networks()["generator"].module.multiple == 16
    assert "l1" in invoke("evaluate", run, "--metric", "l1")
    assert "l1" in invoke("evaluate", run, "--metric", "l1", "--size", "16")
    assert [json.loads(line)["size"] for line in (run / "metrics.jsonl").read_text().splitlines()] == ["16x32", 16]
    assert "best by l1" in invoke("evaluate", run, "--metric", "l1", "--step", "best")


@pytest.mark.parametrize("size", ["32x", "x", "0x8", "8x99999"])
def test_what_is_no_size_is_refused(size: str) -> None:
    said = invoke("train", *TINY, "--size", size, status=2)
    assert f"'{size}': say HEIGHTxWIDTH, or one number for both, in pixels from 1 to 16384" in " ".join(said.split())


def test_a_network_of_squares_refuses_in_a_line(streets: Path) -> None:
    said = invoke("train", "--plugin", "dcgan", "--data", streets, "--size", "16x32", "--device", "cpu", status=2)
    assert "generator dcgan serves images as high as wide, not 16x32 pixels; a generator that can: " in said


@pytest.mark.parametrize("turned", [False, True])
def test_images_are_loaded_so_that_they_just_cover_the_crop(streets: Path, turned: bool) -> None:
    dataset = open_data(Config(data=[str(streets)]))
    crops = Crops(size=(16, 32), jitter=1.125)
    assert crops.load == Sides(18, 36)
    columns = open_split(Turned(dataset) if turned else dataset, "unpaired", False, crops.load).columns
    for key in ("a", "b"):
        shapes = [columns[key][row].shape[:2] for row in range(len(columns[key]))]
        assert all(height >= 18 and width >= 36 for height, width in shapes)
        assert all(height == 18 or width == 36 for height, width in shapes)


def test_other_data_sets_are_asked_for_the_longer_side(rows) -> None:
    asked = []

    class Square(rows):
        def split(self, kind, test, load):
            asked.append(load)
            return super().split(kind, test, load)

    open_split(Square(), "images", False, Sides(16, 32))
    open_split(Square(), "images", False, 16)
    assert asked == [32, 16]


def test_crops_of_several_images_show_the_same_rectangle() -> None:
    places = np.arange(20 * 40, dtype=np.uint16).reshape(20, 40, 1)
    cut = Cropping((8, 16), random=True, flip=True)
    for seed in range(8):
        both = cut({"a": places, "b": places}, (seed,))
        assert both["a"].shape == (8, 16, 1)
        assert np.array_equal(both["a"], both["b"])
        aligned = cut.aligned({"high": places, "low": places[::2, ::2]}, {"high": 1, "low": 2}, (seed,))
        assert aligned["high"].shape == (8, 16, 1)
        assert aligned["low"].shape == (4, 8, 1)
    centre = Cropping((8, 16), random=False, flip=False)({"a": places}, ())["a"]
    assert np.array_equal(centre, places[6:14, 12:28])


def test_an_image_just_covers_what_is_asked() -> None:
    assert scaled(np.zeros((40, 40, 3), np.uint8), (8, 16)).shape == (16, 16, 3)
    assert scaled(np.zeros((10, 40, 3), np.uint8), (20, 16)).shape == (20, 80, 3)
    left_alone = np.zeros((8, 16, 3), np.uint8)
    assert scaled(left_alone, (8, 16)) is left_alone
