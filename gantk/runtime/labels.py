"""Label maps as callers have them, as the ids that a model takes; and a model's ids as pictures."""

from functools import lru_cache

import numpy as np
from PIL import Image

from gantk.data.dataset import Array
from gantk.data.palettes import Palette
from gantk.errors import DataError
from gantk.runtime.images import Deep, pixels_to_picture
from gantk.runtime.ports import Port

_MOST_COLOURS = 256
"""Colours that the table of a PNG holds."""


def ids_of(image: Image.Image | Array | Deep, palette: Palette) -> Array:
    """Return the ids (H, W, 1) of a label map: a picture that is the right way up, or an array (H, W) or (H, W, C).

    Its values are those that the label maps of the training have. Of a map that has others, colours may be those in
    which the classes are shown, and grey values the ids where the training's have colours; a picture with a table of
    colours may mean its indices. Opacity is left out. Raises DataError, with the class whose value is nearest, where a
    value is of no class.
    """
    problem: DataError | None = None
    for number, pixels in enumerate(_pixels(image)):
        for reading in _readings(palette, pixels):
            try:
                return reading.ids(_grey(pixels) if len(reading.values[0]) == 1 else _coloured(pixels))
            except DataError as error:
                # Of what was tried the first is the likeliest; who gives one channel means no colours.
                likelier = number == 0 and pixels.shape[2] == len(reading.values[0]) == 1
                problem = error if problem is None or likelier else problem
    assert problem is not None
    raise problem


def batch_of_ids(array: Array, port: Port) -> Array:
    """Return label maps (H, W), (H, W, 1 or 3) or (N, H, W, 1 or 3) as ids (N, H, W, 1) of a tensor's type."""
    if array.ndim not in (2, 3, 4) or (array.ndim > 2 and array.shape[-1] not in (1, 3)) or 0 in array.shape:
        raise DataError(
            f"the model takes label maps as arrays (H, W), (H, W, 1 or 3) or (N, H, W, 1 or 3), not {array.shape}"
        )
    assert port.palette is not None
    maps = [ids_of(each, port.palette) for each in (array if array.ndim == 4 else [array])]
    return np.stack(maps).astype(port.dtype)


def picture_of(pixels: Array, port: Port, alpha: Image.Image | None = None) -> Image.Image:
    """Return pixels (H, W, C) of a port as a picture; a label map as its ids, with the table of its colours.

    `alpha` is the opacity of the image that it was made of. Raises DataError where no picture has such channels.
    """
    if port.palette is None:
        return pixels_to_picture(pixels, alpha)
    image = pixels_to_picture(pixels)
    if len(port.palette) <= _MOST_COLOURS:
        image = Image.frombytes("P", image.size, image.tobytes())
        image.putpalette([channel for colour in port.palette.colours for channel in colour])
    return image


def _pixels(image: Image.Image | Array | Deep) -> list[Array]:
    """Return what the pixels (H, W, 1 or 3) of a label map may be, the likeliest first."""
    if isinstance(image, np.ndarray):
        return [image.reshape(*image.shape[:2], -1)]
    if isinstance(image, Deep):
        return [image.pixels[:, :, : image.pixels.shape[2] - image.alpha]]
    if image.mode == "P":
        return [np.asarray(image.convert("RGB")), np.asarray(image)[:, :, None]]
    array = np.asarray(image.convert("L") if image.mode == "1" else image)
    array = array.reshape(*array.shape[:2], -1)
    return [array[:, :, :-1] if image.mode in ("LA", "RGBA", "La", "RGBa") else array]


@lru_cache(maxsize=16)
def _of_colours_and_ids(palette: Palette) -> tuple[Palette, Palette]:
    """Return palettes whose values are the colours in which classes are shown, and their ids."""
    shown = Palette(palette.colours, palette.names)
    return shown, Palette(tuple((number,) for number in range(len(palette))), palette.names)


def _readings(palette: Palette, pixels: Array) -> list[Palette]:
    """Return what values may mean, the likeliest first."""
    shown, ids = _of_colours_and_ids(palette)
    grey = pixels.shape[2] == 1 or bool((pixels == pixels[:, :, :1]).all())
    if len(palette.values[0]) == 1:
        told_apart = len(set(palette.colours)) == len(palette)
        return [*([palette] if grey else []), *([shown] if told_apart or not grey else [])]
    return [palette, *([ids] if grey else [])]


def _grey(pixels: Array) -> Array:
    return pixels[:, :, :1]


def _coloured(pixels: Array) -> Array:
    return pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels
