"""`gantk serve` as a process: its one line, its end, and what it says when it cannot start."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from gantk import load
from gantk.install_lines import extra_line
from gantk_exports.serve import _page

Launch = Callable[..., tuple[subprocess.Popen[str], str]]


def sent(url: httpx.URL, side: int) -> http.client.HTTPConnection:
    """Return a connection on which a picture was sent, and nothing received yet."""
    file = BytesIO()
    Image.new("RGB", (side, side)).save(file, "PNG")
    connection = http.client.HTTPConnection(url.host, url.port, timeout=60)
    connection.request("POST", "/v1/models/a_to_b/translate", file.getvalue(), {"Content-Type": "image/png"})
    return connection


def refused(url: str) -> bool:
    """Return whether new connections are refused, within some seconds."""
    for _ in range(100):
        try:
            httpx.get(f"{url}healthz", trust_env=False)
        except httpx.TransportError:
            return True
        time.sleep(0.05)
    return False


def renamed(path: Path, folder: Path) -> Path:
    return Path(shutil.copy(path, folder / "a_to_b.onnx"))


def test_sigterm_lets_requests_in_work_finish(launch: Launch, models: dict[str, Path], tmp_path: Path) -> None:
    model = renamed(models["a_to_b"], tmp_path)
    process, url = launch(model, "--port", "0", "--no-page", "--threads", "1", "--log", "--grace", "60")
    connections = [sent(httpx.URL(url), side) for side in (1100, 1100, 1104)]
    # Its answer says that what was sent before has arrived.
    assert httpx.get(f"{url}healthz", trust_env=False).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert refused(url)
    assert process.poll() is None
    assert [connection.getresponse().status for connection in connections] == [200, 200, 200]
    for connection in connections:
        connection.close()
    said, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, "")
    assert said.count('"POST /v1/models/a_to_b/translate HTTP/1.1" 200') == 3


def test_one_line_says_what_is_served_and_where(launch: Launch, models: dict[str, Path], tmp_path: Path) -> None:
    model, environment = renamed(models["a_to_b"], tmp_path), {**os.environ, "GANTK_TOKEN": "secret"}
    process, url = launch(model, models["energy"], "--port", "0", env=environment)
    assert url.startswith("http://127.0.0.1:")
    assert httpx.get(f"{url}v1/models", trust_env=False).status_code == 401
    headers = {"Authorization": "Bearer secret"}
    listed = httpx.get(f"{url}v1/models", headers=headers, trust_env=False).json()["models"]
    assert [model["name"] for model in listed] == ["a_to_b", "energy.uint8"]
    assert httpx.get(url, trust_env=False).status_code == 404
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == (
        "takes images of up to 33.6 megapixels and 16 MB, 60 s a request; answers to 127.0.0.1, localhost\n"
    )
    assert process.communicate(timeout=30) == ("", "stopped\n")
    assert process.returncode == 130


def test_an_empty_token_is_no_open_door(launch: Launch, models: dict[str, Path]) -> None:
    process, _ = launch(models["a_to_b"], "--port", "0", env={**os.environ, "GANTK_TOKEN": ""})
    _, complaints = process.communicate(timeout=30)
    assert (process.returncode, "the token is empty" in complaints) == (2, True), complaints


def test_a_port_in_use_is_one_line(launch: Launch, models: dict[str, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process, _ = launch(models["a_to_b"], "--port", port, "--no-page")
        said, complaints = process.communicate(timeout=30)
    assert (process.returncode, said) == (1, "")
    assert complaints == (
        f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use; choose another --port or --host\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["none.onnx"], 1, "none.onnx: no such file"),
        (["."], 2, ".: holds no models"),
        (["none.onnx", "--token", " "], 2, "the token is empty"),
    ],
)
def test_what_cannot_be_served_is_said(
    launch: Launch, tmp_path: Path, arguments: list[str], status: int, line: str
) -> None:
    process, _ = launch(*arguments, cwd=tmp_path)
    _, complaints = process.communicate(timeout=30)
    assert (process.returncode, line in complaints) == (status, True), complaints


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn", "python_multipart"])
def test_without_the_extra_the_command_says_what_to_install(missing: str, models: dict[str, Path]) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; from gantk.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "serve"]
    done = subprocess.run([*command, str(models["a_to_b"])], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert extra_line("serve") in done.stderr
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False, timeout=60)
    assert (shown.returncode, "gantk serve runs/cyclegan-emoji" in shown.stdout) == (0, True)


def test_no_torch_is_loaded(models: dict[str, Path]) -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import gantk, gantk_exports.serve, gantk_exports.server.listener\n"
        "from gantk_exports.server.application import application\n"
        "from gantk_exports.server.limits import Limits\n"
        "print(application({'a_to_b': gantk.load(sys.argv[1])}, Limits()).openapi()['info']['title'])"
    )
    command = [sys.executable, "-c", program, str(models["a_to_b"])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "gantk\n"), done.stderr


def test_models_that_no_browser_can_run_are_served_without_a_page(
    models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _page({"deep": load(models["deep"])}, tmp_path / "page") is None
    assert capsys.readouterr().err.startswith("no page at /: ")
