"""The page's views of generators, encoders and scores: the pictures and numbers that Python gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import gantk

Write = Callable[..., Path]


def test_a_seed_gives_the_picture_that_it_gives_in_python(tab: Any, models: dict[str, Path]) -> None:
    model, page = gantk.load(models["generator"]), tab.page
    tab.open("generator")
    page.fill("#seed", "7")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text("Sample 0 of seed 7")
    page.get_by_role("button", name="Sample 3").click()
    expect(page.locator("#made")).to_contain_text("Sample 3 of seed 7")
    (wanted,) = model.generate(1, seed=7, start=3)
    assert np.abs(tab.pixels("#sample")[..., :3] - np.asarray(wanted).astype(int)).max() <= 1
    page.get_by_label("label").select_option("cow")
    page.wait_for_timeout(500)
    (cow,) = model.generate(1, seed=7, start=3, label="cow")
    before = tab.pixels("#sample")
    assert np.abs(before[..., :3] - np.asarray(cow).astype(int)).max() <= 1
    page.click("#inputs summary")
    page.get_by_label("2", exact=True).fill("0.9")
    expect(page.locator("#made")).to_contain_text("changed by hand")
    assert not np.array_equal(tab.pixels("#sample"), before)
    page.fill("#seed", "-1")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("A seed is a whole number")


def test_numbers_are_those_of_python(tab: Any, picture: Write, models: dict[str, Path]) -> None:
    source, page = picture("RGB", 4, 4), tab.page
    tab.open("energy")
    page.set_input_files("#file", source)
    found = float(page.locator("#numbers output").inner_text())
    assert found == pytest.approx(gantk.load(models["energy"]).score(source), rel=1e-3)
    page.select_option("#model", "encoder")
    page.locator("#numbers .bars").nth(1).wait_for()
    assert page.locator("#numbers h2").all_inner_texts() == ["mean", "variance"]
    assert page.locator("#numbers .bars span").count() == 6
