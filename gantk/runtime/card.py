"""What an exported model says of itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import GantkError

_PREFIX = "gantk."
_PLAIN = ("version", "plugin", "graph", "task", "data", "licence", "created")


@dataclass(frozen=True, kw_only=True)
class Port:
    """One input or output of a model.

    Attributes:
        name: the tensor's name.
        kind: what it is.
        layout: the order of its dimensions.
        dtype: the type of its values.
        channels: channels of each image.
        colour: order of the channels ("RGB", "grey", "RGBA"), or empty where they are no colours.
        range: the tensor's values that the network knows as -1 and 1.
        pixel: the type of the values in the image files that it was trained on.
        window: the values in those files that the network knows as -1 and 1.
    """

    name: str
    kind: str = "image"
    layout: Literal["NHWC", "NCHW"] = "NHWC"
    dtype: str
    channels: int
    colour: str = ""
    range: tuple[float, float]
    pixel: str
    window: tuple[float, float]

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


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model is, what it takes and gives, and where it comes from.

    Attributes:
        version: the gantk that wrote it.
        plugin: the plugin whose recipe trained it.
        graph: which of the recipe's graphs it is.
        task: what it does ("translate").
        inputs: the tensors it takes.
        outputs: the tensors it gives.
        multiple: the graph pads height and width to a multiple of this many pixels.
        minimum: the graph pads height and width to at least this many pixels.
        mode: how batch norm ("running", "image" or "none") and dropout ("off") behave.
        halo: pixels of context that a tile needs; None: unknown.
        classes: names of the labels.
        data: what it was trained on.
        licence: SPDX identifier of that data, or empty.
        created: ISO date.
        parity: largest difference from torch in the output's values, by the shape of the tested input.
    """

    version: str
    plugin: str
    graph: str
    task: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    multiple: int
    minimum: int
    mode: Mapping[str, str]
    halo: int | None
    classes: tuple[str, ...] = ()
    data: str = ""
    licence: str = ""
    created: str
    parity: Mapping[str, float] = field(default_factory=dict)

    def metadata(self) -> dict[str, str]:
        """Return the card as an ONNX file's metadata: strings only, whatever is no word being JSON."""
        values = asdict(self)
        return {_PREFIX + key: value if key in _PLAIN else json.dumps(value) for key, value in values.items()}

    def json(self) -> str:
        """Return the card as JSON text, its keys named as in the metadata."""
        return json.dumps({_PREFIX + key: value for key, value in asdict(self).items()}, indent=2) + "\n"


def read_card(metadata: Mapping[str, str], where: Path) -> Card:
    """Return the card in an ONNX file's metadata. Raises GantkError, naming the file where it was."""
    if not any(key.startswith(_PREFIX) for key in metadata):
        raise GantkError(f"{where}: an ONNX file, but not one that gantk wrote; `gantk export RUN` writes one")
    values: dict[str, Any] = {}
    for key in (item.name for item in fields(Card)):
        try:
            text = metadata[_PREFIX + key]
            values[key] = text if key in _PLAIN else json.loads(text)
            if key in ("inputs", "outputs"):
                values[key] = tuple(_port(port) for port in values[key])
        except (KeyError, TypeError, ValueError):
            raise GantkError(f"{where}: its {_PREFIX}{key} cannot be read; export it again with this gantk") from None
    return Card(**{**values, "classes": tuple(values["classes"])})


def _port(values: dict[str, Any]) -> Port:
    return Port(**{**values, "range": tuple(values["range"]), "window": tuple(values["window"])})


def _rescaled(values: Array, old: tuple[float, float], new: tuple[float, float]) -> Array:
    scale = (new[1] - new[0]) / (old[1] - old[0])
    return (values.astype(np.float32) - np.float32(old[0])) * np.float32(scale) + np.float32(new[0])
