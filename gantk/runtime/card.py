"""What an exported model says of itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from gantk.data.dataset import Array
from gantk.errors import GantkError
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import MOST_NUMBERS
from gantk.runtime.scale import scaled

Task = Literal["translate", "generate", "encode", "score"]

PREFIX = "gantk."
"""What a card's keys begin with in a file's metadata."""

STEP, TOGETHER = " worst step", " all steps in a row"
"""The ends of the keys of a sampler's parity: of its states, and of its outputs after all steps together."""

PLAIN = ("version", "plugin", "graph", "task", "data", "licence", "created", "precision", "onnxruntime")
"""Fields of a card that are words there; the others are JSON."""


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
        scale: pixels of the image that comes out, along a side, for each of those that go in: a whole number, or 1
            divided by one.
        batch: how many samples it takes at once, where it takes no other number; None: any.
        trained_size: height and width of the images that it was trained on, written likewise; None: unknown.
        multiple: the graph pads height and width to a multiple of this many pixels.
        minimum: the graph pads height and width to at least this many pixels.
        mode: how batch norm ("running", "image" or "none") and dropout ("off") behave.
        halo: pixels of context that a tile needs; None: unknown.
        classes: names of the labels.
        data: what it was trained on.
        licence: SPDX identifier of that data, or empty.
        credits: who made that data, where its licences ask to name them; a line each.
        created: ISO date.
        parity: largest difference from torch by the shapes of the tested inputs, and the output's name where there are
            several: in an image's values; of a vector, relative to its largest number. Of a sampler from torch's own
            last state, beside that of its states in the worst step, relative to the largest magnitude or 1, and, for
            information, that after all steps in a row.
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
    scale: float = 1
    batch: int | None = None
    trained_size: int | tuple[int, int] | None = None
    multiple: int = 1
    minimum: int = 1
    mode: Mapping[str, str]
    halo: int | None = None
    classes: tuple[str, ...] = ()
    data: str = ""
    licence: str = ""
    credits: tuple[str, ...] = ()
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
        """The image that is translated, encoded or scored: the first that it takes. Raises GantkError without one."""
        found = self.images_in
        return found[0] if found else self._image("takes", self.inputs)

    @property
    def images_in(self) -> tuple[Port, ...]:
        """The images that it takes; all have one height and width."""
        return tuple(port for port in self.inputs if isinstance(port, Port))

    @property
    def numbers_in(self) -> tuple[Numbers, ...]:
        """The vectors, categories, numbers and texts that it takes."""
        return tuple(port for port in self.inputs if isinstance(port, Numbers))

    @property
    def at_once(self) -> int:
        """How many samples are run together at most, so that the numbers that they are given fit into memory."""
        return max(1, MOST_NUMBERS // max(1, sum(port.length for port in self.numbers_in)))

    @property
    def image_out(self) -> Port:
        """The image that it gives. Raises GantkError where it gives none, or more than that."""
        return self._image("gives", self.outputs)

    @property
    def fits_task(self) -> bool:
        """Whether its tensors are such as its task takes and gives."""
        return fits(self.task, *([isinstance(port, Port) for port in ports] for ports in (self.inputs, self.outputs)))

    def tensors(self, batch: Array, further: Mapping[str, Array]) -> list[Array]:
        """Return all input tensors in order, for a batch (N, H, W, C) of the first image and rows of further inputs."""
        rows = {**further, self.image_in.name: batch}
        return [port.to_tensor(rows[port.name]) if isinstance(port, Port) else rows[port.name] for port in self.inputs]

    def scaled(self, length: int) -> int:
        """Return the pixels along a side of the image that comes out, for so many of those that go in."""
        return scaled(length, self.scale)

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
        values = self._values()
        return {PREFIX + key: value if key in PLAIN else json.dumps(value) for key, value in values.items()}

    def json(self) -> str:
        """Return the card as JSON text, its keys named as in the metadata."""
        return json.dumps({PREFIX + key: value for key, value in self._values().items()}, indent=2) + "\n"

    def _values(self) -> dict[str, Any]:
        """Return the fields by name, without those that older readers do not know where they say nothing."""
        values = asdict(self)
        if self.scale == 1:
            del values["scale"]
        if not self.credits:
            del values["credits"]
        for port in (*values["inputs"], *values["outputs"]):
            for name in ("default", "low", "high", "palette"):
                if port.get(name, 0) is None:
                    del port[name]
            for name in ("shape", "words", "rule"):
                if not port.get(name, 0):
                    port.pop(name, None)
        return values


def limited(parity: Mapping[str, float]) -> dict[str, float]:
    """Return the differences that must be small: all but those of a sampler after all steps in a row."""
    return {tried: value for tried, value in parity.items() if not tried.endswith(TOGETHER)}


def fits(task: Task, takes: Sequence[bool], gives: Sequence[bool]) -> bool:
    """Return whether a task takes and gives these tensors, of each of which is said whether it is an image."""
    return {
        "translate": any(takes) and list(gives) == [True],
        "generate": not any(takes) and list(gives) == [True],
        "encode": any(takes) and not any(gives),
        "score": any(takes) and list(gives) == [False],
    }[task]
