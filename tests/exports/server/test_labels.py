"""A label map is sent as a picture of its values or colours, and one that is answered is a PNG of its colours."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

import gantk
from gantk.training.trained import Trained
from gantk_exports.server.limits import Limits


@pytest.fixture(scope="module")
def models(exported: Callable[..., Path], labelling: Trained) -> dict[str, Path]:
    return {graph: exported(graph, labelling, graph=graph) for graph in ("blend", "segment")}


@pytest.fixture(scope="module")
def client(
    models: dict[str, Path], serves: Callable[..., AbstractContextManager[httpx.Client]]
) -> Iterator[httpx.Client]:
    with serves(models, Limits(pixels=2**14)) as made:
        yield made


def png(image: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def picture(seed: int) -> bytes:
    return png(np.random.default_rng(seed).integers(0, 256, (6, 9, 3), dtype=np.uint8))


def test_a_label_map_and_two_pictures_are_sent_as_a_form(client: httpx.Client, models: dict[str, Path]) -> None:
    ids = np.random.default_rng(0).integers(0, 3, (6, 9))
    values = png(np.array([7, 0, 255], np.uint8)[ids])
    expected = np.asarray(gantk.load(models["blend"])(values, a=picture(1), style=picture(2)))
    palette = client.get("/v1/models").json()["models"][0]["card"]["gantk.inputs"][0]["palette"]
    assert (palette["names"], palette["ignored"]) == (["road", "sky", "nothing"], 2)
    for layout in (values, png(np.array(palette["colours"], np.uint8)[ids])):
        files = {"image": ("map.png", layout), "a": ("a.png", picture(1)), "style": ("s.png", picture(2))}
        answer = client.post("/v1/models/blend/translate", files=files)
        assert answer.status_code == 200, answer.text
        assert np.array_equal(np.asarray(Image.open(BytesIO(answer.content))), expected)
    files["image"] = ("map.png", png(np.full((4, 4), 9, np.uint8)))
    answer = client.post("/v1/models/blend/translate", files=files)
    line = "a label map holds the value 9, which is no class; the nearest is 7 (road)"
    assert (answer.status_code, answer.json()["detail"]) == (422, line)
    assert "a label map of road, sky, nothing" in client.get("/docs").text


def test_a_label_map_comes_back_as_a_png(client: httpx.Client, models: dict[str, Path]) -> None:
    answer = client.post("/v1/models/segment/translate", content=picture(1), headers={"content-type": "image/png"})
    made = Image.open(BytesIO(answer.content))
    expected = gantk.load(models["segment"])(picture(1))
    assert (made.mode, made.format) == ("P", "PNG")
    assert np.array_equal(np.asarray(made.convert("RGB")), np.asarray(expected.convert("RGB")))
    refused = {"content-type": "image/png", "accept": "image/jpeg"}
    assert client.post("/v1/models/segment/translate", content=picture(1), headers=refused).status_code == 406
