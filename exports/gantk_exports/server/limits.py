"""The limits of what a server takes."""

import math
import sys
from dataclasses import dataclass

from gantk.runtime.card import Card
from gantk_exports.server.refusal import Refusal

MEBI = 2**20


WHOLE = 2**21
"""Pixels of a picture that runs whole, beside others; a larger one runs alone, in strips."""

_HEAD_SECONDS = 5.0
_DECODING_SECONDS = 10.0
_ROOM = 256 * MEBI
_COPIES = 12
"""How often a decoder may hold a picture: as it is stored, in planes, turned, converted."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What bounds a request, and all of them together.

    Attributes:
        batch_size: samples that run together at most.
        queue: requests for one model that are in work at most; further ones are refused.
        body: bytes of a request's body at most.
        pixels: pixels of a picture at most; each is decoded to 4 bytes at most.
        seconds: how long a request may take, from its first byte to its answer; a picture that is larger than `whole`
            may take as many times longer.
        grace: seconds that requests in work have once the server is told to end.
    """

    batch_size: int = 8
    queue: int = 128
    body: int = 16 * MEBI
    pixels: int = 2**25
    seconds: float = 60.0
    grace: float = 8.0

    def __str__(self) -> str:
        """What a user wants to know of them."""
        size, image = self.body / MEBI, self.pixels / 1e6
        return f"takes images of up to {image:.3g} megapixels and {size:g} MB, {self.seconds:g} s a request"

    @property
    def whole(self) -> int:
        """Pixels of a picture that runs whole at most."""
        return min(self.pixels, WHOLE)

    @property
    def head_seconds(self) -> float:
        """Seconds in which a request's head is there."""
        return min(_HEAD_SECONDS, self.seconds)

    @property
    def decoding_seconds(self) -> float:
        """Seconds in which a picture is decoded."""
        return min(_DECODING_SECONDS, self.seconds)

    @property
    def bodies(self) -> int:
        """Bytes of all bodies that are in memory at most, together."""
        return 32 * self.body

    @property
    def connections(self) -> int:
        """Connections that are open at most: no more than half of the files that the process may have open."""
        return min(4 * self.queue + 64, _open_files() // 2)

    @property
    def samples(self) -> int:
        """Images that a request can have generated at most."""
        return 64

    def memory(self, pixels: int) -> int:
        """Return how many bytes the decoding of so many pixels may take."""
        return _ROOM + _COPIES * 4 * pixels

    def longer(self, pixels: int) -> float:
        """Return how many times longer than others a request may take whose picture has so many pixels."""
        return max(1.0, pixels / self.whole)

    def check_picture(self, card: Card, width: int, height: int) -> None:
        """Raise Refusal where a picture has too many pixels, or few that cost a model as much."""
        if width * height > self.pixels:
            raise Refusal(
                422, f"an image of {width}x{height} pixels: this server takes up to {self.pixels:,}; send a smaller one"
            )
        if card.scaled(width) * card.scaled(height) > self.pixels:
            raise Refusal(
                422,
                f"an image of {width}x{height} pixels comes out {card.scale:g} times as large; this server gives up "
                f"to {self.pixels:,} pixels; send a smaller one",
            )
        if worth(card, width, height) > 2 * self.pixels:
            raise Refusal(
                422, f"an image of {width}x{height} pixels is too long and narrow for this model; cut it in pieces"
            )


def _open_files() -> int:
    """Return how many files this process may have open."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return sys.maxsize
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def worth(card: Card, width: int, height: int) -> int:
    """Return how many pixels a model computes for a picture: padded, or on the way to its one size."""
    if not card.images_in:
        return 0
    larger = math.ceil(max(1, card.scale) ** 2)
    if card.sides is not None:
        return max(card.sides) * max(*card.sides, width, height) * larger
    sides = (max(side, card.minimum) for side in (width, height))
    return math.prod(math.ceil(side / card.multiple) * card.multiple for side in sides) * larger
