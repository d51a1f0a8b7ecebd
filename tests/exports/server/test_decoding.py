"""Pictures are decoded in processes that are ended at a deadline; whatever a picture does concerns it alone."""

import asyncio
import struct
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from gantk_exports.server import decoders, limits
from gantk_exports.server.decoders import Decoders
from gantk_exports.server.refusal import Refusal

Photo = Callable[..., bytes]
TRANSLATE = "/v1/models/a_to_b/translate"

PROGRAM = """
import os
import time
from gantk_exports.server import decoder_program

real = decoder_program.answer

def answer(said, body):
    if body == b"endless":
        time.sleep(100)
    if body == b"crash":
        os._exit(1)
    if body == b"memory":
        return {"size": len(bytearray(2**32))}, []
    return real(said, body)

decoder_program.answer = answer
decoder_program.main()
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that some bodies keep busy for ever, end, or have take all memory."""
    (tmp_path / "odd.py").write_text(PROGRAM)
    monkeypatch.setattr(decoders, "_COMMAND", (sys.executable, str(tmp_path / "odd.py")))
    monkeypatch.setattr(decoders, "_SOON", 0.2)
    monkeypatch.setattr(limits, "_DECODING_SECONDS", 3.0)


@pytest.mark.usefixtures("odd")
def test_honest_pictures_are_decoded_while_others_never_end(serve: Callable[..., httpx.Client], photo: Photo) -> None:
    client = serve("a_to_b")
    assert client.post(TRANSLATE, content=photo()).status_code == 200
    with ThreadPoolExecutor(6) as threads:
        endless = [threads.submit(client.post, TRANSLATE, content=b"endless") for _ in range(6)]
        time.sleep(0.5)
        for _ in range(3):
            assert client.post(TRANSLATE, content=photo()).status_code == 200
        assert [one.done() for one in endless].count(False) >= 1
        answers = [one.result() for one in endless]
    # Some were given up at the deadline, the others where too many took long.
    assert {answer.status_code for answer in answers} <= {422, 503}
    assert any("not decoded within 3 s" in answer.text for answer in answers)
    assert client.post(TRANSLATE, content=photo()).status_code == 200


@pytest.mark.usefixtures("odd")
def test_what_ends_its_process_or_takes_its_memory_is_refused() -> None:
    async def ask() -> None:
        made = Decoders(20)
        made.start()
        said = {
            "kind": "image/png",
            "pixel": "uint8",
            "bytes": 2**20,
            "pixels": 2**20,
            "field": "image",
            "memory": 2**28,
        }
        for _ in range(2):
            with pytest.raises(Refusal, match="no decoder can read") as refused:
                await made.ask(said, b"crash")
            assert refused.value.status == 422
        found, _ = await made.ask(said, b"no image")
        assert found["status"] == 422
        if sys.platform == "linux":
            with pytest.raises(Refusal):
                await made.ask(said, b"memory")
        made.close()

    asyncio.run(ask())


def exif(entries: bytes) -> bytes:
    """Return EXIF data of one entry."""
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entries + b"\0\0\0\0" + bytes(8)


ODD_EXIF = {
    "a denominator of zero": exif(struct.pack("<HHII", 0x011A, 5, 1, 26)),
    "an orientation in words": exif(struct.pack("<HHI4s", 0x0112, 2, 4, b"abc\0")),
    "an orientation of 99": exif(struct.pack("<HHII", 0x0112, 3, 1, 99)),
    "a directory in itself": exif(struct.pack("<HHII", 0x8769, 4, 1, 8)),
    "half a head": b"Exif\0\0II",
    "nothing": b"Exif\0\0",
}


@pytest.mark.parametrize("name", list(ODD_EXIF))
def test_odd_exif_is_passed_over(client: httpx.Client, photo: Photo, name: str) -> None:
    plain = photo(kind="JPEG")
    body = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(ODD_EXIF[name]) + 2) + ODD_EXIF[name] + plain[2:]
    answer = client.post(TRANSLATE, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.content == client.post(TRANSLATE, content=plain).content


def gif_of_tiny_comments(blocks: int) -> bytes:
    """Return a GIF of one pixel whose comment comes byte by byte, which takes time in the square of their number."""
    file = BytesIO()
    Image.new("L", (1, 1)).save(file, "GIF")
    body = file.getvalue()
    place = body.index(b"\x2c")
    return body[:place] + b"\x21\xfe" + b"\x01x" * blocks + b"\0" + body[place:]


def tiff_of_directories(count: int) -> bytes:
    """Return a TIFF of so many empty directories."""
    return b"II*\0\x08\0\0\0" + b"".join(struct.pack("<HI", 0, 14 + 6 * number) for number in range(count))


@pytest.mark.parametrize("body", [gif_of_tiny_comments(3_000_000), tiff_of_directories(1_000_000)])
def test_small_files_that_take_minutes_elsewhere_are_done_soon(client: httpx.Client, body: bytes) -> None:
    answer = client.post(TRANSLATE, content=body)
    assert (answer.status_code, "the image" in answer.text) == (422, True)
    assert "not decoded within" not in answer.text


def test_a_profile_that_is_none_does_no_harm(client: httpx.Client, photo: Photo) -> None:
    for kind in ("image/png", "image/jpeg", "image/webp"):
        answer = client.post(TRANSLATE, content=photo(icc_profile=b"no profile" * 20), headers={"Accept": kind})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", ["punycode", "no-such", "utf-8"])
def test_a_form_is_read_whatever_its_charset(client: httpx.Client, photo: Photo, kind: str) -> None:
    note = b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\n' + b"a" * 900_000 + b"-" + b"zz9" * 30_000
    head = b'\r\n--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    body = note + head + photo() + b"\r\n--x--\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={kind}"}
    assert client.post(TRANSLATE, content=body, headers=headers).status_code == 200


def test_sixteen_bits_in_colour_are_taken_by_models_of_eight(client: httpx.Client) -> None:
    cv2 = pytest.importorskip("cv2")
    values = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    deep = cv2.imencode(".png", values)[1].tobytes()
    assert client.post(TRANSLATE, content=deep).status_code == 200
    refused = client.post("/v1/models/deep/translate", content=deep)
    assert (refused.status_code, "3 channels of uint16" in refused.text) == (422, True)
