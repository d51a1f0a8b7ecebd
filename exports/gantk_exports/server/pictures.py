"""Pictures as they come and go over HTTP: read with care, written in the type that is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from gantk.runtime.card import Card
from gantk.runtime.images import LOSSY, Deep, pictured
from gantk.runtime.ports import Port
from gantk_exports.server.decoder_program import BYTES_A_PIXEL
from gantk_exports.server.decoders import Decoders
from gantk_exports.server.limits import Limits
from gantk_exports.server.refusal import Refusal

_WRITTEN = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/tiff": "TIFF"}
_MODES = {
    "PNG": {"L", "LA", "P", "RGB", "RGBA", "I;16"},
    "JPEG": {"L", "RGB"},
    "WEBP": {"L", "LA", "RGB", "RGBA"},
    "TIFF": {"F"},
}
_LONGEST = {"JPEG": 65500, "WEBP": 16383}


@dataclass(frozen=True)
class ReadImage:
    """An image that was read.

    Attributes:
        width, height: its size in pixels.
        image: itself; None: it was too large to be decoded.
        texts: the texts of the other fields of the form that it came in.
    """

    width: int
    height: int
    image: Image.Image | Deep | None
    texts: Mapping[str, str]


class Pictures:
    """Reads pictures by decoding processes, up to their limits. Belongs to one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._decoders = Decoders(limits.decoding_seconds)

    def start(self) -> None:
        """Make the first picture as quick as later ones."""
        self._decoders.start()

    def close(self) -> None:
        """End the decoding processes."""
        self._decoders.close()

    async def read(self, kind: str, body: bytes, card: Card, most: int, port: Port | None = None) -> ReadImage:
        """Return the image that the body of a request of type `kind` holds, the right way up, if it can be decoded.

        `port` is the further input that it is for, whose name its field of a form has; None: the first, which is in
        `image`. One of more than `most` pixels is not decoded. Raises Refusal where it is none, or more than the model
        can take.
        """
        limits, source = self._limits, port or card.image_in
        # Ids may be of 16 bits; a picture of 8 is read as it is all the same.
        pixel = source.pixel if source.palette is None else "uint16"
        said = {"kind": kind, "pixel": pixel, "bytes": limits.body, "pixels": most, "memory": limits.memory(most)}
        said["field"] = "image" if port is None else port.name
        found, parts = await self._decoders.ask(said, body)
        if "status" in found:
            raise Refusal(found["status"], found["detail"])
        width, height = found["size"]
        if port is None:
            limits.check_picture(card, width, height)
        if not parts and most == limits.pixels:
            allowed = BYTES_A_PIXEL * limits.pixels / 1e6
            raise Refusal(422, f"an image that decodes to more than {allowed:.0f} MB; send a smaller one")
        return ReadImage(width, height, _image(found, *parts) if parts else None, found.get("texts", {}))


def _image(found: dict[str, Any], pixels: bytes, profile: bytes) -> Image.Image | Deep:
    """Return an image as the process that decoded it describes it."""
    companions = {"icc_profile": profile} if profile else {}
    if "mode" not in found:
        array = np.frombuffer(pixels, found["dtype"]).reshape(found["shape"])
        return Deep(array, found["alpha"], "", companions)
    picture = Image.frombytes(found["mode"], found["size"], pixels)
    picture.info.update(companions)
    return picture


def offers(card: Card) -> list[str]:
    """Return the types that a model's images can be written as, the best first; none: no picture can hold them."""
    port = card.image_out
    if not pictured(port.channels, port.pixel):
        return []
    if port.palette is not None:
        return ["image/png"]
    kinds = {"uint8": ("image/png", "image/webp", "image/jpeg"), "uint16": ("image/png",), "float32": ("image/tiff",)}
    return list(kinds[port.pixel])


def write(picture: Image.Image, kinds: Sequence[str], icc_profile: bytes | None = None) -> tuple[bytes, str]:
    """Return a picture as a file of the first of these types that can hold it, and the type. Raises Refusal."""
    for kind in kinds:
        name = _WRITTEN[kind]
        if picture.mode not in _MODES[name] or max(picture.size) > _LONGEST.get(name, max(picture.size)):
            continue
        file = BytesIO()
        options: dict[str, Any] = dict(LOSSY.get(name, {}))
        if icc_profile and picture.mode in ("RGB", "RGBA"):
            options["icc_profile"] = icc_profile
        picture.save(file, name, **options)
        return file.getvalue(), kind
    width, height = picture.size
    what = f"an answer of {width}x{height} pixels in mode {picture.mode}"
    raise Refusal(406, f"{', '.join(kinds)} cannot hold {what}; accept image/png too")
