"""What a server takes, and how it refuses what it does not take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gantk.runtime.card import Card, Port

MEBI = 2**20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What bounds a request, and all of them together.

    Attributes:
        batch_size: samples that run together at most.
        queue: requests for one model that are in work at most; further ones are refused.
        body: bytes of a request's body at most.
        pixels: pixels of an image at most.
        seconds: how long a request may take, from its first byte to its answer.
    """

    batch_size: int = 8
    queue: int = 128
    body: int = 16 * MEBI
    pixels: int = 2**21
    seconds: float = 60.0

    @property
    def bodies(self) -> int:
        """Bytes of all bodies that are in memory at most, together."""
        return 32 * self.body

    @property
    def connections(self) -> int:
        """Connections that are open at most."""
        return 4 * self.queue + 64

    @property
    def samples(self) -> int:
        """Images that a request can have generated at most."""
        return 64

    def check_picture(self, width: int, height: int) -> None:
        """Raise Refusal where a picture has too many pixels."""
        if width * height > self.pixels:
            raise Refusal(
                422, f"an image of {width}x{height} pixels: this server takes up to {self.pixels:,}; send a smaller one"
            )

    def check_worth(self, card: Card, width: int, height: int) -> None:
        """Raise Refusal where a picture of few pixels costs a model as much as one of far too many."""
        if worth(card, width, height) > 2 * self.pixels:
            raise Refusal(
                422, f"an image of {width}x{height} pixels is too long and narrow for this model; cut it in pieces"
            )


class Refusal(Exception):  # noqa: N818 (it reads well after raise)
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status.
        detail: what was wrong, and what to do.
        headers: headers of the answer.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def worth(card: Card, width: int, height: int) -> int:
    """Return how many pixels a model computes for a picture: padded, or on the way to its one size."""
    if not isinstance(card.inputs[0], Port):
        return 0
    if card.sides is not None:
        return max(card.sides) * max(*card.sides, width, height)
    sides = (max(side, card.minimum) for side in (width, height))
    return math.prod(math.ceil(side / card.multiple) * card.multiple for side in sides)
