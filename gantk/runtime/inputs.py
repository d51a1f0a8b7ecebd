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
from gantk.runtime.arrays import as_type, batch_of, is_own
from gantk.runtime.card import Card
from gantk.runtime.fitted import fitted, nearest
from gantk.runtime.images import Deep, is_picture, picture_to_pixels, read, read_bytes, turned
from gantk.runtime.labels import batch_of_ids, ids_of, picture_of
from gantk.runtime.ports import Port

Item = TypeVar("Item")


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
class ReadyImage(Generic[Item]):
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
    if source.palette is not None:
        return _take_labels(image, source, card)
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
    if port.palette is not None:
        if isinstance(image, np.ndarray):
            return batch_of_ids(image, port)
        return ids_of(_upright(image), port.palette)[None].astype(port.dtype)
    if isinstance(image, Deep):
        return port.from_pixels(with_channels(image.pixels, image.alpha, port.channels)[None])
    if isinstance(image, Image.Image):
        return port.from_pixels(picture_to_pixels(turned(image), port.pixel, port.channels)[0][None])
    return batch_of(image, port)


def _opened(image: object, port: Port) -> Image.Image | Array | Deep:
    """Return a picture or an array as it is, and an image file's. Raises DataError where it is none."""
    if isinstance(image, str | Path):
        image = read(Path(image), port.reads)
    elif isinstance(image, bytes) or hasattr(image, "read"):
        image = read_bytes(image if isinstance(image, bytes) else _bytes(image), port.reads)
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


def in_batches(entries: Iterable[ReadyImage[Item]], size: int) -> Iterator[list[ReadyImage[Item]]]:
    """Yield neighbours that can run together: up to `size` images of one shape; what has a problem comes alone."""
    waiting: list[ReadyImage[Item]] = []
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


def _shape(entry: ReadyImage[Item]) -> tuple[int, ...]:
    return entry.taken.batch.shape[1:] if entry.taken else ()


def _upright(image: Image.Image | Deep) -> Image.Image | Deep:
    return turned(image) if isinstance(image, Image.Image) else image


def _take_labels(image: Image.Image | Array | Deep, source: Port, card: Card) -> Taken:
    """Take a label map; what is given back is an array for an array, else a picture where one can hold it."""
    values, target = values_of(image, source), card.image_out if card.task == "translate" else None
    other = card.sides not in (None, values.shape[1:3])
    if other and card.sides is not None:
        if isinstance(image, np.ndarray):
            raise _another_size(card.sides, values.shape[1:3])
        values = nearest(values[0], card.sides)[None]

    def give(images: Array) -> Any:
        assert target is not None
        pixels = target.to_pixels(images)
        if isinstance(image, np.ndarray):
            pixels = pixels if target.palette is None else pixels[..., 0]
            return pixels if image.ndim == 4 else pixels[0]
        return picture_of(pixels[0], target) if is_picture(pixels) else pixels[0]

    single = not (isinstance(image, np.ndarray) and image.ndim == 4)
    return Taken(values, single, give, other)


def _another_size(wanted: tuple[int, int], found: tuple[int, ...]) -> DataError:
    return DataError(
        f"the model takes {wanted[0]}x{wanted[1]} pixels, and an array as it is, not {found[0]}x{found[1]}"
    )


def _take_picture(image: Image.Image, source: Port, card: Card) -> Taken:
    pixels, alpha = picture_to_pixels(turned(image), source.pixel, source.channels)
    other = card.sides not in (None, pixels.shape[:2])
    if card.sides is not None:
        pixels = fitted(pixels, card.sides)
        alpha = alpha and Image.fromarray(fitted(np.asarray(alpha)[..., None], card.sides)[..., 0])
    if alpha is not None:
        alpha = Image.fromarray(as_given(np.asarray(alpha)[..., None], card)[..., 0])

    def give(images: Array) -> Image.Image:
        return picture_of(card.image_out.to_pixels(images[0]), card.image_out, alpha)

    return Taken(source.from_pixels(pixels[None]), True, give, other)


def _take_deep(image: Deep, source: Port, card: Card) -> Taken:
    """Take 16 bits of colour; what is given back is an array, which has the opacity again."""
    pixels = with_channels(image.pixels, image.alpha, source.channels)
    opacity = image.pixels[:, :, -1:] if image.alpha and source.channels != 4 else None
    other = card.sides not in (None, pixels.shape[:2])
    if card.sides is not None:
        pixels, opacity = fitted(pixels, card.sides), None if opacity is None else fitted(opacity, card.sides)
    opacity = None if opacity is None else as_given(opacity, card)

    def give(images: Array) -> Array | Image.Image:
        if card.image_out.palette is not None:
            return picture_of(images[0], card.image_out)
        return card.image_out.with_opacity(card.image_out.to_pixels(images[0]), opacity)

    return Taken(source.from_pixels(pixels[None]), True, give, other)


def as_given(opacity: Array, card: Card) -> Array:
    """Return the opacity (H, W, 1) of an image at the size of what the model makes of it."""
    height, width = (card.scaled(length) for length in opacity.shape[:2])
    return fitted(opacity, (height, width))


def _take_array(array: Array, source: Port, card: Card) -> Taken:
    batch, given = batch_of(array, source), array.ndim
    if card.sides is not None and batch.shape[1:3] != card.sides:
        raise _another_size(card.sides, batch.shape[1:3])

    def give(images: Array) -> Array:
        target = card.image_out
        if target.palette is not None:
            return images[..., 0] if given == 4 else images[0, ..., 0]
        if not is_own(array, source):
            images = as_type(target.to_pixels(images), str(array.dtype))
        if given == 2 and target.channels == 1:
            images = images[..., 0]
        return images if given == 4 else images[0]

    return Taken(batch, given != 4, give)
