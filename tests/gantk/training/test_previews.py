"""Previews: grids, of which a column may be wide."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gantk import Network, Player, PluginError, Recipe
from gantk.data.batches import Crops
from gantk.data.held_out import held_out_batch
from gantk.data.views import open_split
from gantk.training.optimizers import Averages
from gantk.training.previews import (
    CELL,
    GAP,
    HEADER,
    LINE,
    ROWS,
    draw_grid,
    draw_preview,
    preview_columns,
    preview_rows,
    to_bytes,
)
from gantk.training.shipped import shipped
from gantk_datasets.emoji import emoji
from support.commands import invoke

FACTOR = CELL // 32
STEP = 32 * FACTOR + GAP


@pytest.fixture(scope="module")
def faces():
    return held_out_batch(emoji("3d"), "images", Crops(size=32), 24, torch.device("cpu"))["image"]


def cell(sheet, left, top):
    return np.asarray(sheet)[top : top + 32 * FACTOR : FACTOR, left : left + 32 * FACTOR : FACTOR]


def test_a_column_of_more_images_than_rows_is_read_like_a_text(faces):
    sheet = draw_grid({"real": faces[:8], "generated": faces, "again": faces[:8]}, "caption")
    expected = to_bytes(faces)
    assert sheet.size == (GAP + 5 * STEP + 2 * GAP, HEADER + 8 * STEP + HEADER)
    for number in range(24):
        row, column = divmod(number, 3)
        shown = cell(sheet, GAP + (1 + column) * STEP, HEADER + row * STEP)
        assert np.array_equal(shown, expected[number])
    for row in range(8):
        assert np.array_equal(cell(sheet, GAP, HEADER + row * STEP), expected[row])
        assert np.array_equal(cell(sheet, 3 * GAP + 4 * STEP, HEADER + row * STEP), expected[row])


def test_a_column_says_how_many_of_its_channels_it_shows():
    def columns(channels, name):
        return {name: torch.linspace(-1, 1, channels * 64).view(1, channels, 8, 8)}

    for channels, name in ((1, "made"), (2, "made (1 of 2 channels)"), (3, "made"), (5, "made (3 of 5 channels)")):
        told, shown = columns(channels, "made"), columns(channels, name)
        assert np.array_equal(draw_grid(told, ""), draw_grid({name: to_rgb(shown[name])}, ""))


def to_rgb(images):
    return images[:, :3] if images.shape[1] > 2 else images[:, :1]


def test_every_held_out_image_is_there_once_where_more_are_asked_for():
    data = emoji("3d")
    count = len(open_split(data, "images", True, 32))
    every = held_out_batch(data, "images", Crops(size=32), count + 5, torch.device("cpu"))["image"]
    rows = held_out_batch(data, "images", Crops(size=32), list(range(count)), torch.device("cpu"))["image"]
    assert torch.equal(every, rows)


def test_columns_may_be_short_and_of_any_length(faces):
    assert draw_grid({"real": faces[:3]}, "").size == (GAP + STEP, HEADER + 3 * STEP + HEADER)
    ragged = draw_grid({"real": faces[:8], "generated": faces[:11]}, "")
    assert ragged.size == (GAP + 3 * STEP + 2 * GAP, HEADER + 8 * STEP + HEADER)
    assert np.array_equal(cell(ragged, GAP + STEP, HEADER + 5 * STEP), to_bytes(faces)[10])
    assert (cell(ragged, GAP + 2 * STEP, HEADER + 5 * STEP) == 255).all()


@pytest.mark.parametrize(
    ("counts", "rows", "width"),
    [
        ((1, 1, 8, 8), 2, 10),  # SinGAN's: a picture, what restores it, and samples
        ((1, 1, 8), 1, 10),
        ((8, 8, 8, 8), 8, 4),
        ((8, 64), 8, 9),
        ((1, 8), 1, 9),
        ((8, 8, 8, 5), 8, 4),
        ((1,) * 13 + (8,), 8, 14),
    ],
)
def test_few_rows_where_columns_would_be_mostly_empty(counts, rows, width, faces):
    sheet = draw_grid({str(number): faces[:1].expand(count, -1, -1, -1) for number, count in enumerate(counts)}, "x")
    gaps = 2 * GAP * sum(count > rows for count in counts)
    assert sheet.width == width * STEP + gaps + GAP
    assert sheet.height == 2 * HEADER + rows * STEP


def test_a_label_in_brackets_that_is_too_long_takes_a_second_line(faces):
    one, two = (draw_grid({name: faces[:8]}, "") for name in ("output B", "output B (training mode)"))
    assert two.height == one.height + LINE
    first, second = (np.asarray(two)[top : top + LINE].min() for top in (0, LINE))
    assert max(first, second) < 128
    assert np.array_equal(cell(two, GAP, HEADER + LINE), to_bytes(faces)[0])


def ready(recipe):
    return shipped(recipe, Averages(recipe, {}), recipe.inference)


class Noisy(Recipe):
    """Generates 24 images, other ones in training mode."""

    kind = "images"
    step = graphs = None  # Not asked for here.

    def __init__(self):
        super().__init__()
        self.generator = Network(nn.Dropout(0.5), "generator")

    def players(self):
        return {"generator": Player(self.generator)}

    def preview(self, batch):
        return {"generated": self.generator(batch["image"].repeat(3, 1, 1, 1)), "real": batch["image"]}


def test_training_mode_shows_as_many_images_as_there_are_rows(faces):
    columns = preview_columns(ready(Noisy()), {"image": faces[:8]})
    assert {name: len(images) for name, images in columns.items()} == {
        "generated": 24,
        "generated (training mode)": 8,
        "real": 8,
    }
    assert not torch.equal(columns["generated"][:8], columns["generated (training mode)"])


def test_columns_are_the_same_in_both_modes(faces):
    class Fickle(Noisy):
        def preview(self, batch):
            return {"output" if self.training else "input": batch["image"]}

    with pytest.raises(
        PluginError, match=r"test_previews.py:\d+: preview\(\) gives {'input': .*, and in training mode"
    ):
        preview_columns(ready(Fickle()), {"image": faces})


def test_points_are_many():
    assert (preview_rows((1, 1)), preview_rows((1, 32))) == (2000, ROWS)


def test_images_of_two_channels_and_mixed_columns_stay_a_grid(faces):
    two = torch.zeros(8, 2, 4, 4)
    assert isinstance(draw_preview({"real": two}, {"image": two, "label": torch.zeros(8)}, ""), Image.Image)
    sheet = draw_preview({"real": faces[:8]}, {"image": faces[:8], "caption": ["a face"] * 8}, "")
    assert sheet.size == (GAP + STEP, HEADER + 8 * STEP + HEADER)


def test_a_young_run_shows_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("gantk.training.early.APART", 0.0)
    run = tmp_path / "run"
    said = ("train", "--plugin", "gan", "--data", "points:ring", "--steps", "6", "--out", run)
    told = invoke(*said, "-s", "generator.units=8")
    shown = ["000001.png", "000002.png", "000004.png", "000006.png"]
    assert sorted(file.name for file in (run / "previews").iterdir()) == shown
    assert [line for line in told.splitlines() if line.startswith("newest preview: ")] == [
        f"newest preview: {run / 'previews' / name}" for name in shown
    ]
    # It is named before the first step, and at the end.
    assert told.count((run / "index.html").as_uri()) == 2
    assert '"state": "trained"' in (run / "page.js").read_text()
