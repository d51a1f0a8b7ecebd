"""The page of `gantk app` in a real browser: it gives what ONNX Runtime gives in Python, and asks nobody else."""

import io
import re
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

import gantk
from gantk.engine.trained import Trained
from gantk_exports.app import write_app

Export = Callable[..., Path]
Array = np.ndarray[Any, Any]

CHROMIUM = shutil.which("chromium")
SAMPLE = Path(__file__).parents[2] / "exports" / "samples" / "html" / "index.html"
GRAPHS = ("generator", "encoder", "energy", "reconstruct")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")


class Quiet(SimpleHTTPRequestHandler):
    """A static server without a log."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def models(exported: Export, residual: Trained, drawn: Trained) -> dict[str, Path]:
    return {
        "a_to_b": exported("residual", residual),
        **{graph: exported(graph, drawn, graph=graph) for graph in GRAPHS},
    }


@pytest.fixture(scope="module")
def address(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a page with all models, and the sample page beside it; return its address."""
    folder = tmp_path_factory.mktemp("app") / "page"
    write_app({name: gantk.load(path) for name, path in models.items()}, folder, "Test")
    shutil.copyfile(SAMPLE, folder / "app.html")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A new tab; afterwards, nothing was asked of another server, and nothing was thrown."""
    page = browser.new_page()
    asked: list[str] = []
    thrown: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    page.close()
    assert asked
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
    assert thrown == []


def opened(page: Page, address: str, model: str) -> None:
    page.goto(f"{address}/#{model}")
    page.locator("main:visible").wait_for(timeout=60_000)


def shown(page: Page, canvas: str) -> Array:
    """Return the pixels (H, W, 4) of a canvas."""
    url = page.locator(canvas).evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("RGBA")).astype(int)


def expected(model: Path, image: Image.Image) -> Array:
    return np.asarray(gantk.load(model)(image).convert("RGBA")).astype(int)


def noise(mode: str, width: int = 30, height: int = 45) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    picture = Image.fromarray(values)
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(np.repeat(np.uint8([[0], [255], [255]]), 15, 0).repeat(30, 1)))
    return picture.convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_an_uploaded_picture_becomes_what_python_makes_of_it(
    page: Page, address: str, models: dict[str, Path], tmp_path: Path, mode: str
) -> None:
    picture = noise(mode)
    picture.save(tmp_path / "in.png")
    opened(page, address, "a_to_b")
    page.set_input_files("#file", tmp_path / "in.png")
    page.locator("#save:enabled").wait_for()
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "in-a_to_b.png"
    with Image.open(download.value.path()) as result:
        found = np.asarray(result.convert("RGBA")).astype(int)
    wanted = expected(models["a_to_b"], picture)
    assert np.array_equal(found[..., 3], wanted[..., 3])
    seen = wanted[..., 3] > 0
    assert np.abs(found - wanted)[seen].max() <= 1
    assert np.abs(shown(page, "#before") - np.asarray(picture.convert("RGBA")))[seen].max() <= 1


def test_a_model_of_one_size_takes_the_centre(
    page: Page, address: str, models: dict[str, Path], tmp_path: Path
) -> None:
    for width, height in ((3, 2), (9, 6)):
        noise("RGB", width, height).save(tmp_path / "in.png")
        opened(page, address, "reconstruct")
        page.set_input_files("#file", tmp_path / "in.png")
        page.locator("#save:enabled").wait_for()
        assert np.abs(shown(page, "#after") - expected(models["reconstruct"], noise("RGB", width, height))).max() <= 1
        page.reload()


def test_a_drawing_is_translated_and_taken_back(page: Page, address: str, models: dict[str, Path]) -> None:
    opened(page, address, "a_to_b")
    page.click("#start-drawing")
    expect(page.locator("#after")).to_be_visible()
    blank = shown(page, "#after")
    assert blank.min() == 255
    box = page.locator("#pad canvas").bounding_box()
    assert box
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
    drawn = shown(page, "#before")
    assert drawn.shape == (64, 64, 4)
    assert drawn[..., 0].min() == 0
    answer = shown(page, "#after")
    assert not np.array_equal(answer, blank)
    assert np.abs(answer - expected(models["a_to_b"], Image.fromarray(drawn.astype(np.uint8)))).max() <= 1
    page.click("#undo")
    page.click("#undo")
    page.wait_for_timeout(500)
    assert np.array_equal(shown(page, "#after"), blank)


def test_what_is_no_picture_is_named(page: Page, address: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    opened(page, address, "a_to_b")
    page.set_input_files("#file", tmp_path / "notes.txt")
    expect(page.locator("#message")).to_contain_text("notes.txt is not a picture that this browser can read")
    noise("RGB").save(tmp_path / "in.png")
    page.set_input_files("#file", tmp_path / "in.png")
    page.locator("#save:enabled").wait_for()
    expect(page.locator("#message")).to_be_hidden()


def test_another_model_may_be_chosen_while_one_runs(page: Page, address: str, tmp_path: Path) -> None:
    noise("RGB", 1000, 1000).save(tmp_path / "large.png")
    noise("RGB").save(tmp_path / "small.png")
    opened(page, address, "a_to_b")
    page.set_input_files("#file", tmp_path / "large.png")
    expect(page.locator("#compare")).to_be_visible()
    page.select_option("#model", "energy")
    page.locator("#numbers output").wait_for()
    page.select_option("#model", "a_to_b")
    page.locator("#compare:visible").wait_for()
    page.set_input_files("#file", tmp_path / "small.png")
    expect(page.locator("#said")).to_contain_text(re.compile("^30 . 45 pixels"))


def test_the_slider_moves_by_key_and_the_page_fits_a_phone(page: Page, address: str, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    noise("RGB", 400, 300).save(tmp_path / "in.png")
    opened(page, address, "a_to_b")
    page.set_input_files("#file", tmp_path / "in.png")
    page.locator("#save:enabled").wait_for()
    page.focus("#cut")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator("#compare").evaluate("figure => figure.style.getPropertyValue('--cut')") == "53%"
    for model in ("a_to_b", "generator", "encoder"):
        opened(page, address, model)
        assert page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")


def test_a_seed_gives_the_picture_that_it_gives_in_python(page: Page, address: str, models: dict[str, Path]) -> None:
    model = gantk.load(models["generator"])
    opened(page, address, "generator")
    page.fill("#seed", "7")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text("Sample 0 of seed 7")
    page.get_by_role("button", name="Sample 3").click()
    expect(page.locator("#made")).to_contain_text("Sample 3 of seed 7")
    (wanted,) = model.generate(1, seed=7, start=3)
    assert np.abs(shown(page, "#sample")[..., :3] - np.asarray(wanted).astype(int)).max() <= 1
    page.get_by_label("label").select_option("cow")
    page.wait_for_timeout(500)
    (cow,) = model.generate(1, seed=7, start=3, label="cow")
    before = shown(page, "#sample")
    assert np.abs(before[..., :3] - np.asarray(cow).astype(int)).max() <= 1
    page.click("summary")
    page.get_by_label("2", exact=True).fill("0.9")
    expect(page.locator("#made")).to_contain_text("changed by hand")
    assert not np.array_equal(shown(page, "#sample"), before)
    page.fill("#seed", "-1")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("A seed is a whole number")


def test_numbers_are_those_of_python(page: Page, address: str, models: dict[str, Path], tmp_path: Path) -> None:
    noise("RGB", 4, 4).save(tmp_path / "in.png")
    opened(page, address, "energy")
    page.set_input_files("#file", tmp_path / "in.png")
    found = float(page.locator("#numbers output").inner_text())
    assert found == pytest.approx(gantk.load(models["energy"]).score(tmp_path / "in.png"), rel=1e-3)
    page.select_option("#model", "encoder")
    page.locator("#numbers .bars").nth(1).wait_for()
    assert page.locator("#numbers h2").all_inner_texts() == ["mean", "variance"]
    assert page.locator("#numbers .bars span").count() == 6


def test_the_sample_page_translates_too(page: Page, address: str, models: dict[str, Path], tmp_path: Path) -> None:
    noise("RGB").save(tmp_path / "in.png")
    page.goto(f"{address}/app.html")
    expect(page.locator("output")).to_contain_text("Trained on photographs", timeout=60_000)
    page.set_input_files("input", tmp_path / "in.png")
    expect(page.locator("output")).to_have_text("Done.")
    assert np.abs(shown(page, "canvas") - expected(models["a_to_b"], noise("RGB"))).max() <= 1
