"""Models that are told a caption, over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

import gantk
from gantk_exports.server.limits import Limits
from support.telling import write_telling, write_tinting


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_telling(tmp_path_factory.mktemp("telling") / "telling.onnx")


@pytest.fixture(scope="module")
def tinting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tinting(tmp_path_factory.mktemp("tinting") / "tinting.onnx")


@pytest.fixture(scope="module")
def client(
    model: Path, tinting: Path, serves: Callable[..., AbstractContextManager[httpx.Client]]
) -> Iterator[httpx.Client]:
    with serves({"telling": model, "tinting": tinting}, Limits()) as made:
        yield made


def asked(client: httpx.Client, said: object) -> httpx.Response:
    return client.post("/v1/models/telling/generate", json=said)


def test_words_are_said_in_the_body(client: httpx.Client, model: Path) -> None:
    answer = asked(client, {"seed": 3, "caption": "Red naïve"})
    assert answer.status_code == 200, answer.text
    (expected,) = gantk.load(model).generate(1, seed=3, caption="Red naïve")
    assert np.array_equal(np.asarray(Image.open(BytesIO(answer.content))), np.asarray(expected))
    assert asked(client, {"count": 2, "caption": ["red", "blue"]}).status_code == 200


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({}, "caption: is missing"),
        ({"caption": None}, "caption: "),
        ({"caption": "a rad one"}, "caption: the model does not know 3 of its 3 words: a, rad (near red), one"),
        ({"caption": "red " * 300}, "caption: "),
        ({"caption": "red red red red"}, "caption has 4 words, and the model reads 3: say fewer"),
    ],
)
def test_what_is_missing_or_unknown_is_one_line(client: httpx.Client, said: dict, line: str) -> None:
    answer = asked(client, said)
    assert (answer.status_code, answer.json()["detail"][: len(line)]) == (422, line)


def test_a_form_has_a_field_for_words(client: httpx.Client) -> None:
    file = BytesIO()
    Image.new("RGB", (5, 6), (100, 100, 100)).save(file, "PNG")

    def sent(**said: str) -> httpx.Response:
        return client.post("/v1/models/tinting/translate", files={"image": ("a.png", file.getvalue())}, data=said)

    answer = sent(caption="RED naïve")
    assert answer.status_code == 200, answer.text
    assert Image.open(BytesIO(answer.content)).getpixel((0, 0)) == (180, 140, 140)
    for said, line in (
        ({}, "the model takes a text caption: curl -F 'caption=red green blue', of words that it knows"),
        ({"caption": "rad"}, "caption: the model does not know its word: rad (near red)"),
        ({"caption": "red " * 300}, "caption has 250 words, and the model reads 3: say fewer"),
    ):
        answer = sent(**said)
        assert (answer.status_code, answer.json()["detail"]) == (422, line)


def test_the_documentation_says_what_can_be_said(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/v1/models/{name}/generate"]["post"]["requestBody"]
    schema = described["content"]["application/json"]["schema"]
    assert (described["required"], schema["required"]) == (True, ["caption"])
    assert schema["properties"]["caption"]["description"].startswith(
        "a text of up to 3 words, of the 4 that the model knows"
    )
    assert "{&quot;seed&quot;: 7, &quot;caption&quot;: &quot;red green blue&quot;}" in client.get("/docs").text
