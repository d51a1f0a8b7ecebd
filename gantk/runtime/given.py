"""What a caller says of a model's inputs besides the image: each by its name, what is not said by its default."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, SupportsIndex

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import DataError, UsageError
from gantk.runtime.captions import unsaid
from gantk.runtime.card import Card
from gantk.runtime.fitted import fitted, nearest
from gantk.runtime.generation import drawn_rows, rows_of, spread
from gantk.runtime.inputs import Taken, take, values_of
from gantk.runtime.ports import Numbers, Port
from gantk.text import pasted

NOTHING: Mapping[str, Array] = MappingProxyType({})
"""The rows of no further input."""


class Given:
    """The inputs of a model besides its first image, for images of any size.

    A latent that nobody says is sample 0 of the seed for every image, so that what an image becomes does not hang on
    its neighbours. A category is said, if it has no default. Further images are brought to the first one's size, as
    `fitted` does it.

    Args:
        card: what the model says of itself.
        said: values by input: an image as the model takes its first one, a category by name or index, a scalar by a
            number, a caption by its text, a latent by an array; of the last four also one for each image.
        seed: what latents follow from that are not said.

    Raises UsageError where there is no such input, or one must be said and is not, or cannot be what was said;
    DataError where an image cannot be taken.
    """

    def __init__(self, card: Card, said: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        said = said or {}
        self._card = card
        first, *self._images = card.images_in
        self._numbers = card.numbers_in
        known = [port.name for port in card.inputs if port is not first]
        if unknown := [name for name in said if name not in known]:
            raise UsageError(
                f"the model takes no {unknown[0]}, only {', '.join(known) or 'its image'}"
                + (f" besides its {first.name}" if known else "")
            )
        if missing := [port for port in card.inputs if port.name in known and not _is_there(port, said)]:
            raise _wanted(missing[0])
        if not isinstance(seed, SupportsIndex):
            raise UsageError(f"seed is a whole number, not {seed!r}")
        self._rows = {port.name: _rows(port, said, int(seed)) for port in self._numbers}
        self._values = {port.name: _values(port, said[port.name]) for port in self._images}
        self._fitted: dict[tuple[str, tuple[int, int]], Array] = {}

    def take(self, image: object) -> Taken:
        """Return an image that is taken as `take` does it, with the rows of all other inputs.

        Raises what `take` raises, and UsageError where something is said for another number of images.
        """
        taken = take(image, self._card)
        count, height, width, _ = taken.batch.shape
        return replace(taken, further=self.tensors(count, (height, width)))

    def tensors(self, count: int, sides: tuple[int, int]) -> dict[str, Array]:
        """Return the rows of each input for `count` images (H, W): images as (N, H, W, C) of their tensor's type.

        Raises UsageError where something is said for another number of images.
        """
        made = {port.name: self._image(port, count, sides) for port in self._images}
        return made | {port.name: spread(port, self._rows[port.name], count) for port in self._numbers}

    def _image(self, port: Port, count: int, sides: tuple[int, int]) -> Array:
        images = self._fitted.get((port.name, sides))
        if images is None:
            bring = fitted if port.palette is None else nearest
            images = np.stack([bring(image, sides) for image in self._values[port.name]])
            # Images that follow one another mostly have one size: no other is kept.
            kept = {key: value for key, value in self._fitted.items() if key[1] == sides}
            self._fitted = {**kept, (port.name, sides): images}
        if len(images) not in (1, count):
            raise UsageError(f"{port.name}: {len(images)} images for {count}; say one, or one for each")
        return np.broadcast_to(images, (count, *images.shape[1:]))


def _is_there(port: Port | Numbers, said: Mapping[str, Any]) -> bool:
    """Return whether an input is said, or need not be."""
    return port.name in said or (isinstance(port, Numbers) and (port.kind == "latent" or port.default is not None))


def _wanted(port: Port | Numbers) -> UsageError:
    """Return the error of an input that must be said and is not."""
    if isinstance(port, Port):
        return UsageError(
            f"the model takes an image {port.name} besides: say --image {port.name}=FILE (in Python {port.name}=...)"
        )
    if port.kind == "caption":
        return unsaid(port)
    first = port.names[0] if port.names else "0"
    return UsageError(
        f"the model takes a category {port.name}: say {port.known}, such as --label {pasted(f'{port.name}={first}')} "
        f"(in Python {port.name}={first!r})"
    )


def _rows(port: Numbers, said: Mapping[str, Any], seed: int) -> Array:
    if port.name in said:
        return rows_of(port, said[port.name])
    if port.default is not None:
        return np.array([port.default])
    return drawn_rows(port, 1, seed=seed)


def _values(port: Port, image: Any) -> Array:
    try:
        return values_of(image, port)
    except DataError as error:
        raise DataError(f"{port.name}: {error}") from error
