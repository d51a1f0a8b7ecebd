"""What a caller gives, as the batch that a model takes; and the model's images in the same kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from PIL import Image

from gantk.data.dataset import Array
from gantk.data.formats.known import NUMPY
from gantk.data.formats.limits import MAX_FILE
from gantk.data.pixels import with_channels
from gantk.errors import DataError, one_line
from gantk.runtime.card import Card
from gantk.runtime.images import Deep, picture_to_pixels, pixels_to_picture, read, read_bytes, turned
from gantk.runtime.ports import Port
from gantk.runtime.resizing import fitted

Item = TypeVar("Item")

_TOPS = {"uint8": 255, "uint16": 65535, "float16": 1, "float32": 1, "float64": 1}
"""The largest value of a pixel by its type."""


@dataclass(frozen=True)
class Taken:
    """Images ready for a model.

    Attributes:
        batch: (N, H, W, C) in the type of the model's input.
        single: whether one image was given, not an array of several.
        give: makes the images (N, H, W, C) that a model gives for this batch into the kind of image that was taken.
        fitted: whether it was scaled and cut to the one size that the model takes.
        further: rows of the model's further inputs by name, images as (N, H, W, C).
    """

    batch: Array
    single: bool
    give: Callable[[Array], Any]
    fitted: bool = False
    further: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry(Generic[Item]):
    """Something to be done with an image: the image ready for a model, or the problem that it has."""

    item: Item
    taken: Taken | None
    problem: str = ""


def take(image: object, card: Card) -> Taken:
    """Return what a caller gave as a batch: a picture, an array (H, W), (H, W, C) or (N, H, W, C), or an image file.

    A file is its path, its bytes, or what it was opened to, in binary mode.

    A picture is brought to the size of a model that takes no other. For a file of 16-bit colour an array is given back,
    since no picture holds it. Raises DataError where the model cannot take it,
    GantkError where it takes no image.
    """
    source = card.image_in
    image = _opened(image, source)
    if isinstance(image, Deep):
        return _take_deep(image, source, card)
    if isinstance(image, Image.Image):
        return _take_picture(image, source, card)
    return _take_array(image, source, card)


def values_of(image: object, port: Port) -> Array:
    """Return an image as values of a tensor, (N, H, W, C), at its own size; it is given as to `take`.

    Raises DataError where the model cannot take it.
    """
    image = _opened(image, port)
    if isinstance(image, Deep):
        return port.from_pixels(with_channels(image.pixels, image.alpha, port.channels)[None])
    if isinstance(image, Image.Image):
        return port.from_pixels(picture_to_pixels(turned(image), port.pixel, port.channels)[0][None])
    return _batch_of(image, port)


def _opened(image: object, port: Port) -> Image.Image | Array | Deep:
    """Return a picture or an array as it is, and an image file's. Raises DataError where it is none."""
    if isinstance(image, str | Path):
        image = read(Path(image), port.pixel)
    elif isinstance(image, bytes) or hasattr(image, "read"):
        image = read_bytes(image if isinstance(image, bytes) else _bytes(image), port.pixel)
    if isinstance(image, Deep) and image.format == NUMPY:
        return image.pixels
    if not isinstance(image, Deep | Image.Image | np.ndarray):
        raise DataError(f"a model takes a PIL image, a NumPy array or an image file, not {type(image).__name__}")
    return image


def _bytes(file: Any) -> bytes:
    """Return what is left to read of an open file."""
    try:
        data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise DataError(f"a file cannot be read: {one_line(error)}") from error
    if not isinstance(data, bytes):
        raise DataError("a file of images is opened in binary mode: open(path, 'rb')")
    if len(data) > MAX_FILE:
        raise DataError(f"a file has more than {MAX_FILE:,} bytes")
    return data


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


def joined(takens: Sequence[Taken]) -> tuple[Array, dict[str, Array]]:
    """Return the batches of images of one shape as one, and the rows of their further inputs."""
    further = {name: np.concatenate([taken.further[name] for taken in takens]) for name in takens[0].further}
    return np.concatenate([taken.batch for taken in takens]), further


def _shape(entry: Entry[Item]) -> tuple[int, ...]:
    return entry.taken.batch.shape[1:] if entry.taken else ()


