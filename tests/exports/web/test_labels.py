"""The page takes label maps and several pictures, each in its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import expect

import gantk

Write = Callable[..., Path]


def test_a_label_map_and_two_pictures(tab: Any, picture: Write, models: dict[str, Path], tmp_path: Path) -> None:
    page, model = tab.page, gantk.load(models["blend"])
    values = np.random.default_rng(3).choice(np.array([7, 0, 255], np.uint8), (45, 30))
    Image.fromarray(values).save(tmp_path / "map.png")
    first, style = picture("RGB"), picture("RGB", 50, 20)
    tab.open("blend")
    expect(page.locator("#drop strong")).to_have_text("Drop a label map here (b)")
    expect(page.locator("#start-drawing")).to_be_hidden()
    assert page.locator("#legends li").all_inner_texts() == ["road (7)", "sky (0)", "nothing (255), ignored"]
    page.set_input_files("#file", tmp_path / "map.png")
    missing = "This model takes a picture for a and a picture for style besides: drop or choose one above."
    expect(page.locator("#said")).to_have_text(missing)
    palette = model.card.inputs[0].palette
    ids = np.searchsorted([0, 7, 255], values)
    shown = np.array([palette.colours[place] for place in (1, 0, 2)])[ids]
    assert np.array_equal(tab.pixels("#before")[..., :3], shown)
    page.get_by_label("a", exact=True).set_input_files(first)
    page.get_by_label("style", exact=True).set_input_files(style)
    page.locator("#save:enabled").wait_for()
    wanted = np.asarray(model(tmp_path / "map.png", a=first, style=style)).astype(int)
    assert np.abs(tab.pixels("#after")[..., :3] - wanted).max() <= 1
    Image.fromarray(np.ones_like(values)).save(tmp_path / "wrong.png")
    page.set_input_files("#file", tmp_path / "wrong.png")
    line = "wrong.png: a label map holds the value 1, which is no class; the nearest is 0 (sky)."
    expect(page.locator("#message")).to_have_text(line)
    for width in (1000, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")


def test_a_label_map_that_comes_out_is_shown_in_its_colours(
    tab: Any, picture: Write, expected: Callable[..., Any]
) -> None:
    tab.open("segment")
    tab.translate(picture())
    assert np.array_equal(tab.pixels("#after"), expected("segment", picture()))
