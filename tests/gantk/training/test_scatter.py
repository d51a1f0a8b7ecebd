"""Scatter plots of points."""

import numpy as np
import pytest
import torch

from gantk.data.batches import Crops
from gantk.data.held_out import held_out_batch
from gantk.training.previews import draw_preview
from gantk.training.scatter import HEADER, MADE, PANEL, REAL, draw_scatter
from gantk_datasets.points import points


@pytest.fixture(scope="module")
def ring():
    return held_out_batch(points("ring"), "points", Crops(size=1), 2000, torch.device("cpu"))


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def pixel(sheet, column, x, y):
    """Return the colour at coordinates of a panel whose axes go from -1.3 to 1.3."""
    # Panels have one width, and each begins behind the frame of the one before.
    frames = [i for i in range(sheet.width) if (np.asarray(sheet)[HEADER + 20 : HEADER + PANEL - 20, i].max() < 200)]
    left = frames[2 * column]
    place = (left + (x + 1.3) / 2.6 * PANEL, HEADER + (1.3 - y) / 2.6 * PANEL)
    return sheet.getpixel(tuple(round(value) for value in place))


def test_points_are_drawn_where_they_lie_over_the_real_ones(ring):
    real = ring["point"]
    made = torch.tensor([[1.0, 0.0], [0.0, 0.5], [0.0, 4.0], [float("nan"), 0.0]]).reshape(4, 2, 1, 1)
    sheet = draw_preview({"generated": made, "real": real}, ring, "caption")
    assert np.abs(np.subtract(pixel(sheet, 0, 1, 0), rgb(MADE))).max() < 40
    assert np.abs(np.subtract(pixel(sheet, 0, 0, 0.5), rgb(MADE))).max() < 40
    # The modes that were not made are seen in grey, and in the second panel in colour.
    for x, y in ((-1, 0), (0, 1), (0, -1)):
        assert np.abs(np.subtract(pixel(sheet, 0, x, y), rgb(REAL))).max() < 10
        assert np.abs(np.subtract(pixel(sheet, 1, x, y), rgb(MADE))).max() < 10
    assert pixel(sheet, 0, 0, 0) == pixel(sheet, 0, 0.6, 0.2) == (255, 255, 255)


def test_what_lies_outside_of_the_axes_is_counted(ring, monkeypatch):
    said = []
    monkeypatch.setattr("PIL.ImageDraw.ImageDraw.text", lambda self, place, text, **_: said.append(text))
    made = torch.tensor([[1.0, 0.0], [0.0, 4.0], [float("nan"), 0.0]]).reshape(3, 2, 1, 1)
    draw_scatter({"generated": made, "real": ring["point"]}, ring["point"], "ring, step 1")
    assert said[0] == "generated, 2 of 3 outside"
    assert "real" in said
    assert {"-1.3", "1.3", "ring, step 1"} < set(said)


def test_both_axes_span_the_same_around_what_is_not_centred(monkeypatch):
    said = []
    monkeypatch.setattr("PIL.ImageDraw.ImageDraw.text", lambda self, place, text, **_: said.append(text))
    real = torch.tensor([[100.0, 7.0], [110.0, 8.0]]).reshape(2, 2, 1, 1)
    draw_scatter({"real": real}, real, "")
    assert said == ["real", "99", "111", "13.5", "1.5", ""]
    draw_scatter({"one": real[:1]}, real[:1], "")
