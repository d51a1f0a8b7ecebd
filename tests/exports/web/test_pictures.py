"""The page's view of pictures: it gives what ONNX Runtime gives in Python, and says what it cannot do."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import gantk

Array = np.ndarray[Any, Any]
Write = Callable[..., Path]
Expected = Callable[..., Array]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_an_uploaded_picture_becomes_what_python_makes_of_it(
    tab: Any, picture: Write, expected: Expected, mode: str
) -> None:
    source = picture(mode)
    tab.open("a_to_b")
    expect(tab.page.locator("#credits p")).to_have_text(["CC0-1.0: Ada, Bén"])
    tab.translate(source)
    with tab.page.expect_download() as download:
        tab.page.click("#save")
    assert download.value.suggested_filename == f"{source.stem}-a_to_b.png"
    with Image.open(download.value.path()) as result:
        found = np.asarray(result.convert("RGBA")).astype(int)
    wanted = expected("a_to_b", source)
    assert np.array_equal(found[..., 3], wanted[..., 3])
    seen = wanted[..., 3] > 0
    assert np.abs(found - wanted)[seen].max() <= 1
    with Image.open(source) as given:
        assert np.abs(tab.pixels("#before") - np.asarray(given.convert("RGBA")))[seen].max() <= 1


def test_a_model_of_one_size_takes_the_centre(tab: Any, picture: Write, expected: Expected) -> None:
    for width, height in ((3, 2), (9, 6)):
        source = picture("RGB", width, height)
        tab.open("reconstruct")
        tab.translate(source)
        assert np.abs(tab.pixels("#after") - expected("reconstruct", source)).max() <= 1
        tab.page.reload()


def test_a_drawing_is_translated_and_taken_back(tab: Any, expected: Expected) -> None:
    page = tab.page
    tab.open("a_to_b")
    page.click("#start-drawing")
    expect(page.locator("#after")).to_be_visible()
    blank = tab.pixels("#after")
    assert blank.min() == 255
    box = page.locator("#pad canvas").bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.7 * box["height"], steps=5)
    page.mouse.up()
    # As the keys draw: the pen is lowered, moved, lifted.
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(page.locator("#said")).to_contain_text(re.compile("64 . 64 pixels"))
    page.wait_for_timeout(500)
    drawn = tab.pixels("#before")
    assert drawn.shape == (64, 64, 4)
    assert drawn[..., 0].min() == 0
    answer = tab.pixels("#after")
    assert not np.array_equal(answer, blank)
    assert np.abs(answer - expected("a_to_b", Image.fromarray(drawn.astype(np.uint8)))).max() <= 1
    page.click("#undo")
    page.click("#undo")
    page.wait_for_timeout(500)
    assert np.array_equal(tab.pixels("#after"), blank)


def test_what_is_no_picture_is_named(tab: Any, picture: Write, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    tab.open("a_to_b")
    tab.page.set_input_files("#file", tmp_path / "notes.txt")
    expect(tab.page.locator("#message")).to_contain_text("notes.txt is not a picture that this browser can read")
    tab.translate(picture())
    expect(tab.page.locator("#message")).to_be_hidden()


def test_another_model_may_be_chosen_while_one_runs(tab: Any, picture: Write) -> None:
    page = tab.page
    tab.open("a_to_b")
    page.set_input_files("#file", picture("RGB", 1000, 1000))
    expect(page.locator("#compare")).to_be_visible()
    page.select_option("#model", "energy")
    page.locator("#numbers output").wait_for()
    page.select_option("#model", "a_to_b")
    page.locator("#compare:visible").wait_for()
    page.set_input_files("#file", picture())
    expect(page.locator("#said")).to_contain_text(re.compile("^30 . 45 pixels"))


@pytest.mark.parametrize("reading", [1, 2])
def test_a_picture_that_is_read_slowly_gives_way_to_one_that_was_chosen_after_it(
    tab: Any, picture: Write, reading: int
) -> None:
    """A large picture is read whole first, then once more at a smaller size."""
    page = tab.page
    page.add_init_script(
        """const quick = createImageBitmap;
        window.begun = 0;
        window.createImageBitmap = async (...asked) => {
          const read = await quick(...asked);
          if (read.width === 1000) {
            window.begun += 1;
            await new Promise((go) => setTimeout(go, 500));
          }
          return read;
        };"""
    )
    tab.open("a_to_b")
    page.set_input_files("#file", picture("RGB", 1000, 1000))
    page.wait_for_function("number => window.begun === number", arg=reading)
    page.set_input_files("#file", picture())
    expect(page.locator("#said")).to_contain_text(re.compile("^30 . 45 pixels"))
    page.wait_for_timeout(1000)
    assert tab.pixels("#before").shape[:2] == (45, 30)


def test_the_slider_moves_by_key_and_the_page_fits_a_phone(tab: Any, picture: Write) -> None:
    page = tab.page
    page.set_viewport_size({"width": 360, "height": 740})
    tab.open("a_to_b")
    tab.translate(picture("RGB", 400, 300))
    page.focus("#cut")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator("#compare").evaluate("figure => figure.style.getPropertyValue('--cut')") == "53%"
    for model in ("a_to_b", "generator", "encoder"):
        tab.open(model)
        assert page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")


def test_the_sample_page_translates_too(tab: Any, picture: Write, expected: Expected) -> None:
    source = picture()
    tab.page.goto(f"{tab.address}/app.html")
    expect(tab.page.locator("output")).to_contain_text("Trained on photographs", timeout=60_000)
    tab.page.set_input_files("input", source)
    expect(tab.page.locator("output")).to_have_text("Done.")
    assert np.abs(tab.pixels("canvas") - expected("a_to_b", source)).max() <= 1


def test_a_model_that_draws_gives_another_answer_for_each_seed(
    tab: Any, picture: Write, models: dict[str, Path]
) -> None:
    source, model, page = picture("RGB"), gantk.load(models["answering"]), tab.page
    tab.open("a_to_b")
    tab.translate(source)
    expect(page.locator("#again")).to_be_hidden()
    tab.open("answering")
    tab.translate(source)
    for seed in (0, 1, 2):
        expect(page.locator("#said")).to_contain_text(f"Seed {seed}: ")
        answer = np.asarray(model(source, seed=seed)).astype(int)
        assert np.abs(tab.pixels("#after")[..., :3] - answer).max() <= 1
        page.get_by_role("button", name="Another answer").click()


def test_further_inputs_have_controls(tab: Any, picture: Write, models: dict[str, Path]) -> None:
    source, model, page = picture("RGB"), gantk.load(models["blending"]), tab.page
    tab.open("blending")
    tab.translate(source)
    plain = np.asarray(model(source, domain="plain")).astype(int)
    assert np.abs(tab.pixels("#after")[..., :3] - plain).max() <= 1
    page.get_by_label("domain").select_option("bright")
    page.get_by_label("share").fill("0.25")
    page.wait_for_timeout(500)
    expected = np.asarray(model(source, domain="bright", share=0.25)).astype(int)
    assert np.abs(tab.pixels("#after")[..., :3] - expected).max() <= 1
    assert tab.pixels("#after").shape == (90, 60, 4)
    # It makes pictures twice as large, so it is first shown what is half as large as for others.
    page.set_input_files("#file", picture("RGB", 400, 300))
    expect(page.locator("#said")).to_contain_text(re.compile("^256 . 192 pixels .* It was made smaller"))
