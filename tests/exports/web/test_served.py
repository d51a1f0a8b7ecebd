"""The page as `gantk serve` hands it out: it runs, threads included, under the policy that the server sends."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

import gantk
from gantk_exports.app import write_app
from gantk_exports.server.application import application
from gantk_exports.server.limits import Limits
from gantk_exports.server.listener import Server, listen
from gantk_exports.server.listener import address as address_of


@pytest.fixture(scope="module")
def address(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve all models and the page; return its address."""
    opened = {name: gantk.load(path, threads=1) for name, path in models.items()}
    folder, bound, started = tmp_path_factory.mktemp("served") / "page", listen("127.0.0.1", 0), Event()
    write_app(opened, folder, "Test")
    server = Server(application(opened, Limits(), page=folder), Limits(), log=False, started=started.set)
    thread = Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    assert started.wait(30)
    yield address_of(bound).rstrip("/")
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def complaints(tab: Any) -> list[str]:
    """What the browser's console says, such as of what a policy forbids."""
    said: list[str] = []
    tab.page.on("console", lambda message: said.append(message.text))
    return said


def test_the_page_runs_under_the_policy_of_the_server(
    tab: Any, picture: Callable[..., Path], expected: Callable[..., Any], complaints: list[str]
) -> None:
    source = picture("RGB")
    tab.open("a_to_b")
    tab.translate(source)
    assert tab.page.evaluate("crossOriginIsolated")
    assert np.abs(tab.pixels("#after") - expected("a_to_b", source)).max() <= 1
    tab.open("generator")
    tab.page.get_by_role("button", name="Sample 3").click()
    assert complaints == []


def test_the_documentation_has_its_style_and_asks_for_nothing(tab: Any, complaints: list[str]) -> None:
    tab.page.goto(f"{tab.address}/docs")
    assert tab.page.locator("body").evaluate("body => getComputedStyle(body).maxWidth") == "832px"
    assert complaints == []


def test_no_page_of_another_site_asks_or_frames(browser: Browser, address: str) -> None:
    """A page that is no page of this server: its requests are refused, and it sees nothing of an answer."""
    page = browser.new_page()
    page.set_content(f'<iframe src="{address}/docs"></iframe>')
    post = "fetch(url, {method: 'POST', body: 'x', mode: 'no-cors'}).then(answer => answer.type, () => 'failed')"
    assert page.evaluate(f"url => {post}", f"{address}/v1/models/generator/generate") in ("opaque", "failed")
    assert "curl" not in page.frames[-1].content()
    page.close()
