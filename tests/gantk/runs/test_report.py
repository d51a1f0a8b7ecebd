"""The report of runs: one file that reads nothing else."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from safetensors.numpy import save_file

from gantk.runs.config import Config
from gantk.runs.report import MOST, networks, report
from gantk.runs.run import Run
from gantk.text import link
from support.commands import invoke, refusal

CHROMIUM = shutil.which("chromium")

DATA = {
    "name": "mine",
    "kind": "images",
    "summary": "mine: 9 </script><b>images",
    "fingerprint": "0",
    "images": {"image": {"channels": 3, "dtype": "uint8", "window": [0, 255]}},
}


def make(path: Path, steps: range, rate: float) -> Run:
    """A run with previews of these steps, losses, a score and a checkpoint."""
    run = Run(path)
    run.start(Config(plugins=["gan"], set={"steps": 100, "learning_rate": rate}), {"data": DATA, "command": ["gantk"]})
    (path / "previews").mkdir()
    lines = []
    for step in steps:
        Image.new("RGB", (40 + step, 30)).save(path / "previews" / f"{step:06d}.png")
        lines.append(json.dumps({"step": step, "generator/game": 1 / step}))
    (path / "scalars.jsonl").write_text("\n".join(lines))
    record = {"metric": "kid", "name": "kid", "better": "lower", "data": {"fingerprint": "0"}, "step": 4, "value": rate}
    (path / "metrics.jsonl").write_text(json.dumps(record) + "\n")
    folder = path / "checkpoints" / "000004"
    folder.mkdir(parents=True)
    weights = {"0.weight": np.zeros((3, 5), np.float32), "1.running_mean": np.zeros(7, np.float32)}
    for name in ("generator", "optimizers", "statistics", "recipe-0", "random-0"):
        save_file(weights, folder / f"{name}.safetensors")
    return run


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return [make(tmp_path / "one <b>", range(2, 9, 2), 0.5), make(tmp_path / "two", range(1, 60), 0.25)]


def said(page: str) -> dict:
    """What a report's script is given."""
    (line,) = (line for line in page.splitlines() if line.startswith("const REPORT = "))
    return json.loads(line.removeprefix("const REPORT = ").removesuffix("; // what gantk report puts here"))


def test_networks_are_those_of_the_newest_checkpoint_without_statistics(runs):
    assert list(networks(runs[0])) == [["generator", "15", "232 B"]]


def test_a_report_holds_the_run_and_no_text_can_leave_its_script(runs):
    page = report(runs[:1])
    assert page.count("</script>") == 1
    (run,) = said(page)["runs"]
    assert (run["name"], run["state"], run["step"], run["total"]) == ("one <b>", "stopped", 8, 100)
    assert run["scores"] == {"kid": [[4, 0.5]]}
    tables = {table["title"]: table["rows"] for table in said(page)["tables"]}
    assert tables["Data"][0] == ["name", "mine"]
    assert ["learning_rate", "0.5"] in tables["Settings"]
    assert tables["Newest scores"] == [["kid", "0.5 at step 4", "lower"]]


def test_many_previews_are_thinned_the_first_and_the_last_kept(runs):
    (run,) = said(report(runs[1:]))["runs"]
    steps = run["previews"]
    assert (len(steps), steps[0], steps[-1]) == (MOST, 1, 59)
    assert set(run["images"]) == {str(step) for step in steps}
    assert run["images"]["59"].startswith("data:image/png;base64,")


def test_several_runs_say_what_differs(runs):
    tables = {table["title"]: table["rows"] for table in said(report(runs))["tables"]}
    assert tables["Settings that differ"] == [["learning_rate", "0.5", "0.25"]]
    assert tables["Newest scores"] == [["kid", "0.5 at step 4", "0.25 at step 4", "lower"]]
    # What is the same stands there once.
    assert sum(title.startswith("Data") for title in tables) == 1


def test_the_command_says_where_the_page_is(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "report.html" in invoke("report", runs[0].path)
    assert (runs[0].path / "report.html").is_file()
    invoke("report", *(run.path for run in runs))
    assert (tmp_path / "report.html").is_file()
    assert "is not a run" in refusal("report", tmp_path, status=2)
    assert "cannot write" in refusal("report", runs[0].path, "-o", runs[0].path / "config.yaml" / "x.html")


def test_a_preview_that_is_damaged_is_one_line(runs):
    path = runs[0].path / "previews" / "000002.png"
    path.write_bytes(b"no picture")
    assert f"cannot read {path}" in refusal("report", runs[0].path)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [390, 1200])
def test_a_browser_shows_runs_side_by_side_and_asks_nobody(runs, tmp_path, browser, width):
    path = tmp_path / "both.html"
    path.write_text(report(runs), "utf-8")
    tab, asked, thrown = browser.new_page(viewport={"width": width, "height": 800}), [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: thrown.append(str(error)))
    tab.goto(link(path))
    tab.wait_for_function("document.querySelectorAll('#sheets img')[1].naturalWidth === 99")
    assert [url for url in asked if not url.startswith("data:")] == [link(path)]
    assert tab.locator("#legend li").all_inner_texts() == [
        "one <b>: step 8 of 100 · stopped", "two: step 59 of 100 · stopped",
    ]  # fmt: skip
    assert tab.locator("#curves path").count() == 2
    tab.fill("#place", "0")
    tab.wait_for_function("document.querySelectorAll('#sheets img')[1].naturalWidth === 41")
    # The first run has no preview that early.
    assert [link.is_visible() for link in tab.locator("#sheets a").all()] == [False, True]
    assert tab.evaluate("document.body.scrollWidth <= document.documentElement.clientWidth")
    narrow = "[...document.querySelectorAll('td')].filter(cell => cell.textContent && cell.clientWidth < 40).length"
    assert tab.evaluate(narrow) == 0
    assert thrown == []
    tab.close()
