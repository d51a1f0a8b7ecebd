"""Label maps: images whose values name classes, and the palette that says which."""

import colorsys
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gantk.data.dataset import Array, Images
from gantk.data.windows import BYTES, Window, from_window
from gantk.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

Colour = tuple[int, int, int]

MOST = 4096
"""Classes at most: images of more values are pictures."""

_COLOUR = r"(?:0x|#)[0-9a-fA-F]{6}"

_ENTRY = re.compile(rf"({_COLOUR}|\d{{1,9}})\s+(\S.*?)(?:\s+({_COLOUR}))?(\s+\(ignored\))?")


@dataclass(frozen=True)
class Palette:
    """The classes of label maps, in the order of their ids.

    Attributes:
        values: the pixel value that stands for each class in files: (grey,) or (red, green, blue).
        names: what the classes are called; empty: by their values.
        colours: in which they are shown; empty: in those of their values, or in colours far apart.
        ignored: the id of the class that stands for pixels of no class, which losses and scores leave out; None: none.
    """

    values: tuple[tuple[int, ...], ...]
    names: tuple[str, ...] = ()
    colours: tuple[Colour, ...] = ()
    ignored: int | None = None

    def __post_init__(self) -> None:
        if not self.names:
            object.__setattr__(self, "names", tuple(map(said, self.values)))
        if not self.colours:
            object.__setattr__(self, "colours", tuple(map(_shown, self.values, range(len(self)))))

    def __len__(self) -> int:
        """Return the number of classes."""
        return len(self.values)

    @classmethod
    def read(cls, entries: Sequence[str]) -> Self:
        """Return the palette that texts say, one for each class: `7 road`, `7 road 0x804080`, `0x804080 road`.

        A text is a grey value and a name, and a colour if one is wanted, or a colour and a name; `(ignored)` ends the
        one that is of no class. Raises DataError.
        """
        values: list[tuple[int, ...]] = []
        names: list[str] = []
        colours: list[Colour] = []
        ignored: list[int] = []
        for entry in filter(None, map(str.strip, entries)):
            found = _ENTRY.fullmatch(entry)
            if found is None:
                raise DataError(
                    f"classes: {entry!r} is no class: say a value and a name, as in 7 road or 0x804080 road"
                )
            value, name, colour, left_out = found.groups()
            ignored += [len(values)] if left_out else []
            values.append((int(value),) if value.isdecimal() else _triple(value))
            names.append(name)
            colours.append(_triple(colour) if colour else _shown(values[-1], len(colours)))
        if not values or len(set(values)) < len(values) or len(set(map(len, values))) > 1:
            raise DataError("classes: every class needs a value of its own, all of them grey values or all colours")
        if len(ignored) > 1:
            raise DataError(f"classes: {names[ignored[0]]} and {names[ignored[1]]} are both (ignored): say it of one")
        return cls(tuple(values), tuple(names), tuple(colours), next(iter(ignored), None))

    @property
    def entries(self) -> tuple[str, ...]:
        """The palette as `read` takes it."""
        grey = len(self.values[0]) == 1
        lines = zip(self.values, self.names, self.colours, strict=True)
        entries = [f"{said(value)} {name}{' ' + said(colour) if grey else ''}" for value, name, colour in lines]
        return tuple(f"{line} (ignored)" if id_ == self.ignored else line for id_, line in enumerate(entries))

    def ids(self, image: Array) -> Array:
        """Return the ids (H, W, 1) of an image (H, W, C). Raises DataError for a value that is of no class."""
        codes = _codes(image)
        places = np.searchsorted(self._sorted[0], codes).clip(max=len(self) - 1)
        if (self._sorted[0][places] != codes).any():
            strange = value_of(codes[self._sorted[0][places] != codes].flat[0], image.shape[2])
            raise DataError(f"a label map holds the value {said(strange)}, which is no class{self.nearest(strange)}")
        ids: Array = self._sorted[1][places][:, :, None]
        return ids

    def coloured(self, ids: "Tensor") -> "Tensor":
        """Return ids (N, H, W) as images (N, 3, H, W) in [-1, 1], each class in its colour."""
        import torch

        colours = from_window(torch.tensor(self.colours, dtype=torch.float32, device=ids.device), BYTES)
        return colours[ids.long()].permute(0, 3, 1, 2)

    def one_hot(self, ids: "Tensor") -> "Tensor":
        """Return ids (N, H, W) as float32 (N, classes, H, W): 1 in the channel of a pixel's class, else 0."""
        import torch

        shape = (ids.shape[0], len(self), *ids.shape[1:])
        return torch.zeros(shape, device=ids.device).scatter_(1, ids.long().unsqueeze(1), 1.0)

    def nearest(self, value: tuple[int, ...]) -> str:
        """Return what to say of the class whose value is the nearest; nothing where values are of another kind."""
        if len(self.values[0]) != len(value):
            return ""
        apart = [sum((one - other) ** 2 for one, other in zip(value, known, strict=True)) for known in self.values]
        nearest = apart.index(min(apart))
        name = "" if self.names[nearest] == said(self.values[nearest]) else f" ({self.names[nearest]})"
        return f"; the nearest is {said(self.values[nearest])}{name}"

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        """The codes of all values in their order, and the id of each."""
        codes = _codes(np.array(self.values, np.int64)[:, None])[:, 0]
        order = np.argsort(codes)
        return codes[order], order.astype(np.uint8 if len(self) <= 256 else np.uint16)


