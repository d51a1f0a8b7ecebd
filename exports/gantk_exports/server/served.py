"""A model on offer: what waits for it, and the way through it from bytes to bytes."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gantk.data.dataset import Array
from gantk.runtime.generation import drawn
from gantk.runtime.images import pixels_to_picture
from gantk.runtime.model import Model
from gantk.runtime.sheets import sheet
from gantk.runtime.taking import Taken, take
from gantk_exports.server.batching import Batcher, Values
from gantk_exports.server.limits import Limits, Refusal, worth
from gantk_exports.server.pictures import offers, profile, read, write


@dataclass(frozen=True)
class Prepared:
    """A picture that is ready for a model.

    Attributes:
        taken: its pixels, and how the model's become a picture again.
        values: the model's input tensors.
        cost: pixels that the model computes for it.
        profile: its colour profile.
    """

    taken: Taken
    values: Values
    cost: int
    profile: bytes | None


class Served:
    """A model on offer.

    Attributes:
        name: what it goes by.
        model: the model.
        kinds: the types that its images can be written as.
    """

    def __init__(self, name: str, model: Model, limits: Limits) -> None:
        self.name = name
        self.model = model
        self.batcher = Batcher(model.call, limits.batch_size, 2 * limits.pixels)
        self.kinds = offers(model.card) if model.card.task in ("translate", "generate") else []
        self._limits = limits
        self._inside = 0

    @property
    def wait(self) -> str:
        """Seconds until what is in work now will be done, as the header Retry-After says it."""
        return str(max(1, math.ceil(self._inside * self.batcher.seconds)))

    def check_room(self) -> None:
        """Raise Refusal where as many requests are in work as may be."""
        if self._inside >= self._limits.queue:
            line = f"{self.name} has {self._inside} requests in work already; try again in {self.wait} s"
            raise Refusal(429, line, {"Retry-After": self.wait})

    @contextmanager
    def room(self) -> Iterator[None]:
        """Count a request as in work while the context lasts. Raises Refusal where there are too many."""
        self.check_room()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    def prepare(self, body: bytes) -> Prepared:
        """Return an image file ready for the model. Raises Refusal or DataError where the model cannot take it."""
        card = self.model.card
        picture = read(body, card, self._limits)
        taken = take(picture, card)
        values = (card.image_in.to_tensor(taken.batch),)
        return Prepared(taken, values, worth(card, *picture.size), profile(picture))

    def picture(self, prepared: Prepared, outputs: Values, kinds: Sequence[str]) -> tuple[bytes, str]:
        """Return the translation of a picture as a file, and its type. Raises Refusal where the type cannot hold it."""
        images = self.model.card.image_out.from_tensor(outputs[0])
        return write(prepared.taken.give(images), kinds, prepared.profile)

    def numbers(self, outputs: Values) -> dict[str, Any]:
        """Return the vectors or numbers of one sample by their names; what is not finite is None, as JSON needs it."""
        names = (port.name for port in self.model.card.outputs)
        return {name: _plain(output[0]) for name, output in zip(names, outputs, strict=True)}

    def draw(self, asked: Any) -> list[Values]:
        """Return the input tensors of what is asked of a generator, in batches. Raises UsageError."""
        card = self.model.card
        settings = {"seed": asked.seed, "start": asked.start, "truncation": asked.truncation, "said": asked.said()}
        values = drawn(card, asked.count, **settings)
        tensors, size = [values[port.name] for port in card.inputs], self._limits.batch_size
        return [tuple(tensor[first : first + size] for tensor in tensors) for first in range(0, asked.count, size)]

    def sheet(self, outputs: Sequence[Values], columns: int | None, kinds: Sequence[str]) -> tuple[bytes, str]:
        """Return generated images as one file, and its type. Raises Refusal where the type cannot hold them."""
        port = self.model.card.image_out
        pixels = port.to_pixels(port.from_tensor(np.concatenate([images for (images,) in outputs])))
        return write(pixels_to_picture(sheet(pixels, port.window[1], columns)), kinds)


def _plain(value: Array) -> Any:
    """Return numbers as JSON has them."""
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        return np.where(np.isfinite(value), value.astype(object), np.array(None)).tolist()
    return value.tolist()
