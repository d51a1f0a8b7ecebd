"""Pictures that are too large to run whole run in strips, one at a time, and small ones go on meanwhile."""

import mmap
import platform
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.errors import Unsupported
from gantk.runtime.model import Model
from gantk_exports.server import limits, service
from gantk_exports.server.memory import give_back

Photo = Callable[..., bytes]
Serve = Callable[..., httpx.Client]
TRANSLATE = "/v1/models/a_to_b/translate"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a picture be large from 2,000 pixels on."""
    monkeypatch.setattr(limits, "WHOLE", 2000)


def opened(body: bytes) -> Image.Image:
    picture = Image.open(BytesIO(body))
    picture.load()
    return picture


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_large_picture_is_what_python_makes_of_it_in_strips(
    serve: Serve, models: dict[str, Path], photo: Photo, mode: str
) -> None:
    client = serve("a_to_b", pixels=10_000)
    answer = client.post(TRANSLATE, content=photo(90, 70, mode=mode))
    assert answer.status_code == 200, answer.text
    expected = gantk.load(models["a_to_b"])(opened(photo(90, 70, mode=mode)), tile=512)
    assert np.array_equal(np.asarray(opened(answer.content)), np.asarray(expected))


def test_what_a_large_picture_took_is_given_back(serve: Serve, photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    given = threading.Event()
    monkeypatch.setattr(service, "give_back", given.set)
    monkeypatch.setattr(service, "_AFTER", 0.0)
    client = serve("a_to_b", pixels=10_000)
    assert client.post(TRANSLATE, content=photo(20, 20)).status_code == 200
    assert not given.is_set()
    assert client.post(TRANSLATE, content=photo(90, 70)).status_code == 200
    assert given.wait(20)


def test_memory_that_is_held_in_circles_or_between_others_is_given_back() -> None:
    class Circle:
        def __init__(self) -> None:
            self.own, self.arrays = self, [np.ones(100_000, np.uint8) for _ in range(2000)]

    circle = Circle()
    pins = circle.arrays[::20]
    gone = weakref.ref(circle)
    del circle
    before = _resident()
    give_back()
    assert gone() is None
    if platform.libc_ver()[0] == "glibc":
        assert before - _resident() > 100e6
    assert len(pins) == 100


def _resident() -> int:
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * mmap.PAGESIZE if statm.exists() else 0


def test_a_photograph_held_upright_is_taken_by_its_size_and_refused_beyond_the_limit(
    serve: Serve, photo: Photo
) -> None:
    exif = Image.Exif()
    exif[274] = 6
    client = serve("a_to_b", pixels=10_000)
    answer = client.post(TRANSLATE, content=photo(100, 70, kind="JPEG", exif=exif))
    assert opened(answer.content).size == (70, 100)
    refused = client.post(TRANSLATE, content=photo(100, 101))
    assert (refused.status_code, "up to 10,000" in refused.text) == (422, True)


def test_models_that_take_one_size_take_large_pictures_and_others_say_what_they_take(
    serve: Serve, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve("a_to_b", "encoder", pixels=10_000)
    assert client.post("/v1/models/encoder/encode", content=photo(90, 70)).status_code == 200

    def cut(_: Any) -> None:
        raise Unsupported("cannot run in strips")

    monkeypatch.setattr(Model, "cut", cut)
    refused = client.post(TRANSLATE, content=photo(90, 70))
    assert (refused.status_code, "a_to_b takes up to 2,000" in refused.text) == (422, True)


def test_small_pictures_go_on_while_a_large_one_runs(
    serve: Serve, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go = threading.Event(), threading.Event()
    run, running = Model.run, []

    def held(model: Model, *given: Any, **options: Any) -> np.ndarray:
        running.append(len(running))
        started.set()
        assert go.wait(30)
        assert len(running) == 1
        running.clear()
        return run(model, *given, **options)

    monkeypatch.setattr(Model, "run", held)
    client = serve("a_to_b", pixels=10_000)
    with ThreadPoolExecutor(2) as threads:
        large = [threads.submit(client.post, TRANSLATE, content=photo(90, 70)) for _ in range(2)]
        assert started.wait(30)
        assert client.post(TRANSLATE, content=photo(30, 20)).status_code == 200
        assert not any(one.done() for one in large)
        go.set()
        assert [one.result().status_code for one in large] == [200, 200]
