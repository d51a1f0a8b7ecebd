"""The networks of the field's reference implementation, pytorch-CycleGAN-and-pix2pix, by the names of their tensors.

Its networks are chains of numbered layers. Which network a state dict is of, and how large, follows from names and
shapes; each of its layers is then named as gantk's `resnet`, `unet` or `patchgan` names it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from torch import Tensor

from gantk.errors import GantkError, UsageError

State = Mapping[str, Tensor]
"""Tensors by the reference's names."""

Kind = Literal["inner", "edge", "norm"]
"""An inner convolution is biased where its network's norms add no bias; one at the edge always is."""


LARGEST = {"blocks": 64, "depth": 10, "layers": 10}
"""How many of each a network may have: a U-Net of depth 10 is for images of 1,024 pixels and more."""


class Layer(NamedTuple):
    """A layer by its name in the reference and in gantk's network."""

    theirs: str
    ours: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A network as a state dict tells it.

    Attributes:
        role: the part it plays.
        plugin: the plugin that builds the same network.
        options: that plugin's options.
        inputs: channels that go in; a discriminator's condition counts too.
        outputs: channels that come out.
        layers: every layer that may hold tensors.
        normalization: the plugin of its norms.
        biased: whether its inner convolutions have biases.
    """

    role: Literal["generator", "discriminator"]
    plugin: str
    options: Mapping[str, Any]
    inputs: int
    outputs: int
    layers: tuple[Layer, ...]
    normalization: str
    biased: bool

    @property
    def title(self) -> str:
        """The network in a few words."""
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.plugin} ({options}, normalization={self.normalization})"


def architecture_of(state: State, normalization: str | None = None) -> Architecture:
    """Return the network that a state dict is of.

    `normalization` is what its user knows of its norms; names decide where they tell. Raises GantkError where it is no
    network of the reference, UsageError where the names tell another normalization.
    """
    if any(".conv_block." in name for name in state):
        return _resnet(state, normalization)
    if any(name.startswith("model.model.") for name in state):
        return _unet(state, normalization)
    if "net.0.weight" in state:
        return _pixel(state, normalization)
    if "model.0.weight" in state:
        return _patch(state, normalization)
    first = next(iter(state))
    raise GantkError(f"holds no network of the reference: its first tensor is {first} {size_of(state[first])}")


def _resnet(state: State, normalization: str | None) -> Architecture:
    blocks = _counted("blocks", len({name.split(".")[1] for name in state if ".conv_block." in name}))
    # Dropout takes a place in the block's chain, which moves its second convolution on by one.
    second = state.get("model.10.conv_block.6.weight")
    dropout = second is not None and second.ndim == 4
    after = 10 + blocks
    layers = [
        *_stage("model.1", "encoder.0.0", "model.2", "encoder.0.1"),
        *_stage("model.4", "encoder.1.0", "model.5", "encoder.1.1"),
        *_stage("model.7", "encoder.2.0", "model.8", "encoder.2.1"),
        *(layer for block in range(blocks) for layer in _residual(block, int(dropout))),
        *_stage(f"model.{after}", "decoder.0.0", f"model.{after + 1}", "decoder.0.1"),
        *_stage(f"model.{after + 3}", "decoder.1.0", f"model.{after + 4}", "decoder.1.1"),
        Layer(f"model.{after + 7}", "decoder.2", "edge"),
    ]
    filters, inputs = _channels(state, "model.1")
    outputs, _ = _channels(state, f"model.{after + 7}")
    options = {"filters": filters, "blocks": blocks, "upsampling": "transposed", "dropout": dropout}
    return _finished(state, normalization, "resnet", options, inputs, outputs, layers)


def _residual(block: int, dropout: int) -> list[Layer]:
    theirs, ours = f"model.{10 + block}.conv_block", f"encoder.{3 + block}.body"
    return [
        *_stage(f"{theirs}.1", f"{ours}.0.0", f"{theirs}.2", f"{ours}.0.1"),
        *_stage(f"{theirs}.{5 + dropout}", f"{ours}.{1 + dropout}", f"{theirs}.{6 + dropout}", f"{ours}.{2 + dropout}"),
    ]


def _unet(state: State, normalization: str | None) -> Architecture:
    """Each size is a chain that holds the next smaller one: as its layer 1 in the outermost, as layer 3 in others."""
    depth = _counted("depth", max(name.split(".").count("model") for name in state) - 1)
    layers = [Layer("model.model.0", "downs.0.0", "inner"), Layer("model.model.3", f"ups.{depth - 1}.1", "edge")]
    chain = "model.model.1.model"
    for level in range(1, depth):
        down, up = f"downs.{level}", f"ups.{depth - 1 - level}"
        if level < depth - 1:
            layers += _stage(f"{chain}.1", f"{down}.1", f"{chain}.2", f"{down}.2")
            layers += _stage(f"{chain}.5", f"{up}.1", f"{chain}.6", f"{up}.2")
        else:
            layers += [Layer(f"{chain}.1", f"{down}.1", "inner")]
            layers += _stage(f"{chain}.3", f"{up}.1", f"{chain}.4", f"{up}.2")
        chain = f"{chain}.3.model"
    filters, inputs = _channels(state, "model.model.0")
    _, outputs = _channels(state, "model.model.3")
    options = {"filters": filters, "depth": depth, "upsampling": "transposed"}
    return _finished(state, normalization, "unet", options, inputs, outputs, layers)


def _patch(state: State, normalization: str | None) -> Architecture:
    kernels = [name for name, tensor in state.items() if name.endswith(".weight") and tensor.ndim == 4]
    inner = _counted("layers", max(len(kernels) - 2, 0))
    layers = [Layer("model.0", "stages.0.0", "edge")]
    for stage in range(1, inner + 1):
        layers += _stage(f"model.{3 * stage - 1}", f"stages.{stage}.0", f"model.{3 * stage}", f"stages.{stage}.1")
    layers += [Layer(f"model.{3 * inner + 2}", "scores", "edge")]
    filters, inputs = _channels(state, "model.0")
    options = {"filters": filters, "layers": inner, "kind": "patch"}
    return _finished(state, normalization, "patchgan", options, inputs, 1, layers)


def _pixel(state: State, normalization: str | None) -> Architecture:
    layers = [
        Layer("net.0", "stages.0.0", "edge"),
        *_stage("net.2", "stages.1.0", "net.3", "stages.1.1"),
        Layer("net.5", "scores", "inner"),
    ]
    filters, inputs = _channels(state, "net.0")
    options = {"filters": filters, "layers": 1, "kind": "pixel"}
    return _finished(state, normalization, "patchgan", options, inputs, 1, layers)


def _counted(what: str, count: int) -> int:
    """Return how many of something a network has. Raises GantkError where they are too many to be built."""
    if count > LARGEST[what]:
        raise GantkError(f"is named as a network of {what}={count:,}, where {LARGEST[what]} is the most that is read")
    return count


def _stage(theirs: str, ours: str, their_norm: str, our_norm: str) -> list[Layer]:
    return [Layer(theirs, ours, "inner"), Layer(their_norm, our_norm, "norm")]


def _finished(
    state: State,
    wanted: str | None,
    plugin: str,
    options: Mapping[str, Any],
    inputs: int,
    outputs: int,
    layers: Iterable[Layer],
) -> Architecture:
    layers = tuple(layers)
    scale, bias = _first(state, layers, "norm", "weight"), _first(state, layers, "inner", "bias")
    if scale is not None and bias is not None:
        raise GantkError(
            f"has both {scale} and {bias}: the reference's batch norm has weights, and no biases before it; its "
            "instance norm has no weights"
        )
    possible = ["batch"] if scale is not None else ["instance", "none"] if bias is not None else ["none", "instance"]
    if scale is None and any(name in state for name in norm_statistics(layers)):
        possible = ["instance"]
    if wanted is not None and wanted not in possible:
        raise UsageError(f"holds the tensors of a network with normalization {' or '.join(possible)}, not {wanted}")
    return Architecture(
        role="discriminator" if plugin == "patchgan" else "generator",
        plugin=plugin,
        options=options,
        inputs=inputs,
        outputs=outputs,
        layers=layers,
        normalization=wanted or possible[0],
        biased=bias is not None,
    )


def _first(state: State, layers: Iterable[Layer], kind: Kind, leaf: str) -> str | None:
    names = (f"{layer.theirs}.{leaf}" for layer in layers if layer.kind == kind)
    return next((name for name in names if name in state), None)


def norm_statistics(layers: Iterable[Layer]) -> list[str]:
    """Return what the running statistics of every norm are called."""
    leaves = ("running_mean", "running_var", "num_batches_tracked")
    return [f"{layer.theirs}.{leaf}" for layer in layers if layer.kind == "norm" for leaf in leaves]


def _channels(state: State, layer: str) -> tuple[int, int]:
    """Return the first two lengths of a convolution's kernel."""
    name = f"{layer}.weight"
    if name not in state:
        raise GantkError(f"lacks {name}, which every such network of the reference has")
    if state[name].ndim != 4:
        raise GantkError(f"{name} is {size_of(state[name])}: a convolution's kernel is needed there")
    return state[name].shape[0], state[name].shape[1]


def size_of(tensor: Tensor) -> str:
    """Return a tensor's shape in words."""
    return str(tuple(tensor.shape))
