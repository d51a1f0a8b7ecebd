"""What an exported model says of itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import GantkError, UsageError

Task = Literal["translate", "generate", "encode", "score"]

PREFIX = "gantk."
"""What a card's keys begin with in a file's metadata."""

PLAIN = ("version", "plugin", "graph", "task", "data", "licence", "created", "precision", "onnxruntime")
"""Fields of a card that are words there; the others are JSON."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """An image that a model takes or gives.

    Attributes:
        name: the tensor's name.
        kind: what it is: "image".
        key: what the data calls such images ("image", "a", "target"); empty: unknown.
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
    key: str = ""
    layout: Literal["NHWC", "NCHW"] = "NHWC"
    dtype: str
    channels: int
    colour: str = ""
    range: tuple[float, float]
    pixel: str
    window: tuple[float, float]

    def to_tensor(self, images: Array) -> Array:
        """Return images (N, H, W, C) in this tensor's layout."""
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2)) if self.layout == "NCHW" else images

    def from_tensor(self, tensor: Array) -> Array:
        """Return images (N, H, W, C) of this tensor."""
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
        fits = opacity is not None and self.channels in (1, 3) and opacity.dtype == pixels.dtype
        return np.concatenate([pixels, opacity], 2) if fits else pixels


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A vector or a category that a model takes or gives.

    Attributes:
        name: the tensor's name.
        kind: "latent", drawn by the caller; "category", drawn or said by the caller; "vector", given by the model.
        layout: "NC", or "N" for one number a sample.
        dtype: the type of its values.
        length: numbers a sample.
        distribution: what a latent's numbers are drawn from ("normal": N(0, 1), "uniform": U(-1, 1)), or empty.
        stream: the stream of `gantk.runtime.random` from which it is drawn.
        categories: how many categories there are; 0: it is none.
        names: names of the categories, or empty.
    """

    name: str
    kind: Literal["latent", "category", "vector"]
    layout: Literal["NC", "N"] = "NC"
    dtype: str = "float32"
    length: int = 1
    distribution: Literal["normal", "uniform", ""] = ""
    stream: int = 0
    categories: int = 0
    names: tuple[str, ...] = ()

    def category(self, said: str | int) -> int:
        """Return the index of a category that is said by its name, capitals apart where that is clear, or its index.

        Raises UsageError where there is no such category.
        """
        if said in self.names:
            return self.names.index(str(said))
        if isinstance(said, str):
            alike = [index for index, name in enumerate(self.names) if name.casefold() == said.casefold()]
            if len(alike) == 1:
                return alike[0]
        index = int(said) if str(said).isdecimal() else -1
        if not 0 <= index < self.categories:
            known = f"{', '.join(self.names)}, or " if self.names else ""
            raise UsageError(f"no {self.name} is called {said}: say {known}a number from 0 to {self.categories - 1}")
        return index


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model is, what it takes and gives, and where it comes from.

    Attributes:
        version: the gantk that wrote it.
        plugin: the plugin whose recipe trained it.
        graph: which of the recipe's graphs it is.
        task: what it does: "translate", "generate", "encode" or "score".
        inputs: the tensors it takes.
        outputs: the tensors it gives.
        size: height and width in pixels of its images, where it takes no other, one number where they are equal; None:
            any.
        batch: how many samples it takes at once, where it takes no other number; None: any.
        trained_size: height and width of the images that it was trained on; None: unknown.
        multiple: the graph pads height and width to a multiple of this many pixels.
        minimum: the graph pads height and width to at least this many pixels.
        mode: how batch norm ("running", "image" or "none") and dropout ("off") behave.
        halo: pixels of context that a tile needs; None: unknown.
        classes: names of the labels.
        data: what it was trained on.
        licence: SPDX identifier of that data, or empty.
        created: ISO date.
        parity: largest difference from torch by the shapes of the tested inputs, and the output's name where there are
            several: in an image's values; of a vector, relative to its largest number.
        precision: "fp32", "fp16" (weights of 16 bits) or "int8" (convolutions of 8 bits).
        fidelity: of another precision than fp32, how like the full model's its answers are: PSNR in dB (`psnr`), that
            of the worst input (`worst`, `worst_input`), over how many `inputs`, and the limit that was set (`least`).
        step: the checkpoint of the run that it was exported from; None: unknown.
        opset: the version of ONNX's operators that it is written in; None: unknown.
        onnxruntime: the first version of ONNX Runtime that reads it, such as "1.17"; empty: unknown.
    """

    version: str
    plugin: str
    graph: str
    task: Task
    inputs: tuple[Port | Numbers, ...]
    outputs: tuple[Port | Numbers, ...]
    size: int | tuple[int, int] | None = None
    batch: int | None = None
    trained_size: int | None = None
    multiple: int = 1
    minimum: int = 1
    mode: Mapping[str, str]
    halo: int | None = None
    classes: tuple[str, ...] = ()
    data: str = ""
    licence: str = ""
    created: str
    parity: Mapping[str, float] = field(default_factory=dict)
    precision: str = "fp32"
    fidelity: Mapping[str, float] = field(default_factory=dict)
    step: int | None = None
    opset: int | None = None
    onnxruntime: str = ""

    @property
    def sides(self) -> tuple[int, int] | None:
        """Height and width in pixels of its images, where it takes no other; None: any."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def image_in(self) -> Port:
        """The image that it takes. Raises GantkError where it takes none, or more than that."""
        return self._image("takes", self.inputs)

    @property
    def image_out(self) -> Port:
        """The image that it gives. Raises GantkError where it gives none, or more than that."""
        return self._image("gives", self.outputs)

    @property
    def fits_task(self) -> bool:
        """Whether its tensors are such as its task takes and gives."""
        takes, gives = ([isinstance(port, Port) for port in ports] for ports in (self.inputs, self.outputs))
        return {
            "translate": takes == [True] and gives == [True],
            "generate": not any(takes) and gives == [True],
            "encode": takes == [True] and not any(gives),
            "score": takes == [True] and gives == [False],
        }[self.task]

    def _image(self, verb: str, ports: tuple[Port | Numbers, ...]) -> Port:
        port = ports[0]
        if len(ports) == 1 and isinstance(port, Port):
            return port
        names = ", ".join(port.name for port in ports)
        raise GantkError(
            f"{self.graph} of {self.plugin}: a model that {self.task}s images {verb} no single image, but {names}; "
            f"use gantk {self.task}"
        )

    def metadata(self) -> dict[str, str]:
        """Return the card as an ONNX file's metadata: strings only, whatever is no word being JSON."""
        values = asdict(self)
        return {PREFIX + key: value if key in PLAIN else json.dumps(value) for key, value in values.items()}

    def json(self) -> str:
        """Return the card as JSON text, its keys named as in the metadata."""
        return json.dumps({PREFIX + key: value for key, value in asdict(self).items()}, indent=2) + "\n"


def _rescaled(values: Array, old: tuple[float, float], new: tuple[float, float]) -> Array:
    scale = (new[1] - new[0]) / (old[1] - old[0])
    return (values.astype(np.float32) - np.float32(old[0])) * np.float32(scale) + np.float32(new[0])