@dataclass(frozen=True)
class LabelMaps:
    """A column of label maps: images whose values a palette knows, read as their ids.

    Attributes:
        images: the label maps as they are stored.
        palette: the classes of their values.
    """

    images: Images
    palette: Palette

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8 if len(self.palette) <= 256 else np.uint16)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Array:
        """Return the ids (H, W, 1) of a label map."""
        return self.palette.ids(self.images[index])


@dataclass(frozen=True)
class Coloured:
    """A column of images, RGB of uint8, that show label maps in the colours of their classes."""

    maps: LabelMaps
    channels: int = 3
    window: Window = BYTES

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.maps)

    def __getitem__(self, index: int) -> Array:
        colours: Array = np.array(self.maps.palette.colours, np.uint8)[self.maps[index][:, :, 0]]
        return colours


def values_in(image: Array) -> list[int]:
    """Return the codes of the values that an image (H, W, C) holds, at most one more than there can be classes.

    Of an image whose values cannot name classes, that is none.
    """
    return [int(code) for code in np.unique(_codes(image))[: MOST + 1]] if _names_classes(image) else []


def palette_of(codes: Sequence[int], channels: int) -> Palette:
    """Return the palette of the values that were found, in their order.

    Raises DataError where they are too many, or none that can name classes.
    """
    if not codes or codes[0] < 0:
        raise DataError("are no label maps: their pixels are neither whole numbers from 0 nor colours")
    if len(codes) > MOST:
        raise DataError(f"hold more than {MOST} values, so they are pictures and no label maps")
    return Palette(tuple(value_of(code, channels) for code in codes))


def _codes(image: Array) -> Array:
    """Return one whole number for the value of each pixel."""
    if not _names_classes(image):
        raise DataError("a label map holds pixels that are neither whole numbers nor colours")
    whole = image.astype(np.int64)
    codes: Array = whole[..., 0] if image.shape[-1] == 1 else whole @ np.array([65536, 256, 1])
    return codes


def _names_classes(image: Array) -> bool:
    return image.shape[-1] in (1, 3) and not (image.dtype.kind == "f" and bool((image != np.round(image)).any()))


def value_of(code: int, channels: int) -> tuple[int, ...]:
    """Return the value that a code stands for: (grey,) or (red, green, blue)."""
    return (int(code),) if channels == 1 else (int(code) >> 16, int(code) >> 8 & 255, int(code) & 255)


def _triple(digits: str) -> Colour:
    return int(digits[-6:-4], 16), int(digits[-4:-2], 16), int(digits[-2:], 16)


def said(value: Sequence[int]) -> str:
    """Return a value as users write it: `7`, `0x804080`."""
    return str(value[0]) if len(value) == 1 else "0x{:02x}{:02x}{:02x}".format(*value)


def _shown(value: Sequence[int], number: int) -> Colour:
    """Return the colour of a class: its value's own, or one that is far from those of its neighbours."""
    if len(value) == 3:
        return value[0], value[1], value[2]
    red, green, blue = colorsys.hsv_to_rgb(number * 0.618 % 1, 0.75 if number % 2 else 0.55, 0.95 if number else 0.0)
    return round(255 * red), round(255 * green), round(255 * blue)
