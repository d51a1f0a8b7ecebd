"""What a model takes besides its image comes in the fields of a form."""

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

LIMITS = Limits(pixels=2**14)


@pytest.fixture(scope="module")
def model(blending: Callable[..., Path]) -> Path:
    return blending(style=True)


@pytest.fixture(scope="module")
def client(model: Path, serves: Callable[..., AbstractContextManager[httpx.Client]]) -> Iterator[httpx.Client]:
    with serves({"blending": model}, LIMITS) as made:
        yield made


def png(seed: int, height: int = 6, width: int = 9) -> bytes:
    file = BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 240, (height, width, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def sent(client: httpx.Client, *images: str, **said: str) -> httpx.Response:
    files = {name: (f"{name}.png", png(seed)) for seed, name in enumerate(images)}
    return client.post("/v1/models/blending/translate", files=files, data=said)


def test_fields_are_further_inputs(client: httpx.Client, model: Path) -> None:
    answer = sent(client, "image", "style", domain="bright", share="0.25")
    assert answer.status_code == 200, answer.text
    expected = gantk.load(model)(png(0), style=png(1), domain="bright", share=0.25)
    made = Image.open(BytesIO(answer.content))
    assert made.size == (18, 12)
    assert np.array_equal(np.asarray(made), np.asarray(expected))


@pytest.mark.parametrize(
    ("images", "said", "line"),
    [
        (("image",), {"domain": "plain"}, "the form has no file called style: curl -F style=@photo.jpg"),
        (
            ("image", "style"),
            {},
            "the model takes a category domain: curl -F domain=plain, or another of plain",
        ),
        (("image", "style"), {"domain": "c"}, "no domain is called c: say plain, bright, or a number from 0 to 1"),
        (("image", "style"), {"domain": "plain", "share": "2"}, "share is a number from 0 to 1, not 2"),
        (("image", "style"), {"domain": "plain", "psi": "1"}, "psi: there is no such field, only image, domain, share"),
    ],
)
def test_what_is_missing_unknown_or_wrong_is_one_line(
    client: httpx.Client, images: tuple[str, ...], said: dict[str, str], line: str
) -> None:
    answer = sent(client, *images, **said)
    assert (answer.status_code, answer.json()["detail"][: len(line)]) == (422, line)


def test_a_body_without_a_form_says_what_is_missing(client: httpx.Client) -> None:
    answer = client.post("/v1/models/blending/translate", content=png(0), headers={"Content-Type": "image/png"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("the model takes a category domain")


def test_what_would_come_out_too_large_is_refused(client: httpx.Client) -> None:
    files = {"image": ("image.png", png(0, 100, 100)), "style": ("style.png", png(1))}
    answer = client.post("/v1/models/blending/translate", files=files, data={"domain": "plain"})
    assert answer.status_code == 422
    assert "comes out 2 times as large" in answer.json()["detail"]


def test_the_documentation_lists_them(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/v1/models/{name}/translate"]["post"]
    form = described["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["image", "style", "domain"]
    assert form["properties"]["share"] == {
        "type": "number",
        "description": "a number from 0 to 1",
        "minimum": 0,
        "maximum": 1,
        "default": 0.5,
    }
    assert "<code>domain</code>" in client.get("/docs").text
