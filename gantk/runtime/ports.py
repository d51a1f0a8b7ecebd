"""The tensors that an exported model takes and gives, as its card describes them."""

import unicodedata
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Literal

import numpy as np

from gantk.data.dataset import Array
from gantk.data.palettes import Palette
from gantk.errors import UsageError

LABELS = "labels"
"""The type of pixels that name classes: whatever a file has, its table of colours too."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """An image or a label map that a model takes or gives.

    Attributes:
        name: the tensor's name.
        kind: what it is: "image", or "labels".
        key: what the data calls such images ("image", "a", "target"); empty: unknown.
        layout: the order of its dimensions; of a label map, whose values are ids of classes, there are no channels.
        dtype: the type of its values.
        channels: channels of each image.
        colour: order of the channels ("RGB", "grey", "RGBA"), or empty where they are no colours.
        range: the tensor's values that the network knows as -1 and 1.
        pixel: the type of the values in the image files that it was trained on.
        window: the values in those files that the network knows as -1 and 1; of a label map, the least and largest id.
        palette: the classes of a label map; None: it is an image.
    """

    name: str
    kind: Literal["image", "labels"] = "image"
    key: str = ""
    layout: Literal["NHWC", "NCHW", "NHW"] = "NHWC"
    dtype: str
    channels: int
    colour: str = ""
    range: tuple[float, float]
    pixel: str
    window: tuple[float, float]
    palette: Palette | None = None

    @property
    def reads(self) -> str:
        """What `read` is told of the values that are wanted of an image file."""
        return self.pixel if self.palette is None else LABELS

    def to_tensor(self, images: Array) -> Array:
        """Return images (N, H, W, C) in this tensor's layout."""
        if self.layout == "NHW":
            return np.ascontiguousarray(images[..., 0])
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2)) if self.layout == "NCHW" else images

    def from_tensor(self, tensor: Array) -> Array:
        """Return images (N, H, W, C) of this tensor."""
        if self.layout == "NHW":
            return tensor[..., None]
        return tensor.transpose(0, 2, 3, 1) if self.layout == "NCHW" else tensor

    def from_pixels(self, pixels: Array) -> Array:
        """Return pixels as this tensor's values."""
        if self.dtype == self.pixel and self.range == self.window:
            return pixels
        return _rescaled(pixels, self.window, self.range).astype(self.dtype)

    def to_pixels(self, values: Array) -> Array:
        """Return this tensor's values as pixels, rounded and clamped where those are whole numbers."""
        if self.dtype == self.pixel and self.range == self.window:
            return values
        pixels = _rescaled(values, self.range, self.window)
        if np.issubdtype(np.dtype(self.pixel), np.integer):
            limits = np.iinfo(self.pixel)
            pixels = np.clip(np.rint(pixels), limits.min, limits.max)
        return pixels.astype(self.pixel)

    def with_opacity(self, pixels: Array, opacity: Array | None) -> Array:
        """Return pixels (h, W, C) of this image with an opacity (h, W, 1) of the same type, where they have a place."""
        fits = (
            opacity is not None and self.palette is None and self.channels in (1, 3) and opacity.dtype == pixels.dtype
        )
        return np.concatenate([pixels, opacity], 2) if fits else pixels


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A vector, a category, a number or a text that a model takes or gives.

    Attributes:
        name: the tensor's name.
        kind: "latent", drawn by the caller; "category", drawn or said by the caller; "scalar", a number that the caller
            may say; "caption", a text that the caller says, as the numbers of its words; "vector", given by the model.
        layout: "NC", "N" for one number a sample, or "N..." for what has the shape `shape` a sample.
        dtype: the type of its values.
        length: numbers a sample.
        shape: a latent's lengths behind the batch, such as (3, 16, 16) of noise for an image; empty: (length,).
        distribution: what a latent's numbers are drawn from ("normal": N(0, 1), "uniform": U(-1, 1)), or "zero" where
            they are 0 unless they are said, or empty.
        stream: the stream of `gantk.runtime.random` from which it is drawn.
        categories: how many categories there are; 0: it is none.
        names: names of the categories, or empty.
        default: the category or the number where the caller says none; None: there is none.
        low: the least number that a scalar can be; None: any.
        high: the largest number that a scalar can be; None: any.
        words: the words of captions that it knows, the first of which has the number 1; empty: it is no caption.
        rule: how a text becomes the numbers of its words, which is `gantk.data.words.RULE`; empty: it is no caption.
    """

    name: str
    kind: Literal["latent", "category", "scalar", "caption", "vector"]
    layout: Literal["NC", "N", "N..."] = "NC"
    dtype: str = "float32"
    length: int = 1
    shape: tuple[int, ...] = ()
    distribution: Literal["normal", "uniform", "zero", ""] = ""
    stream: int = 0
    categories: int = 0
    names: tuple[str, ...] = ()
    default: float | None = None
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()
    rule: str = ""

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of its tensor behind the batch."""
        return () if self.layout == "N" else self.shape or (self.length,)

    @property
    def known(self) -> str:
        """What a category can be said as."""
        names = f"{', '.join(self.names)}, or " if self.names else ""
        return f"{names}a number from 0 to {self.categories - 1}"

    def category(self, said: str | int) -> int:
        """Return the index of a category that is said by its name, or by its index.

        Capitals do not matter where it is clear which is meant, nor how umlauts and accents are composed.

        Raises UsageError where there is no such category.
        """
        if said in self.names:
            return self.names.index(str(said))
        if isinstance(said, str):
            alike = [index for index, name in enumerate(self.names) if _folded(name) == _folded(said)]
            if len(alike) == 1:
                return alike[0]
        index = int(said) if str(said).isdecimal() else -1
        if not 0 <= index < self.categories:
            raise UsageError(f"no {self.name} is called {said}: say {self.known}")
        return index

    @property
    def limits(self) -> str:
        """The limits of a scalar, in words that follow "a number"."""
        return (f" from {self.low:g}" if self.low is not None else "") + (
            f" to {self.high:g}" if self.high is not None else ""
        )

    def number(self, said: object) -> float:
        """Return a scalar's number that is said as one, or as text. Raises UsageError where it cannot be that."""
        try:
            value = float(said)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            value = nan
        low, high = (-inf if self.low is None else self.low), (inf if self.high is None else self.high)
        if not (isfinite(value) and low <= value <= high):
            raise UsageError(f"{self.name} is a number{self.limits}, not {said}")
        return value


def _rescaled(values: Array, old: tuple[float, float], new: tuple[float, float]) -> Array:
    scale = (new[1] - new[0]) / (old[1] - old[0])
    return (values.astype(np.float32) - np.float32(old[0])) * np.float32(scale) + np.float32(new[0])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
