"""A server need not know that a model is a sampler."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from gantk_exports.server.limits import Limits


def test_a_server_need_not_know(sampled: Path, serves: Callable[..., AbstractContextManager[httpx.Client]]) -> None:
    with serves({"generator": sampled / "exports" / "generator.onnx"}, Limits(batch_size=2)) as client:
        answer = client.post("/v1/models/generator/generate", json={"seed": 3, "count": 3})
        assert answer.status_code == 200, answer.text
        assert Image.open(BytesIO(answer.content)).size[0] >= 32
