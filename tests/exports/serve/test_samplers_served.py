"""A server need not know that a model is a sampler."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from gantk_exports.server.limits import Limits


def test_a_server_need_not_know(sampled: Path, serves: Callable[..., AbstractContextManager[httpx.Client]]) -> None:
    models = {name: sampled / "exports" / f"{name}.onnx" for name in ("generator", "inverted")}
    with serves(models, Limits(batch_size=2)) as client:
        answer = client.post("/v1/models/generator/generate", json={"seed": 3, "count": 3})
        assert answer.status_code == 200, answer.text
        assert Image.open(BytesIO(answer.content)).size[0] >= 32
        picture = BytesIO()
        Image.new("RGB", (20, 10), "blue").save(picture, "PNG")
        answer = client.post("/v1/models/inverted/translate", content=picture.getvalue())
        assert (answer.status_code, Image.open(BytesIO(answer.content)).size) == (200, (20, 10))
