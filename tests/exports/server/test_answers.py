"""What a server answers: the pixels and numbers that gantk gives in Python."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageCms

import gantk
from gantk.runtime.sheets import sheet

Photo = Callable[..., bytes]
TRANSLATE = "/v1/models/a_to_b/translate"
GENERATE = "/v1/models/generator/generate"


def opened(body: bytes) -> Image.Image:
    picture = Image.open(BytesIO(body))
    picture.load()
    return picture


def pixels(body: bytes) -> np.ndarray:
    return np.asarray(opened(body))


def post(client: httpx.Client, url: str, body: bytes, **headers: str) -> httpx.Response:
    answer = client.post(url, content=body, headers={"Content-Type": "application/octet-stream", **headers})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_a_translation_is_that_of_python_to_the_pixel(
    client: httpx.Client, models: dict[str, Path], photo: Photo, mode: str
) -> None:
    body = photo(mode=mode)
    answer = post(client, TRANSLATE, body)
    expected = gantk.load(models["a_to_b"])(opened(body))
    assert answer.headers["content-type"] == "image/png"
    assert opened(answer.content).mode == expected.mode
    assert np.array_equal(pixels(answer.content), np.asarray(expected))


def test_16_bits_stay_16_bits(client: httpx.Client, models: dict[str, Path]) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (20, 30), dtype=np.uint16)
    file = BytesIO()
    Image.fromarray(values).save(file, "PNG")
    answer = post(client, "/v1/models/deep/translate", file.getvalue())
    assert np.array_equal(pixels(answer.content), gantk.load(models["deep"])(values))


def test_a_form_and_a_body_are_taken_alike(client: httpx.Client, photo: Photo) -> None:
    body = photo()
    raw = post(client, TRANSLATE, body, **{"Content-Type": "image/png"})
    form = client.post(TRANSLATE, files={"image": ("photo.png", body)}, data={"note": "as apps send more fields"})
    untyped = client.post(TRANSLATE, content=body)
    assert raw.content == form.content == untyped.content


def test_large_forms_are_taken_too(client: httpx.Client, photo: Photo) -> None:
    body = photo(900, 700)
    assert len(body) > 2**20
    answer = client.post(TRANSLATE, files={"image": ("photo.png", body)}, headers={"Accept": "image/jpeg"})
    assert opened(answer.content).size == (900, 700)


def test_a_camera_held_upright_gives_an_upright_picture(
    client: httpx.Client, models: dict[str, Path], photo: Photo
) -> None:
    exif = Image.Exif()
    exif[274] = 6
    body = photo(kind="JPEG", exif=exif)
    answer = post(client, TRANSLATE, body)
    assert opened(answer.content).size == (28, 40)
    assert np.array_equal(pixels(answer.content), np.asarray(gantk.load(models["a_to_b"])(opened(body))))


def test_a_colour_profile_comes_back_and_where_it_was_taken_does_not(client: httpx.Client, photo: Photo) -> None:
    profile, exif = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), Image.Exif()
    exif[271] = "a camera"
    body = photo(icc_profile=profile, exif=exif)
    for kind in ("image/png", "image/jpeg", "image/webp"):
        answer = opened(post(client, TRANSLATE, body, Accept=kind).content)
        assert answer.info["icc_profile"] == profile
        assert not answer.getexif()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "image/png"),
        ("image/*", "image/png"),
        ("image/webp", "image/webp"),
        ("image/jpeg, image/webp;q=0.9", "image/jpeg"),
        ("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "image/png"),
        ("text/html, image/webp;q=0.5, */*;q=0.1", "image/webp"),
        ("image/png;q=0, image/*", "image/webp"),
    ],
)
def test_the_answer_has_the_type_that_is_accepted(client: httpx.Client, photo: Photo, accept: str, kind: str) -> None:
    answer = post(client, TRANSLATE, photo(), Accept=accept)
    assert answer.headers["content-type"] == kind
    assert Image.MIME[opened(answer.content).format] == kind


def test_a_transparent_answer_takes_the_accepted_type_that_can_hold_it(client: httpx.Client, photo: Photo) -> None:
    answer = post(client, TRANSLATE, photo(mode="RGBA"), Accept="image/jpeg, image/webp;q=0.1")
    assert answer.headers["content-type"] == "image/webp"
    headers = {"Accept": "image/jpeg", "Content-Type": "image/png"}
    refused = client.post(TRANSLATE, content=photo(mode="RGBA"), headers=headers)
    assert refused.status_code == 406
    assert "accept image/png too" in refused.json()["detail"]


def test_requests_that_run_together_have_the_answers_of_each_alone(
    client: httpx.Client, models: dict[str, Path], photo: Photo
) -> None:
    model = gantk.load(models["a_to_b"])
    bodies = [photo(width=40 + 4 * (number % 2), seed=number) for number in range(24)]
    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(lambda body: post(client, TRANSLATE, body).content, bodies))
    for body, answer in zip(bodies, answers, strict=True):
        assert np.array_equal(pixels(answer), np.asarray(model(opened(body))))


def test_a_seed_gives_the_picture_that_it_gives_in_python(client: httpx.Client, models: dict[str, Path]) -> None:
    model = gantk.load(models["generator"])
    assert np.array_equal(pixels(client.post(GENERATE).content), np.asarray(model.generate(1)[0]))
    asked: dict[str, Any] = {"seed": 7, "start": 3, "truncation": 0.5, "label": "hen"}
    (expected,) = model.generate(1, **asked)
    assert np.array_equal(pixels(client.post(GENERATE, json=asked).content), np.asarray(expected))
    said = {"noise": [0.1, -0.2, 0.3, 1], "label": 2.0}
    (expected,) = model.generate(1, noise=said["noise"], label=2)
    assert np.array_equal(pixels(client.post(GENERATE, json=said).content), np.asarray(expected))


def test_several_pictures_come_as_one_sheet(client: httpx.Client, models: dict[str, Path]) -> None:
    pictures = np.stack(gantk.load(models["generator"]).generate(20, seed=1, label=list(range(5)) * 4))
    asked = {"count": 20, "seed": 1, "label": list(range(5)) * 4, "columns": 5}
    answer = client.post(GENERATE, json=asked, headers={"Accept": "image/webp;q=0.1, image/png"})
    assert np.array_equal(pixels(answer.content), sheet(pictures, 255, 5))


def test_numbers_come_as_json_by_their_names(client: httpx.Client, models: dict[str, Path], photo: Photo) -> None:
    body = photo(9, 7)
    vectors = post(client, "/v1/models/encoder/encode", body).json()
    expected = gantk.load(models["encoder"]).encode(opened(body))
    assert list(vectors) == ["mean", "variance"]
    assert all(np.array_equal(np.float32(vectors[name]), expected[name]) for name in expected)
    answer = post(client, "/v1/models/energy/score", body).json()
    assert answer == {"score": gantk.load(models["energy"]).score(opened(body))}


def test_the_list_says_what_each_model_is(client: httpx.Client, models: dict[str, Path]) -> None:
    listed = client.get("/v1/models").json()["models"]
    assert [model["name"] for model in listed] == list(models)
    assert [model["task"] for model in listed] == ["translate", "translate", "generate", "encode", "score"]
    assert listed[0]["card"]["gantk.graph"] == "a_to_b"


def test_the_page_may_use_threads_and_stands_beside_the_rest(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    for path, said in (("/", "a page"), ("/run.mjs", "export")):
        answer = client.get(path)
        assert said in answer.text
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-embedder-policy"] == "require-corp"


def test_the_documentation_loads_nothing_and_names_the_models(client: httpx.Client) -> None:
    page = client.get("/docs").text
    hosts = set(re.findall(r"https?://([^/\"' ]+)", page))
    assert hosts == {client.base_url.netloc.decode()}
    assert "<script" not in page
    assert "a_to_b, deep" in page
    assert f"{client.base_url}v1/models/generator/generate" in page
    assert "label" in page
    paths = client.get("/openapi.json").json()["paths"]
    parameter = paths["/v1/models/{name}/score"]["post"]["parameters"][0]
    assert parameter["schema"]["enum"] == ["energy"]


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("POST", "/v1/models/none/translate", 404, "no model is called none, only a_to_b, deep, generator"),
        ("POST", "/v1/models/generator/translate", 409, "POST /v1/models/generator/generate"),
        ("POST", "/v1/models/a_to_b/score", 409, "a_to_b is a model that translates images"),
        ("GET", TRANSLATE, 405, "does not take GET"),
        ("DELETE", "/healthz", 405, "/healthz does not take DELETE"),
        ("GET", "/nothing", 404, "GET /docs"),
        ("POST", "/", 405, "/ does not take POST"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    client: httpx.Client, method: str, path: str, status: int, said: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "no JSON"),
        (b"[]", 422, "the body"),
        (b'{"count": 65}', 422, "count: "),
        (b'{"count": true}', 422, "say a whole number"),
        (b'{"seed": -1}', 422, "seed: "),
        (b'{"truncation": 0.001}', 422, "truncation: "),
        (b'{"label": "cow", "count": 2, "lable": 1}', 422, "lable: there is no such thing to say, only count, seed"),
        (b'{"label": "horse"}', 422, "no label is called horse: say cat, dog, cow, hen, bee"),
        (b'{"label": [1, 2, 3], "count": 2}', 422, "3 values for 2 samples"),
        (b'{"noise": [1, 2]}', 422, "noise: "),
        (b'{"noise": [1, 2, 3, NaN]}', 422, "noise: "),
        (b'{"noise": [1e300, 2, 3, 4]}', 422, "noise: "),
        (b'{"label": ' + b"9" * 400 + b"}", 422, "label: "),
        (b'{"label": ' + b"9" * 5000 + b"}", 400, "no JSON"),
        (b"[" * 100000, 400, "no JSON"),
    ],
)
def test_what_a_generator_cannot_be_asked_is_said(client: httpx.Client, body: bytes, status: int, said: str) -> None:
    answer = client.post(GENERATE, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def test_only_json_is_asked(client: httpx.Client) -> None:
    answer = client.post(GENERATE, data={"seed": "1"})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]
