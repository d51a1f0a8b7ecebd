"""The server keeps to its own OpenAPI description, whatever is sent: schemathesis tries."""

from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import Case
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

GETS = ("GET /v1/models", "GET /healthz")
POSTS = tuple(f"POST /v1/models/{{name}}/{task}" for task in ("translate", "generate", "encode", "score"))
TRIES = [(label, mode) for label in POSTS for mode in GenerationMode] + [
    (label, GenerationMode.POSITIVE) for label in GETS
]


def picture(side: int) -> bytes:
    file = BytesIO()
    Image.fromarray(np.full((side, 5, 3), side, np.uint8)).save(file, "PNG")
    return file.getvalue()


PICTURES = st.integers(1, 9).map(picture)
schemathesis.openapi.format("binary", PICTURES)
for kind in ("image/png", "image/jpeg", "image/webp", "application/octet-stream"):
    schemathesis.openapi.media_type(kind, PICTURES)


@pytest.fixture(scope="module")
def operations(eight_bits: httpx.Client) -> dict[str, Any]:
    schema = schemathesis.openapi.from_url(f"{eight_bits.base_url}openapi.json")
    return {operation.ok().label: operation.ok() for operation in schema.get_all_operations()}


@pytest.mark.parametrize(("label", "mode"), TRIES)
def test_answers_are_as_described(operations: dict[str, Any], label: str, mode: GenerationMode) -> None:
    statuses: set[int] = set()

    @settings(max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operations[label].as_strategy(generation_mode=mode))
    def check(case: Case) -> None:
        answer = case.call()
        statuses.add(answer.status_code)
        case.validate_response(answer, excluded_checks=[positive_data_acceptance] if of_another_length(case) else [])

    check()
    assert statuses != {200} if mode is GenerationMode.NEGATIVE else 200 in statuses


def of_another_length(case: Case) -> bool:
    """Return whether values are listed for another number of images than are asked for, which no schema can say."""
    body = case.body if isinstance(case.body, dict) else {}
    lists = [body["label"]] if isinstance(body.get("label"), list) else []
    if isinstance(body.get("noise"), list) and isinstance(body["noise"][0], list):
        lists.append(body["noise"])
    return any(len(values) not in (1, body.get("count", 1)) for values in lists)
