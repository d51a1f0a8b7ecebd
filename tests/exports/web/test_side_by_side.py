"""Several models on the page's picture, a picture from the camera, and how far the page's loading is."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import expect

from gantk_exports.app import onnxruntime_folder

Write = Callable[..., Path]


def test_other_models_translate_the_same_picture(tab: Any, picture: Write, expected: Callable[..., Any]) -> None:
    page, source = tab.page, picture("RGB", 50, 40)
    tab.open("a_to_b")
    tab.translate(picture())
    # Those that must be told more, or do not translate pictures, are not among them.
    assert page.locator("#beside label").all_inner_texts() == ["shown", "answering", "segment", "reconstruct"]
    for name in ("shown", "segment"):
        page.get_by_role("checkbox", name=name).check()
    for translated in (picture(), source):
        tab.translate(translated)
        expect(page.locator("#beside-results figcaption")).to_have_text(["shown", "segment"])
        page.wait_for_timeout(1000)
        for number, name in enumerate(("shown", "segment")):
            found = tab.pixels(f"#beside-results figure:nth-of-type({number + 1}) canvas")
            assert np.abs(found - expected(name, translated)).max() <= 1
    page.get_by_role("checkbox", name="segment").uncheck()
    assert page.locator("#beside-results figcaption").all_inner_texts() == ["shown"]
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")
    # The model that the page shows is not beside itself.
    page.select_option("#model", "shown")
    page.get_by_role("checkbox", name="a_to_b").wait_for()
    expect(page.locator("#beside-results figure")).to_have_count(0)


def test_a_picture_comes_from_the_camera(tab: Any, expected: Callable[..., Any]) -> None:
    page = tab.page
    tab.open("reconstruct")
    page.locator("#drop .camera").click()
    expect(page.locator("video")).to_have_js_property("videoWidth", 640)
    running = "document.querySelector('video').srcObject !== null"
    assert page.evaluate(running)
    page.get_by_role("button", name="Take the picture").click()
    page.locator("#save:enabled").wait_for()
    assert tab.pixels("#before").std() > 10
    assert not page.evaluate(running), "the camera is off once there is a picture"
    page.locator("#tools .camera").click()
    expect(page.locator("#viewfinder")).to_be_visible()
    page.select_option("#model", "generator")
    expect(page.locator("#viewfinder")).to_be_hidden()
    assert not page.evaluate(running)


def test_the_bytes_of_onnxruntime_and_of_the_model_are_counted(tab: Any, models: dict[str, Path]) -> None:
    page = tab.page
    page.add_init_script("""addEventListener("DOMContentLoaded", () => {
        const note = document.querySelector("#loading span");
        window.told = [];
        new MutationObserver(() => window.told.push(note.textContent)).observe(note, { childList: true });
    })""")
    tab.open("a_to_b")
    # The line for a page that was opened as a file.
    expect(page.locator("#unserved")).to_have_count(0)
    told = page.evaluate("told")
    runtime = (onnxruntime_folder() / "ort-wasm-simd-threaded.wasm").stat().st_size
    whole = f"{(runtime + models['a_to_b'].stat().st_size) / 1e6:.1f}"
    found = [re.fullmatch(r"Loading: ([\d.]+) MB of ([\d.]+) MB", text) for text in told[:-1]]
    assert {match[2] for match in found if match} == {whole}
    loaded = [float(match[1]) for match in found if match]
    assert loaded[0] == 0
    assert loaded == sorted(loaded)
    assert len(set(loaded)) > 2
    assert told[-1] == "Starting ONNX Runtime"