def _take_picture(image: Image.Image, source: Port, card: Card) -> Taken:
    pixels, alpha = picture_to_pixels(turned(image), source.pixel, source.channels)
    other = card.sides not in (None, pixels.shape[:2])
    if card.sides is not None:
        pixels = fitted(pixels, card.sides)
        alpha = alpha and Image.fromarray(fitted(np.asarray(alpha)[..., None], card.sides)[..., 0])
    if alpha is not None:
        alpha = Image.fromarray(as_given(np.asarray(alpha)[..., None], card)[..., 0])

    def give(images: Array) -> Image.Image:
        return pixels_to_picture(card.image_out.to_pixels(images[0]), alpha)

    return Taken(source.from_pixels(pixels[None]), True, give, other)


def _take_deep(image: Deep, source: Port, card: Card) -> Taken:
    """Take 16 bits of colour; what is given back is an array, which has the opacity again."""
    pixels = with_channels(image.pixels, image.alpha, source.channels)
    opacity = image.pixels[:, :, -1:] if image.alpha and source.channels != 4 else None
    other = card.sides not in (None, pixels.shape[:2])
    if card.sides is not None:
        pixels, opacity = fitted(pixels, card.sides), None if opacity is None else fitted(opacity, card.sides)
    opacity = None if opacity is None else as_given(opacity, card)

    def give(images: Array) -> Array:
        return card.image_out.with_opacity(card.image_out.to_pixels(images[0]), opacity)

    return Taken(source.from_pixels(pixels[None]), True, give, other)


def as_given(opacity: Array, card: Card) -> Array:
    """Return the opacity (H, W, 1) of an image at the size of what the model makes of it."""
    height, width = (card.scaled(length) for length in opacity.shape[:2])
    return fitted(opacity, (height, width))


def _take_array(array: Array, source: Port, card: Card) -> Taken:
    batch, given = _batch_of(array, source), array.ndim
    if card.sides is not None and batch.shape[1:3] != card.sides:
        (height, width), (wanted, across) = batch.shape[1:3], card.sides
        raise DataError(f"the model takes {wanted}x{across} pixels, and an array as it is, not {height}x{width}")

    def give(images: Array) -> Array:
        target = card.image_out
        if not _is_own(array, source):
            images = _as_type(target.to_pixels(images), str(array.dtype))
        if given == 2 and target.channels == 1:
            images = images[..., 0]
        return images if given == 4 else images[0]

    return Taken(batch, given != 4, give)


def _batch_of(array: Array, port: Port) -> Array:
    """Return an array as values (N, H, W, C) of a tensor. Raises DataError where it cannot be that."""
    given = array.ndim
    if given == 2:
        array = array[..., None]
    if given not in (2, 3, 4) or array.shape[-1] != port.channels or 0 in array.shape:
        channels = port.channels
        kinds = f"(H, W, {channels}) or (N, H, W, {channels}){', or (H, W)' if channels == 1 else ''}"
        raise DataError(f"the model takes an array {kinds}, not one of shape {(*array.shape[:given],)}")
    batch = array if given == 4 else array[None]
    if _is_own(array, port):
        return batch.astype(port.dtype, copy=False)
    if port.pixel not in ("uint8", "uint16"):
        # What its values mean, the data alone knows.
        raise DataError(f"the model takes an array of {port.dtype}, not of {array.dtype}")
    return port.from_pixels(_as_type(batch, port.pixel))


def _is_own(array: Array, port: Port) -> bool:
    """Return whether an array holds values as a tensor has them."""
    return array.dtype == port.dtype or (array.dtype.kind == "f" and port.dtype == "float32")


def _as_type(array: Array, dtype: str) -> Array:
    """Return pixels in another type by its whole range: 0 to 255 or 65,535 of whole numbers, 0 to 1 of floats.

    Raises DataError where a type has no such range, or floats lie outside of it.
    """
    if str(array.dtype) == dtype:
        return array
    tops = [_TOPS.get(kind, 0) for kind in (str(array.dtype), dtype)]
    if not all(tops):
        raise DataError(f"the model takes an array of {dtype}, not of {array.dtype}")
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise DataError(
            f"an array of {array.dtype} holds values from 0 to 1, and this one {array.min():.4g} to {array.max():.4g}; "
            f"give {dtype}"
        )
    values = array.astype(np.float64) * (tops[1] / tops[0])
    return (values if tops[1] == 1 else np.rint(values)).astype(dtype)
