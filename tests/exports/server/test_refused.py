"""What a server does not take: hostile and broken images, too much, too many, without the token."""

import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image

Photo = Callable[..., bytes]
Serve = Callable[..., httpx.Client]
TRANSLATE = "/v1/models/a_to_b/translate"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def many_scans() -> bytes:
    """Return a JPEG whose last scan comes again and again, which costs a pass over the image each time."""
    body = saved(Image.new("RGB", (1400, 1400)), "JPEG", progressive=True)
    last = body[body.rindex(b"\xff\xda") : -2]
    return body[:-2] + last * 5000 + b"\xff\xd9"


def bomb() -> bytes:
    """Return 20,000 x 20,000 real pixels, all black, in a small file."""
    size, parts = 20_000 * (1 + 3 * 20_000), 200
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(bytes(size // parts)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = struct.pack(">HH", size % 65521, 1)
    return png(20_000, 20_000, b"\x78\xda" + part * parts + b"\x03\x00" + checksum)


PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
WHOLE = saved(PICTURE, "PNG")
HOSTILE = {
    "a head of 50,000 x 50,000 pixels": (lambda: png(50_000, 50_000, zlib.compress(b"")), "pixels"),
    "20,000 x 20,000 real pixels": (bomb, "decompression bomb"),
    "one row more than is allowed": (lambda: png(2**25 + 1, 1, b""), "up to 33,554,432"),
    "a JPEG with a scan for every 20 bytes": (many_scans, "scans"),
    "half a PNG": (lambda: WHOLE[: len(WHOLE) // 2], "truncated or damaged"),
    "half a JPEG": (lambda: saved(PICTURE, "JPEG")[:1000], "truncated or damaged"),
    "half a WebP": (lambda: saved(PICTURE, "WEBP")[:500], "truncated or damaged"),
    "a PNG of noise": (lambda: png(64, 64, b"noise" * 100), "truncated or damaged"),
    "a PNG of no pixels": (lambda: png(0, 0, b""), "image"),
    "an animation": (lambda: saved(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(90)]), "animation"),
    "PostScript": (lambda: saved(PICTURE, "EPS"), "PostScript, which is not read"),
    "an SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is no image"),
    "text": (lambda: b"not an image", "is no image"),
    "zeros": (lambda: bytes(10_000), "is no image"),
    "nothing": (lambda: b"", "0 bytes"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_image_is_refused_and_the_server_lives(client: httpx.Client, name: str) -> None:
    make, said = HOSTILE[name]
    body = make()
    for sent in ({"content": body, "headers": {"Content-Type": "image/png"}}, {"files": {"image": ("a.png", body)}}):
        answer = client.post(TRANSLATE, **sent)
        assert answer.status_code == 422, answer.text
        assert said in answer.json()["detail"]
    assert client.post(TRANSLATE, content=WHOLE).status_code == 200


def test_a_row_that_padding_would_make_an_area_is_refused(serve: Serve) -> None:
    client = serve("a_to_b", "energy", pixels=40_000)
    row = saved(Image.new("RGB", (30_000, 1)), "PNG")
    for path in (TRANSLATE, "/v1/models/energy/score"):
        answer = client.post(path, content=row)
        assert (answer.status_code, "too long and narrow" in answer.text) == (422, True)
        assert client.post(path, content=WHOLE).status_code == 200


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("form", [True, False])
def test_100_mb_are_refused_whether_declared_or_not(client: httpx.Client, declared: bool, form: bool) -> None:
    size, head, tail = 100_000_000, b"", b""
    if form:
        head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        tail = b"\r\n--x--\r\n"

    def parts() -> Iterator[bytes]:
        yield head
        for _ in range(100):
            yield bytes(size // 100)
        yield tail

    headers = {"Content-Type": "multipart/form-data; boundary=x" if form else "image/png"}
    if declared:
        headers["Content-Length"] = str(len(head) + size + len(tail))
    answer = client.post(TRANSLATE, content=parts(), headers=headers)
    assert answer.status_code == 413
    assert "send a smaller one" in answer.json()["detail"]
    assert client.get("/healthz").status_code == 200


def test_the_image_in_a_form_has_the_limit_of_a_body(serve: Serve) -> None:
    client = serve("a_to_b", body=2000)
    assert client.post(TRANSLATE, content=bytes(2001)).status_code == 413
    assert client.post(TRANSLATE, files={"image": ("a.png", bytes(2001))}).status_code == 413
    assert client.post(TRANSLATE, files={"image": ("a.png", bytes(2000))}).status_code == 422


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(client: httpx.Client, kind: str) -> None:
    answer = client.post(TRANSLATE, content=WHOLE, headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert "multipart/form-data" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"--x\r\n", "multipart/form-data", 400, "boundary"),
        (b"garbage", "multipart/form-data; boundary=x", 400, "a broken form"),
        (b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\na\r\n--x--\r\n', "", 422, "-F image=@photo.jpg"),
        (b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\na\r\n--x--\r\n', "", 422, "-F image=@photo.jpg"),
    ],
)
def test_a_form_without_its_image_is_refused(
    client: httpx.Client, body: bytes, kind: str, status: int, said: str
) -> None:
    answer = client.post(TRANSLATE, content=body, headers={"Content-Type": kind or "multipart/form-data; boundary=x"})
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def test_more_requests_than_the_queue_holds_are_told_when_to_come_again(serve: Serve) -> None:
    client, body = serve("a_to_b", queue=1), saved(PICTURE.resize((600, 600)), "PNG")
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.post(TRANSLATE, content=body), range(8)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 1 <= len(refused) < 8
    assert {answer.status_code for answer in refused} == {429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert "try again in" in refused[0].json()["detail"]
    assert client.post(TRANSLATE, content=body).status_code == 200


def test_what_takes_too_long_is_given_up(serve: Serve) -> None:
    client = serve("a_to_b", seconds=0.1, pixels=9_000_000)
    client.post(TRANSLATE, content=WHOLE)
    answer = client.post(TRANSLATE, content=saved(Image.new("RGB", (3000, 3000)), "PNG"))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert "not done after 0.429 s" in answer.json()["detail"]


def test_who_has_no_token_gets_nothing_but_a_sign_of_life(serve: Serve) -> None:
    client = serve("a_to_b", token="sésame")
    for sent in (None, "Bearer other", "Basic c2VzYW1l", "Bearer"):
        headers = {"Authorization": sent} if sent else {}
        for answer in (
            client.post(TRANSLATE, content=WHOLE, headers=headers),
            client.get("/v1/models", headers=headers),
        ):
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert "Authorization: Bearer TOKEN" in answer.json()["detail"]
    known = {"Authorization": "Bearer sésame".encode()}
    assert client.post(TRANSLATE, content=WHOLE, headers=known).status_code == 200
    assert client.get("/healthz").status_code == 200
    operation = client.get("/openapi.json").json()["paths"]["/v1/models/{name}/translate"]["post"]
    assert "security" in operation
    assert "401" in operation["responses"]
