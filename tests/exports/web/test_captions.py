"""The page asks models with words, and gives the pictures that Python gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import expect

import gantk


def test_words_give_the_picture_that_they_give_in_python(tab: Any, models: dict[str, Path]) -> None:
    page, model = tab.page, gantk.load(models["telling"])
    tab.open("telling")
    message = page.locator("#message")
    expect(message).to_have_text("This model takes a text caption, of words that it knows, such as red green blue.")
    page.fill("#seed", "7")
    page.get_by_label("caption").fill("rad")
    page.keyboard.press("Enter")
    expect(message).to_have_text("Caption: the model does not know its word: rad.")
    page.get_by_label("caption").fill("NAI\u0308VE, red!")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text("Sample 0 of seed 7")
    expect(message).to_be_hidden()
    page.wait_for_timeout(300)
    (wanted,) = model.generate(1, seed=7, caption="naïve red")
    assert np.array_equal(tab.pixels("#sample")[..., :3], np.asarray(wanted).astype(int))
    page.get_by_text("4 words, up to 3 at once").click()
    expect(page.get_by_text("red, green, blue, naïve")).to_be_visible()


def test_words_tint_a_picture_as_in_python(tab: Any, models: dict[str, Path], picture: Callable[..., Path]) -> None:
    page, source = tab.page, picture("RGB", 6, 4)
    tab.open("tinting")
    page.set_input_files("#file", source)
    expect(page.locator("#said")).to_contain_text("This model takes a text caption")
    page.get_by_label("caption").fill("blue")
    page.keyboard.press("Enter")
    page.locator("#save:enabled").wait_for()
    wanted = np.asarray(gantk.load(models["tinting"])(source, caption="blue")).astype(int)
    assert np.array_equal(tab.pixels("#after")[..., :3], wanted)
