"""The report of runs on loopback."""

import json
import shutil
import socket
import struct
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from gantk.errors import GantkError
from gantk.runs import watch
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.runs.watch import HOST, watching
from support.commands import refusal

CHROMIUM = shutil.which("chromium")

DATA = {
    "name": "mine",
    "kind": "images",
    "fingerprint": "0",
    "images": {"image": {"channels": 3, "dtype": "uint8", "window": [0, 255]}},
}


def shows(run: Run, step: int) -> None:
    Image.new("RGB", (40 + step, 30)).save(run.path / "previews" / f"{step:06d}.png")
    with (run.path / "scalars.jsonl").open("a") as file:
        file.write(json.dumps({"step": step, "generator/game": 1 / step}) + "\n")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "one")
    run.start(Config(plugins=["gan"], set={"steps": 100}), {"data": DATA, "command": ["gantk"]})
    (run.path / "previews").mkdir()
    shows(run, 4)
    return run


@pytest.fixture
def port(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server, which reads the run anew for each request."""
    monkeypatch.setattr(watch, "APART", 0.0)
    with watching([run]) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def asked(port: int, path: str, host: str = HOST) -> tuple[int, bytes]:
    connection = HTTPConnection(HOST, port)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_it_says_what_there_is_now(run, port):
    assert json.loads(asked(port, "/report.json")[1])["runs"][0]["previews"] == [4]
    shows(run, 8)
    (said,) = json.loads(asked(port, "/report.json")[1])["runs"]
    assert (said["step"], said["images"]) == (8, {"4": "0/4.png", "8": "0/8.png"})
    assert asked(port, "/0/8.png") == (200, (run.path / "previews" / "000008.png").read_bytes())
    assert b"const REPORT = {" in asked(port, "/")[1]


@pytest.mark.parametrize("path", ["/0/9.png", "/1/4.png", "/0/../config.yaml", "/config.yaml", "/0/000004.PNG"])
def test_nothing_else_is_read(port, path):
    assert asked(port, path)[0] == 404


def test_it_answers_to_names_of_loopback_alone(port):
    assert asked(port, "/", "localhost:1")[0] == 200
    assert asked(port, "/", "elsewhere.example")[0] == 403


def test_a_run_that_cannot_be_read_is_said(run, port):
    (run.path / "config.yaml").write_text("[")
    assert "config.yaml" in json.loads(asked(port, "/report.json")[1])["error"]


def test_who_leaves_before_the_answer_is_no_error(port, capfd):
    for said in (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET /"):
        for _ in range(5):
            with socket.create_connection((HOST, port)) as client:
                # Closed at once, with a reset.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sendall(said)
    assert asked(port, "/")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_one_line(run, port):
    with pytest.raises(GantkError, match=f"cannot listen on {HOST}:{port}: .*; say another --port"):
        watching([run], port)


def test_the_command_refuses_what_does_not_go_together(run):
    assert "leave out --out" in refusal("report", run.path, "--watch", "-o", "x.html", status=2)
    assert "say --watch" in refusal("report", run.path, "--port", "1", status=2)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_a_browser_sees_a_new_preview(run, port):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab, thrown = browser.new_page(), []
        tab.on("pageerror", lambda error: thrown.append(str(error)))
        tab.goto(f"http://{HOST}:{port}/")
        width = "document.getElementById('preview').naturalWidth"
        tab.wait_for_function(f"{width} === 44")
        # One preview needs no slider.
        assert not tab.locator("#place").is_visible()
        assert tab.inner_text("#only") == "step 4"
        shows(run, 8)
        tab.wait_for_function(f"{width} === 48")
        assert tab.locator("#place").is_visible()
        assert thrown == []
        browser.close()
