"""What a caller gives, as the batch that a model takes; and the model's images in the same kind."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from PIL import Image, ImageOps

from gantk.data.dataset import Array
from gantk.errors import DataError
from gantk.runtime.card import Card, Port
from gantk.runtime.images import picture_to_pixels, pixels_to_picture, read
from gantk.runtime.resizing import fitted

Item = TypeVar("Item")


@dataclass(frozen=True)
class Taken:
    """Images ready for a model.

    Attributes:
        batch: (N, H, W, C) in the type of the model's input.
        single: whether one image was given, not an array of several.
        give: makes the images (N, H, W, C) that a model gives for this batch into the kind of image that was taken.
    """

    batch: Array
    single: bool
    give: Callable[[Array], Any]


@dataclass(frozen=True)
class Entry(Generic[Item]):
    """Something to be done with an image: the image ready for a model, or the problem that it has."""

    item: Item
    taken: Taken | None
    problem: str = ""


def take(image: object, card: Card) -> Taken:
    """Return what a caller gave as a batch: a picture, a path, or an array (H, W), (H, W, C) or (N, H, W, C).

    A picture is brought to the size of a model that takes no other. Raises DataError where the model cannot take it,
    GantkError where it takes no image.
    """
    source = card.image_in
    if isinstance(image, str | Path):
        image = read(Path(image))
    if isinstance(image, Image.Image):
        return _take_picture(image, source, card)
    if isinstance(image, np.ndarray):
        return _take_array(image, source, card)
    raise DataError(f"a model takes a PIL image, a path or a NumPy array, not {type(image).__name__}")


def in_batches(entries: Iterable[Entry[Item]], size: int) -> Iterator[list[Entry[Item]]]:
    """Yield neighbours that can run together: up to `size` images of one shape; what has a problem comes alone."""
    waiting: list[Entry[Item]] = []
    for entry in entries:
        if waiting and (len(waiting) >= size or _shape(entry) != _shape(waiting[0]) or entry.taken is None):
            yield waiting
            waiting = []
        waiting.append(entry)
    if waiting:
        yield waiting


def _shape(entry: Entry[Item]) -> tuple[int, ...]:
    return entry.taken.batch.shape[1:] if entry.taken else ()


def _take_picture(image: Image.Image, source: Port, card: Card) -> Taken:
    pixels, alpha = picture_to_pixels(ImageOps.exif_transpose(image), source.pixel, source.channels)
    if card.size is not None:
        pixels = fitted(pixels, card.size)
        alpha = alpha and Image.fromarray(fitted(np.asarray(alpha)[..., None], card.size)[..., 0])

    def give(images: Array) -> Image.Image:
        return pixels_to_picture(card.image_out.to_pixels(images[0]), alpha)

    return Taken(source.from_pixels(pixels[None]), True, give)


def _take_array(array: Array, source: Port, card: Card) -> Taken:
    given = array.ndim
    if given == 2:
        array = array[..., None]
    if given not in (2, 3, 4) or array.shape[-1] != source.channels or 0 in array.shape:
        channels = source.channels
        kinds = f"(H, W, {channels}) or (N, H, W, {channels}){', or (H, W)' if channels == 1 else ''}"
        raise DataError(f"the model takes an array {kinds}, not one of shape {(*array.shape[:given],)}")
    batch = array if given == 4 else array[None]
    if card.size is not None and batch.shape[1:3] != (card.size, card.size):
        height, width = batch.shape[1:3]
        raise DataError(f"the model takes {card.size}x{card.size} pixels, and an array as it is, not {height}x{width}")
    pixels = array.dtype == source.pixel and array.dtype != source.dtype
    if not pixels and not _same_kind(array, source):
        kinds = " or ".join(dict.fromkeys([source.dtype, source.pixel]))
        raise DataError(f"the model takes an array of {kinds}, not of {array.dtype}")

    def give(images: Array) -> Array:
        target = card.image_out
        if pixels:
            images = target.to_pixels(images)
        if given == 2 and target.channels == 1:
            images = images[..., 0]
        return images if given == 4 else images[0]

    return Taken(source.from_pixels(batch) if pixels else batch.astype(source.dtype, copy=False), given != 4, give)


def _same_kind(array: Array, source: Port) -> bool:
    floats = np.issubdtype(array.dtype, np.floating) and source.dtype == "float32"
    return bool(floats or array.dtype == source.dtype)
