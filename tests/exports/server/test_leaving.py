"""A client that goes away makes room, and its image is not computed; a model that fails."""

import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np

import gantk

TRANSLATE = "/v1/models/a_to_b/translate"


def sent(client: httpx.Client, body: bytes) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=30)
    connection.request("POST", TRANSLATE, body, {"Content-Type": "image/png"})
    return connection


def becomes(client: httpx.Client, status: int) -> bool:
    """Return whether a request that is never let in gets a status within some seconds: 429 full, 415 room."""
    for _ in range(200):
        if client.post(TRANSLATE, content=b"text", headers={"Content-Type": "text/plain"}).status_code == status:
            return True
        time.sleep(0.02)
    return False


def test_who_goes_away_makes_room_and_is_not_computed_for(
    serve: Callable[..., httpx.Client], models: dict[str, Path], photo: Callable[..., bytes]
) -> None:
    model, shapes = gantk.load(models["a_to_b"]), []
    started, go = threading.Event(), threading.Event()
    run = model.call

    def held(*values: np.ndarray) -> tuple[np.ndarray, ...]:
        shapes.append(values[0].shape)
        started.set()
        assert go.wait(30)
        return run(*values)

    model.call = held
    client = serve("a_to_b", model=model, queue=2)
    staying = sent(client, photo())
    assert started.wait(30)
    leaving = sent(client, photo())
    assert becomes(client, 429)
    leaving.close()
    assert becomes(client, 415)
    go.set()
    assert staying.getresponse().status == 200
    staying.close()
    assert client.post(TRANSLATE, content=photo(8, 8)).status_code == 200
    assert shapes == [(1, 28, 40, 3), (1, 8, 8, 3)]


def test_a_model_that_fails_is_said_without_its_path(
    serve: Callable[..., httpx.Client], models: dict[str, Path], photo: Callable[..., bytes]
) -> None:
    model = gantk.load(models["a_to_b"])
    run = model.call
    # A batch of another type than the graph takes is what ONNX Runtime refuses.
    model.call = lambda *values: run(*(value.astype(np.float64) for value in values))
    answer = serve("a_to_b", model=model).post(TRANSLATE, content=photo())
    assert (answer.status_code, answer.json()) == (500, {"detail": "the server failed at this; its log says how"})
