"""The program of a process that decodes pictures for the server, and that may be ended at any moment.

It reads messages on standard input until there are no more: the body of a request, and what bounds its picture. On
standard output it says that it is ready, then answers each with the picture's pixels, or with why there are none. A
decoder may take any time and memory, or crash, and only this process has to go. Run as
`python -m gantk_exports.server.decoder_program`.
"""

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from PIL import AvifImagePlugin, Image

from gantk.data.dataset import Array
from gantk.data.formats.known import NO_IMAGE, NUMPY, format_of_content
from gantk.data.opened import SEVERAL, Facts
from gantk.errors import DataError, one_line
from gantk.runtime.images import Deep, companions_of, read_bytes
from gantk_exports.server.forms import image_in
from gantk_exports.server.frames import Message, read_message, write_message
from gantk_exports.server.refusal import Refusal

try:
    import resource
except ImportError:  # Windows has no such limits.
    resource = None  # type: ignore[assignment]

_PROFILE = 2**20
"""Bytes of the longest colour profile that comes back with a picture."""

BYTES_A_PIXEL = 4
"""Bytes that a pixel counts as, if it does not have more: most decoders take as many."""


def main() -> None:
    """Answer messages until there are no more."""
    # Ctrl+C and a supervisor's SIGTERM reach all processes; the server finishes what is in work, then closes the pipe.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever a library prints is no answer.
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    used = _address_space()
    write_message(answers, {"ready": True})
    while True:
        try:
            said, (body,) = read_message(sys.stdin.buffer)
        except EOFError:
            return
        _bound(used + said["memory"])
        with _alarm(said["seconds"]):
            found = answer(said, body)
        write_message(answers, *found)


def answer(said: dict[str, Any], body: bytes) -> Message:
    """Return the answer to a message.

    `said` names the body's Content-Type (`kind`), the `field` of a form that has the image, the type of the values that
    are wanted (`pixel`), and of how many `pixels` and `bytes` an image may be. The answer has the `size` of the image;
    the `mode` of a picture, or else the `dtype` and `alpha` of an array; the `texts` of a form's other fields; then the
    bytes, and the colour profile. Of an image of too many pixels there is the `size` alone, and of what is refused
    `status` and `detail`.
    """
    try:
        image, texts = _file(said["kind"], body, said["bytes"], said["field"])
        if format_of_content(image) == NUMPY:
            raise DataError(NO_IMAGE)
        head, parts = _message(read_bytes(image, said["pixel"], partial(_check, said["pixels"])))
        return {**head, "texts": texts}, parts
    except _TooManyError as found:
        return {"size": found.size}, []
    except Refusal as refusal:
        return {"status": refusal.status, "detail": refusal.detail}, []
    except DataError as error:
        return {"status": 422, "detail": f"the image {error}"}, []
    # Whatever is raised concerns this picture alone.
    except Exception as error:
        return {"status": 422, "detail": f"the image cannot be read ({one_line(error)}); save it again"}, []


def _file(kind: str, body: bytes, most: int, field: str) -> tuple[bytes, dict[str, str]]:
    """Return the file that is sent, as a body or in a form's field, and the form's texts. Raises Refusal."""
    form = kind.partition(";")[0].strip().lower() == "multipart/form-data"
    if not form and field != "image":
        raise Refusal(422, f"the model takes an image {field} besides: send a form, curl -F {field}=@photo.jpg")
    image, texts = image_in(kind, body, field) if form else (body, {})
    if len(image) > most:
        raise Refusal(413, f"an image of more than {most:,} bytes; send a smaller one")
    if not image:
        raise Refusal(422, "the image is empty (0 bytes); send the file's bytes")
    return image, texts


class _TooManyError(Exception):
    """An image has more pixels than are decoded; its `size` is (width, height)."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size


def _check(pixels: int, facts: Facts) -> None:
    if SEVERAL in facts.note:
        raise Refusal(422, "an animation, or a file of several images; send a single image")
    bytes_a_pixel = facts.channels * int(facts.dtype.strip("uintfloa")) // 8
    if facts.width * facts.height * max(BYTES_A_PIXEL, bytes_a_pixel) > BYTES_A_PIXEL * pixels:
        raise _TooManyError((facts.width, facts.height))


def _message(image: Image.Image | Array | Deep) -> Message:
    profile = companions_of(image).get("icc_profile", b"")
    profile = profile if len(profile) <= _PROFILE else b""
    if isinstance(image, Image.Image):
        return {"size": image.size, "mode": image.mode}, [image.tobytes(), profile]
    pixels, alpha = (image.pixels, image.alpha) if isinstance(image, Deep) else (image, False)
    head = {"size": pixels.shape[1::-1], "shape": pixels.shape, "dtype": str(pixels.dtype), "alpha": alpha}
    return head, [pixels.tobytes(), profile]


def _address_space() -> int:
    """Return about how many bytes this process addresses so far."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 2**30


def _bound(memory: int) -> None:
    """Bound this process by so many bytes from now on."""
    if resource is not None:
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        # Some systems have the limit and do not let it be set.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (memory, most))


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """End this process where the context takes longer: the server, which should have done so, is gone."""
    set_timer = getattr(signal, "setitimer", lambda *_: None)
    set_timer(getattr(signal, "ITIMER_REAL", 0), seconds)
    yield
    set_timer(getattr(signal, "ITIMER_REAL", 0), 0)


if __name__ == "__main__":
    main()
