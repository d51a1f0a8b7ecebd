"""Servers on free ports: of all tiny models, in a thread; with limits of a test's own; as a process."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.runtime.model import Model
from gantk.training.trained import Trained
from gantk_exports.server.application import application
from gantk_exports.server.limits import Limits
from gantk_exports.server.listener import Server, address, listen

Export = Callable[..., Path]


@contextmanager
def serving(models: dict[str, Path | Model], limits: Limits, **options: Any) -> Iterator[httpx.Client]:
    """Serve models in a thread; give a client."""
    opened = {name: gantk.load(one, threads=1) if isinstance(one, Path) else one for name, one in models.items()}
    bound, started = listen("127.0.0.1", 0), threading.Event()
    server = Server(application(opened, limits, **options), limits, log=False, started=started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        assert started.wait(30)
        with httpx.Client(base_url=address(bound), timeout=60, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def models(exported: Export, residual: Trained, drawn: Trained, deep: Trained) -> dict[str, Path]:
    """The files of tiny models: a translator, one of 16 bits, a generator, an encoder, a score."""
    return {
        "a_to_b": exported("residual", residual),
        "deep": exported("deep", deep),
        "generator": exported("generator", drawn, graph="generator"),
        "encoder": exported("encoder", drawn, graph="encoder"),
        "energy": exported("energy", drawn, graph="energy"),
    }


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>a page</title>")
    (folder / "run.mjs").write_text("export {};")
    return folder


@pytest.fixture(scope="session")
def client(models: dict[str, Path], page: Path) -> Iterator[httpx.Client]:
    """A client of a server of all tiny models, with the usual limits."""
    with serving(models, Limits(), page=page) as made:
        yield made


@pytest.fixture(scope="session")
def eight_bits(models: dict[str, Path]) -> Iterator[httpx.Client]:
    """A client of a server whose models take pictures of 8 bits: no schema can tell those of 16."""
    with serving({name: path for name, path in models.items() if name != "deep"}, Limits()) as made:
        yield made


@pytest.fixture(scope="session")
def serves() -> Callable[..., AbstractContextManager[httpx.Client]]:
    """Return what serves models of a test's own, by name."""
    return serving


@pytest.fixture
def serve(models: dict[str, Path]) -> Iterator[Callable[..., httpx.Client]]:
    """Return what serves some of the tiny models with limits of one's own, until the test ends."""
    with ExitStack() as stack:

        def start(
            *names: str, token: str | None = None, page: Path | None = None, model: Model | None = None, **limits: Any
        ) -> httpx.Client:
            chosen = {name: model or models[name] for name in names}
            return stack.enter_context(serving(chosen, Limits(**limits), token=token, page=page))

        yield start


@pytest.fixture
def launch() -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Return what starts `gantk serve` as a process, and gives it and its address."""
    with ExitStack() as stack:

        def start(*arguments: object, **options: Any) -> tuple[subprocess.Popen[str], str]:
            command = [sys.executable, "-m", "gantk", "serve", *map(str, arguments)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
            stack.callback(_end, process)
            return process, process.stdout.readline().rpartition(" ")[2].strip()

        yield start


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.fixture(scope="session")
def photo() -> Callable[..., bytes]:
    """Return what makes the file of a random picture."""

    def make(
        width: int = 40, height: int = 28, mode: str = "RGB", kind: str = "PNG", seed: int = 0, **more: Any
    ) -> bytes:
        values = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
        file = BytesIO()
        Image.fromarray(values, "RGBA").convert(mode).save(file, kind, **more)
        return file.getvalue()

    return make
