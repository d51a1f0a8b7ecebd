"""The page's examples: translated at once, drawn on, and where their colours go."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

Expected = Callable[..., Any]


def draw(page: Page, *points: tuple[float, float]) -> None:
    """Draw a line through points in shares of the canvas."""
    box = page.locator("#pad canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def test_the_first_example_is_translated_at_once_and_others_by_a_click(
    tab: Any, models: dict[str, Path], expected: Expected
) -> None:
    page, folder = tab.page, models["shown"].with_name("shown.examples")
    tab.open("shown")
    for number in (0, 1):
        example = page.get_by_role("button", name=f"Example {number + 1}")
        if number:
            example.click()
        expect(example).to_have_attribute("aria-pressed", "true")
        page.locator("#save:enabled").wait_for()
        assert np.abs(tab.pixels("#after") - expected("shown", folder / f"{number}.png")).max() <= 1
    # What another model is shown is no example of this one's.
    page.select_option("#model", "a_to_b")
    page.locator("#drop").wait_for()
    expect(page.locator("#examples")).to_be_hidden()


def test_drawings_have_the_colours_of_the_examples_and_begin_with_one(tab: Any, expected: Expected) -> None:
    page = tab.page
    tab.open("shown")
    page.locator("#save:enabled").wait_for()
    page.click("#draw-on")
    expect(page.locator("#said")).to_contain_text(re.compile("64 . 64 pixels"))
    on = tab.pixels("#before")
    assert tuple(on[4, 4, :3]) == (250, 220, 40)
    assert tuple(on[40, 30, :3]) == (30, 60, 200)
    page.click("#clear")
    page.check("#fills")
    draw(page, (0.2, 0.2), (0.8, 0.2), (0.8, 0.8))
    expect(page.locator("#said")).to_contain_text(re.compile("64 . 64 pixels"))
    page.wait_for_timeout(500)
    drawn = tab.pixels("#before")
    assert tuple(drawn[60, 4, :3]) == (30, 60, 200), "paper has the commonest colour"
    assert tuple(drawn[24, 44, :3]) == (250, 220, 40), "a shape is filled with the colour that is least like it"
    wanted = expected("shown", Image.fromarray(drawn.astype(np.uint8)))
    assert np.abs(tab.pixels("#after") - wanted).max() <= 1
    page.get_by_label("#468cc8").check()
    page.click("#flood")
    page.wait_for_timeout(500)
    assert {tuple(colour) for colour in tab.pixels("#before")[..., :3].reshape(-1, 3)} == {(70, 140, 200)}
    page.click("#undo")
    page.wait_for_timeout(500)
    assert np.array_equal(tab.pixels("#before"), drawn)
