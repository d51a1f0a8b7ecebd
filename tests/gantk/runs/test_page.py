"""The page of a run: what its script says, and what a browser shows of it."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from gantk.runs import page
from gantk.runs.config import Config
from gantk.runs.page import Page
from gantk.runs.run import Run
from gantk.text import link

CHROMIUM = shutil.which("chromium")

DATA = {
    "name": "mine",
    "kind": "images",
    "summary": "mine: 9 <images>",
    "fingerprint": "0",
    "images": {"image": {"channels": 3, "dtype": "uint8", "window": [0, 255]}},
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with a name that is quoted, as it was after step 8."""
    run = Run(tmp_path / "Ada's ü <b> run")
    run.start(Config(plugins=["gan"]), {"data": DATA, "command": ["/bin/gantk", "train", "--plugin", "a b"]})
    (run.path / "previews").mkdir()
    for step in (4, 8, 16):
        write_preview(run, step)
    (run.path / "previews" / ".half-000032.png").write_bytes(b"")
    (run.path / "scalars.jsonl").write_text('{"step": 4, "generator/game": 0.5}\n{"step": 8, "generator/game": 0.25}\n')
    return run


def write_preview(run: Run, step: int) -> None:
    Image.new("RGB", (40 + step, 30)).save(run.path / "previews" / f"{step:06d}.png")


def said(run: Run) -> dict:
    text = (run.path / "page.js").read_text("ascii")
    assert text.startswith("show(")
    assert text.endswith(")\n")
    return json.loads(text[5:-2])


def test_the_page_says_what_is_trained_and_what_was_before(run):
    Page(run, 8, 100)
    found = said(run)
    assert (found["name"], found["data"]) == ("Ada's ü <b> run", "mine: 9 <images>")
    assert found["command"] == "gantk train --plugin 'a b'"
    assert (found["step"], found["total"], found["state"]) == (8, 100, "training")
    # What lies there of later steps is of before it went back.
    assert found["previews"] == [4, 8]
    assert found["curves"] == {"steps": [4, 8], "values": {"generator/game": [0.5, 0.25]}}


def test_the_page_is_renewed_by_a_preview_every_few_seconds_and_at_the_end(run, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(page.time, "time", lambda: now[0])
    shown = Page(run, 8, 100)
    shown.log(12, {"generator/game": 0.125})
    shown.advance(12)
    assert said(run)["step"] == 8
    now[0] += page.EVERY
    shown.advance(13)
    assert (said(run)["step"], said(run)["curves"]["steps"]) == (13, [4, 8, 12])
    shown.advance(16)
    shown.show(16)
    assert (said(run)["step"], said(run)["previews"]) == (16, [4, 8, 16])
    shown.end("stopped", "a loss\nbecame NaN")
    assert (said(run)["state"], said(run)["why"]) == ("stopped", r"a loss\nbecame NaN")


def test_another_program_is_shown_as_it_was_called(run):
    facts = json.loads((run.path / "manifest.json").read_text())
    for command, shown in ((["my training.py", "-x"], "'my training.py' -x"), ("train", ""), ([], "")):
        run.write_manifest({**facts, "command": command})
        Page(run, 0, 1)
        assert said(run)["command"] == shown


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_a_browser_shows_the_page_from_the_disk_and_renews_it(run, browser):
    shown = Page(run, 8, 100)
    tab, thrown = browser.new_page(), []
    tab.on("pageerror", lambda error: thrown.append(str(error)))
    tab.goto(link(shown.path))
    width = "document.getElementById('preview').naturalWidth"
    tab.wait_for_function(f"{width} === 48")
    assert tab.inner_text("h1") == "Ada's ü <b> run"
    assert tab.inner_text("#state") == "step 8 of 100"
    assert tab.locator("#curves svg").count() == 1
    # Who looks back is left there; who looks at the newest sees the next.
    tab.fill("#place", "0")
    tab.wait_for_function(f"{width} === 44")
    shown.advance(16)
    shown.show(16)
    tab.wait_for_function("document.getElementById('place').max === '2'")
    assert tab.inner_text("#step") == "step 4"
    tab.fill("#place", "2")
    write_preview(run, 32)
    shown.advance(32)
    shown.show(32)
    tab.wait_for_function(f"{width} === 72")
    shown.advance(100)
    shown.end("trained")
    tab.get_by_text("gantk export").wait_for()
    assert tab.inner_text("#state") == "step 100 of 100 · trained"
    folder = str(run.path).replace("'", "'\"'\"'")
    assert tab.locator("#next code").all_inner_texts() == [f"gantk evaluate '{folder}'", f"gantk export '{folder}'"]
    assert tab.evaluate("document.body.scrollWidth <= document.documentElement.clientWidth")
    assert thrown == []
    tab.close()


def test_a_browser_shows_scores_rates_and_the_preview_in_full_size(run, browser):
    (run.path / "scalars.jsonl").write_text(
        '{"step": 4, "game": 0.5, "rate/generator": 2e-4}\n{"step": 8, "game": 0.25, "rate/generator": 1e-4}\n'
    )
    record = {"metric": "kid", "name": "kid", "better": "lower", "data": {"fingerprint": "0"}}
    lines = [json.dumps(record | {"step": step, "value": value}) for step, value in ((4, 0.5), (8, 0.125))]
    (run.path / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    tab = browser.new_page(viewport={"width": 390, "height": 800})
    tab.goto(link(Page(run, 8, 100).path))
    tab.locator("#scores svg").wait_for()
    assert tab.inner_text("#scores figure").split("\n") == ["kid", "0.125", "0.125 to 0.5"]
    assert tab.inner_text("#pace figure").split("\n")[:2] == ["rate generator", "0.0001"]
    assert tab.locator("#curves figure").count() == 1
    tab.click("#preview")
    tab.wait_for_function("document.querySelector('#full img').naturalWidth === 48")
    assert tab.locator("#full").is_visible()
    tab.click("#full button")
    assert not tab.locator("#full").is_visible()
    assert tab.evaluate("document.body.scrollWidth <= document.documentElement.clientWidth")
    tab.close()


def test_a_training_that_says_nothing_any_more_is_told(run, browser, monkeypatch):
    then = time.time() - 600
    monkeypatch.setattr(page.time, "time", lambda: then)
    Page(run, 8, 100)
    tab = browser.new_page()
    tab.goto(link(run.path / page.NAME))
    tab.get_by_text("no news for 10 min: if nothing trains it any more, go on with: gantk train --resume").wait_for()
    tab.close()


def test_the_page_is_whole_at_every_moment(run):
    shown = Page(run, 8, 100)
    before = (run.path / "page.js").stat().st_ino
    shown.show(16)
    assert (run.path / "page.js").stat().st_ino != before
    assert not [path for path in run.path.iterdir() if path.name.startswith(".") and path.name != ".lock"]
