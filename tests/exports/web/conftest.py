"""The page of `gantk app`, served on loopback and open in a real browser; it asks nobody else for anything."""

import io
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
from playwright.sync_api import Browser, Page, sync_playwright

import gantk
from gantk.training.trained import Trained
from gantk_exports.app import write_app
from support.telling import write_answering, write_telling, write_tinting

Export = Callable[..., Path]
Array = np.ndarray[Any, Any]

CHROMIUM = shutil.which("chromium")
SAMPLE = Path(__file__).parents[3] / "exports" / "samples" / "html" / "index.html"
BLUE, YELLOW = (30, 60, 200), (250, 220, 40)
GRAPHS = ("generator", "encoder", "energy", "reconstruct")


class Tab:
    """A tab of the browser, in which the page is opened with one model after another."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, model: str) -> None:
        self.page.goto(f"{self.address}/#{model}")
        self.page.locator("main:visible").wait_for(timeout=60_000)

    def translate(self, picture: Path) -> None:
        self.page.set_input_files("#file", picture)
        self.page.locator("#save:enabled").wait_for()

    def pixels(self, canvas: str) -> Array:
        """Return the pixels (H, W, 4) of a canvas."""
        url = self.page.locator(canvas).evaluate("canvas => canvas.toDataURL()")
        return np.asarray(Image.open(io.BytesIO(b64decode(url.partition(",")[2]))).convert("RGBA")).astype(int)


class Quiet(SimpleHTTPRequestHandler):
    """A static server without a log."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def models(
    exported: Export,
    residual: Trained,
    drawn: Trained,
    labelling: Trained,
    blending: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    return {
        "a_to_b": exported("residual", residual),
        "shown": with_examples(exported("residual", residual), tmp_path_factory.mktemp("shown")),
        "blending": blending(style=False),
        "telling": write_telling(tmp_path_factory.mktemp("told") / "telling.onnx"),
        "answering": write_answering(tmp_path_factory.mktemp("answering") / "answering.onnx"),
        "tinting": write_tinting(tmp_path_factory.mktemp("told") / "tinting.onnx"),
        **{graph: exported(graph, labelling, graph=graph) for graph in ("blend", "segment")},
        **{graph: exported(graph, drawn, graph=graph) for graph in GRAPHS},
    }


def with_examples(model: Path, folder: Path) -> Path:
    """Return a copy of a model with two examples, whose commonest colours are a blue and, far from it, a yellow."""
    copy = folder / "shown.onnx"
    copy.write_bytes(model.read_bytes())
    (folder / "shown.examples").mkdir()
    for number, side in enumerate((12, 20)):
        values = np.full((40, 40, 3), BLUE, np.uint8)
        values[:side, :side] = YELLOW
        values[-side // 4 :, -side // 4 :] = (70, 140, 200)
        Image.fromarray(values).save(folder / "shown.examples" / f"{number}.png")
    return copy


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
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *camera])
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Tab]:
    """A new tab; afterwards, nothing was asked of another server, and nothing was thrown."""
    page = browser.new_page()
    asked: list[str] = []
    thrown: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield Tab(page, address)
    page.close()
    assert asked
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
    assert thrown == []


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes a picture of noise; one in RGBA is transparent in its upper third."""

    def write(mode: str = "RGB", width: int = 30, height: int = 45) -> Path:
        values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        noise = Image.fromarray(values)
        if mode == "RGBA":
            opacity = np.full((height, width), 255, np.uint8)
            opacity[: height // 3] = 0
            noise.putalpha(Image.fromarray(opacity))
        path = tmp_path / f"{width}x{height}-{mode}.png"
        noise.convert(mode).save(path)
        return path

    return write


@pytest.fixture(scope="module")
def expected(models: dict[str, Path]) -> Callable[..., Array]:
    """Return what gives a model's answer to a picture in Python, as RGBA."""
    return lambda name, image: np.asarray(gantk.load(models[name])(image).convert("RGBA")).astype(int)
