"""A model on offer: what waits for it, and the way through it from bytes to bytes."""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from gantk.data.dataset import Array
from gantk.errors import UsageError
from gantk.runtime.generation import Column, drawn
from gantk.runtime.images import Deep, companions_of, pixels_to_picture
from gantk.runtime.inputs import Taken
from gantk.runtime.model import Model
from gantk.runtime.ports import Port
from gantk.runtime.sheets import sheet
from gantk_exports.server.batcher import Batcher, Values
from gantk_exports.server.fields import given
from gantk_exports.server.limits import Limits, worth
from gantk_exports.server.pictures import offers, write
from gantk_exports.server.refusal import Refusal

_BATCHES = 4
"""Batches of what is drawn, of the largest that there are, that are in memory at most."""

_TILE = 512
"""Side in pixels of a square that has as many as a strip."""


@dataclass(frozen=True)
class Prepared:
    """A picture that is ready for a model.

    Attributes:
        taken: its pixels, and how the model's become a picture again.
        values: the model's input tensors.
        cost: pixels that the model computes for it.
        whole: whether it runs whole, beside others; else alone, in strips.
        profile: its colour profile.
    """

    taken: Taken
    values: Values
    cost: int
    whole: bool
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
        self._size = min(limits.batch_size, model.card.at_once)
        self.batcher = Batcher(model.call, self._size, 2 * limits.whole, model.stop)
        # What waits for its turn has been drawn: of noise that is large, for a few requests alone.
        self.drawing = asyncio.Semaphore(max(1, min(limits.queue, _BATCHES * model.card.at_once // self._size)))
        self._strips = model.apart()
        self.alone = Batcher(self._in_strips, 1, 0, self._strips.stop)
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

    def check_strips(self, width: int, height: int) -> None:
        """Raise Refusal where a picture is too large to run whole, and the model cannot run in strips."""
        if self._runs_whole(width, height):
            return
        try:
            self.model.require("translate")
            self._strips.cut()
        except UsageError:
            whole = f"{self.name} takes up to {self._limits.whole:,}"
            raise Refusal(422, f"an image of {width}x{height} pixels: {whole}; send a smaller one") from None

    def close(self) -> None:
        """Let the threads end."""
        self.batcher.close()
        self.alone.close()

    def prepare(self, image: Image.Image | Deep, said: Mapping[str, Any]) -> Prepared:
        """Return an image ready for the model, with its further inputs as they are said.

        Raises DataError where the model cannot take an image, UsageError where an input cannot be what is said.
        """
        card = self.model.card
        if isinstance(image, Deep) and (card.task == "translate" or str(image.pixels.dtype) != card.image_in.pixel):
            what = f"an image of {image.pixels.shape[2]} channels of {image.pixels.dtype}"
            raise Refusal(422, f"{what}, which no answer can hold; send grey or RGB, or run {self.name} in Python")
        size = image.size if isinstance(image, Image.Image) else image.pixels.shape[1::-1]
        taken = given(card, said).take(image)
        values = tuple(card.tensors(taken.batch, taken.further))
        profile = companions_of(image).get("icc_profile")
        return Prepared(taken, values, worth(card, *size), self._runs_whole(*size), profile)

    async def run(self, prepared: Prepared) -> Values:
        """Return what the model gives for a picture. Raises GantkError where it cannot be run."""
        if prepared.whole:
            return await self.batcher.submit(prepared.values, prepared.cost)
        return await self.alone.submit(prepared.values)

    def _runs_whole(self, width: int, height: int) -> bool:
        card, most = self.model.card, self._limits.whole
        return card.sides is not None or (width * height <= most and worth(card, width, height) <= 2 * most)

    def _in_strips(self, *values: Array) -> Values:
        """Return what the model gives for the tensors of one picture, with the memory of a small one."""
        card = self.model.card
        rows = {
            port.name: port.from_tensor(value) if isinstance(port, Port) else value
            for port, value in zip(card.inputs, values, strict=True)
        }
        image = rows.pop(card.image_in.name)
        return (card.image_out.to_tensor(self._strips.run(image, rows, tile=_TILE)),)

    def picture(self, prepared: Prepared, outputs: Values, kinds: Sequence[str]) -> tuple[bytes, str]:
        """Return the translation of a picture as a file, and its type. Raises Refusal where the type cannot hold it."""
        images = self.model.card.image_out.from_tensor(outputs[0])
        return write(prepared.taken.give(images), kinds, prepared.profile)

    def numbers(self, outputs: Values) -> dict[str, Any]:
        """Return the vectors or numbers of one sample by their names; what is not finite is None, as JSON needs it."""
        names = (port.name for port in self.model.card.outputs)
        return {name: _plain(output[0]) for name, output in zip(names, outputs, strict=True)}

    def draw(self, asked: Any) -> list[Callable[[], Values]]:
        """Return what makes the input tensors of what is asked of a generator, for each batch. Raises UsageError."""
        card = self.model.card
        settings = {"seed": asked.seed, "start": asked.start, "truncation": asked.truncation, "said": asked.said()}
        values = drawn(card, asked.count, **settings)
        rows, size = [values[port.name] for port in card.inputs], self._size
        return [partial(_batch, rows, slice(first, first + size)) for first in range(0, asked.count, size)]

    def sheet(self, outputs: Sequence[Values], columns: int | None, kinds: Sequence[str]) -> tuple[bytes, str]:
        """Return generated images as one file, and its type. Raises Refusal where the type cannot hold them."""
        port = self.model.card.image_out
        pixels = port.to_pixels(port.from_tensor(np.concatenate([images for (images,) in outputs])))
        return write(pixels_to_picture(sheet(pixels, port.window[1], columns)), kinds)


def _batch(rows: Sequence[Column], which: slice) -> Values:
    return tuple(column[which] for column in rows)


def _plain(value: Array) -> Any:
    """Return numbers as JSON has them."""
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        return np.where(np.isfinite(value), value.astype(object), np.array(None)).tolist()
    return value.tolist()
