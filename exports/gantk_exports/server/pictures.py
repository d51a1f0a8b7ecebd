"""Pictures as they come and go over HTTP: read with care, written in the type that is wanted."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from gantk.errors import one_line
from gantk.runtime.card import Card
from gantk.runtime.images import LOSSY, pictured
from gantk_exports.server.limits import Limits, Refusal

READ = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF")
"""The formats that are read: Pillow knows more, some of which start other programs."""

_WRITTEN = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/tiff": "TIFF"}
_MODES = {
    "PNG": {"L", "LA", "RGB", "RGBA", "I;16"},
    "JPEG": {"L", "RGB"},
    "WEBP": {"L", "LA", "RGB", "RGBA"},
    "TIFF": {"F"},
}
_LONGEST = {"JPEG": 65500, "WEBP": 16383}

_SCANS = 200
"""A JPEG has some ten scans; each costs a pass over the image, and a few bytes are one."""


def read(body: bytes, card: Card, limits: Limits) -> Image.Image:
    """Return a picture the right way up. Raises Refusal where it is none, is broken, animated, or too large."""
    Image.init()
    try:
        with Image.open(BytesIO(body), formats=[name for name in READ if name in Image.OPEN]) as picture:
            limits.check_picture(*picture.size)
            limits.check_worth(card, *picture.size)
            # A camera's MPO holds one photograph, its further frames being previews.
            if picture.format != "MPO" and getattr(picture, "is_animated", False):
                raise Refusal(422, "an animation, or a file of several images; send a single image")
            if picture.format in ("JPEG", "MPO") and body.count(b"\xff\xda") > _SCANS:
                raise Refusal(422, f"a JPEG of more than {_SCANS} scans; save it again")
            return ImageOps.exif_transpose(picture)
    except Refusal:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal(422, f"too many pixels: this server takes up to {limits.pixels:,}; send a smaller one") from error
    except UnidentifiedImageError as error:
        raise Refusal(422, f"no image that can be read; send one as {', '.join(READ)}") from error
    except Exception as error:
        raise Refusal(422, f"cannot be read as an image ({one_line(error)}); is it whole?") from error


def profile(picture: Image.Image) -> bytes | None:
    """Return the colour profile of a picture in RGB."""
    found: bytes | None = picture.info.get("icc_profile") if picture.mode in ("RGB", "RGBA", "P") else None
    return found


def offers(card: Card) -> list[str]:
    """Return the types that a model's images can be written as, the best first; none: no picture can hold them."""
    port = card.image_out
    if not pictured(port.channels, port.pixel):
        return []
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
