"""What a caller gives, as the batch that a model takes; and the model's answer in the same kind."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from gantk.data.dataset import Array
from gantk.errors import DataError
from gantk.runtime.card import Card, Port
from gantk.runtime.images import picture_to_pixels, pixels_to_picture, read


@dataclass(frozen=True)
class Taken:
    """Images ready for a model.

    Attributes:
        batch: (N, H, W, C) in the type of the model's input.
        give: makes the model's answer (N, H, W, C) to this batch into the kind of image that was taken.
    """

    batch: Array
    give: Callable[[Array], Any]


def take(image: object, card: Card) -> Taken:
    """Return what a caller gave as a batch: a picture, a path, or an array (H, W), (H, W, C) or (N, H, W, C).

    Raises DataError where the model cannot take it.
    """
    if isinstance(image, str | Path):
        image = read(Path(image))
    if isinstance(image, Image.Image):
        return _take_picture(image, card.inputs[0], card.outputs[0])
    if isinstance(image, np.ndarray):
        return _take_array(image, card.inputs[0], card.outputs[0])
    raise DataError(f"a model takes a PIL image, a path or a NumPy array, not {type(image).__name__}")


def _take_picture(image: Image.Image, source: Port, target: Port) -> Taken:
    pixels, alpha = picture_to_pixels(ImageOps.exif_transpose(image), source.pixel, source.channels)

    def give(batch: Array) -> Image.Image:
        return pixels_to_picture(target.to_pixels(batch[0]), alpha)

    return Taken(source.from_pixels(pixels[None]), give)


def _take_array(array: Array, source: Port, target: Port) -> Taken:
    given = array.ndim
    if given == 2:
        array = array[..., None]
    if given not in (2, 3, 4) or array.shape[-1] != source.channels or 0 in array.shape:
        channels = source.channels
        kinds = f"(H, W, {channels}) or (N, H, W, {channels}){', or (H, W)' if channels == 1 else ''}"
        raise DataError(f"the model takes an array {kinds}, not one of shape {(*array.shape[:given],)}")
    batch = array if given == 4 else array[None]
    pixels = array.dtype == source.pixel and array.dtype != source.dtype
    if not pixels and not _same_kind(array, source):
        kinds = " or ".join(dict.fromkeys([source.dtype, source.pixel]))
        raise DataError(f"the model takes an array of {kinds}, not of {array.dtype}")

    def give(answer: Array) -> Array:
        if pixels:
            answer = target.to_pixels(answer)
        if given == 2 and target.channels == 1:
            answer = answer[..., 0]
        return answer if given == 4 else answer[0]

    return Taken(source.from_pixels(batch) if pixels else batch.astype(source.dtype, copy=False), give)


def _same_kind(array: Array, source: Port) -> bool:
    floats = np.issubdtype(array.dtype, np.floating) and source.dtype == "float32"
    return bool(floats or array.dtype == source.dtype)
