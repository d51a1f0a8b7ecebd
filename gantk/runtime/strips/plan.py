"""The plan by which a translating network is cut into sections: which operators read how much of an image."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from gantk.data.dataset import Array
from gantk.errors import Unsupported
from gantk.runtime.strips.bound import SPREAD
from gantk.runtime.strips.operators import ratio, reads_rows
from gantk.runtime.strips.sections import NORM, Plan, Section

# fmt: off
POINTWISE = frozenset({
    "Abs", "Add", "BatchNormalization", "Cast", "Celu", "Clip", "DequantizeLinear", "Div", "Elu", "Equal", "Erf", "Exp",
    "Gelu", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "Max", "Min", "Mish", "Mul", "Neg", "PRelu",
    "Pow", "QuantizeLinear", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softplus", "Softsign", "Sqrt", "Sub",
    "Tanh",
})
# fmt: on
"""Operators whose result at a pixel depends on that pixel alone."""

PER_CHANNEL = frozenset({"BatchNormalization", "DequantizeLinear", "QuantizeLinear"})
"""Those of them whose constants are one number a channel."""


def plan(model: Any) -> Plan:
    """Return the sections of a model that `gantk export` wrote, which takes images alone that need no padding.

    Raises Unsupported where an operator reads more of an image than sections can.
    """
    import onnx

    model = onnx.shape_inference.infer_shapes(model)
    graph = model.graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
    nodes, output = _unframed([node for node in graph.node if node.op_type != "Constant"], constants, graph)
    levels = {image.name: 0 for image in graph.input}
    ratios = {image.name: Fraction(1) for image in graph.input}
    axes = {image.name: 1 if _is_last(image) else 2 for image in graph.input}
    norms: dict[str, str] = {}
    for node in nodes:
        sources = [name for name in node.input if name and name not in constants]
        name = node.output[0]
        _check(node, sources, constants, axes)
        if len({ratios[source] for source in sources}) > 1:
            raise Unsupported(f"cannot run in strips: {node.op_type} {node.name} joins images of different sizes")
        levels[name] = max(levels[source] for source in sources) + (node.op_type == NORM)
        ratios[name] = ratios[sources[0]] * ratio(node, constants)
        axes[name] = _moved(node, axes[sources[0]])
        if node.op_type == NORM:
            norms[name] = sources[0]
    types = {info.name: info.type.tensor_type.elem_type for info in [*graph.value_info, *graph.input, *graph.output]}
    types |= {node.output[0]: onnx.TensorProto.FLOAT for node in nodes if node.op_type == SPREAD}
    dtypes = {name: onnx.helper.tensor_dtype_to_np_dtype(types[name]) for name in levels}
    sections = _sections(nodes, levels, norms, constants, output)
    return Plan(sections, norms, constants, ratios, axes, dtypes, model)


def _unframed(nodes: list[Any], constants: Mapping[str, Array], graph: Any) -> tuple[list[Any], str]:
    """Return the nodes that make the output, without those that pad an image to its multiple and cut it again.

    They are told by amounts that are computed of the image's size. What then is the output's name is returned too.
    """
    import onnx

    renamed: dict[str, str] = {}
    kept = []
    for original in nodes:
        node = onnx.NodeProto()
        node.CopyFrom(original)
        for place, name in enumerate(node.input):
            node.input[place] = renamed.get(name, name)
        if node.op_type in ("Pad", "Slice") and any(name and name not in constants for name in node.input[1:]):
            renamed[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    output = renamed.get(graph.output[0].name, graph.output[0].name)
    wanted, found = {output}, []
    for node in reversed(kept):
        if node.output[0] in wanted:
            wanted.update(node.input)
            found.append(node)
    return found[::-1], output


def _check(node: Any, sources: list[str], constants: Mapping[str, Array], axes: Mapping[str, int]) -> None:
    """Raise Unsupported where a node reads more than some rows of the image, or where it cannot be told."""
    kind = node.op_type
    joins = kind == "Concat" and next(a.i for a in node.attribute if a.name == "axis") == 1
    known = _is_pointwise(node, constants) or kind in (NORM, SPREAD, "Transpose") or joins
    known = known or reads_rows(node, constants) or _is_of_labels(node, constants)
    if not known or not sources or any(source not in axes for source in sources):
        raise Unsupported(f"cannot run in strips: what {kind} {node.name} reads of an image is not known")


def _is_pointwise(node: Any, constants: Mapping[str, Array]) -> bool:
    """Return whether a pixel's result depends on that pixel alone, wherever it lies."""
    given = [constants[name] for name in node.input if name in constants]
    anywhere = node.op_type in PER_CHANNEL or all(value.ndim < 2 or set(value.shape[-2:]) == {1} for value in given)
    return node.op_type in POINTWISE and anywhere


def _is_of_labels(node: Any, constants: Mapping[str, Array]) -> bool:
    """Return whether a node gives a label map (N, H, W) an axis of channels, or takes its classes from channels."""
    if node.op_type == "Unsqueeze":
        return node.input[1] in constants and constants[node.input[1]].tolist() == [1]
    said = {attribute.name: attribute.i for attribute in node.attribute}
    return node.op_type == "ArgMax" and (said.get("axis", 0), said.get("keepdims", 1)) == (1, 0)


def _is_last(info: Any) -> bool:
    """Return whether a tensor (N, H, W, C) has its channels last, as its card's name of the layout would say.

    A label map (N, H, W) has none.
    """
    lengths = info.type.tensor_type.shape.dim
    return len(lengths) == 3 or bool(lengths[3].HasField("dim_value"))


def _moved(node: Any, axis: int) -> int:
    """Return the axis of rows of a node's output, `axis` being that of its input."""
    if node.op_type in ("Unsqueeze", "ArgMax"):
        return axis + (1 if node.op_type == "Unsqueeze" else -1)
    if node.op_type != "Transpose":
        return axis
    (order,) = (list(attribute.ints) for attribute in node.attribute if attribute.name == "perm")
    return int(order.index(axis))


def _sections(
    nodes: list[Any], levels: Mapping[str, int], norms: Mapping[str, str], constants: Mapping[str, Array], output: str
) -> tuple[Section, ...]:
    """Return the sections, the last first found: what a later one reads, an earlier one gives."""
    made = {node.output[0]: node for node in nodes}
    wanted: dict[int, list[str]] = {level: [] for level in range(levels[output] + 1)}
    wanted[levels[output]].append(output)
    sections = []
    for level in range(levels[output], -1, -1):
        inside, inputs, waiting = set[str](), list[str](), list(wanted[level])
        while waiting:
            name = waiting.pop()
            if name in inside or name in inputs:
                continue
            node = made.get(name)
            sources = [given for given in node.input if given and given not in constants] if node else []
            # What a pixel is made of by one tensor's pixel is made again where it is read: cheaper than to keep it.
            plain = node is not None and (_is_pointwise(node, constants) or name in norms or node.op_type == SPREAD)
            again = plain and len(sources) == 1
            if node is None or (levels[name] < level and not again):
                inputs.append(name)
                if node is not None and name not in wanted[levels[name]]:
                    wanted[levels[name]].append(name)
                continue
            inside.add(name)
            waiting += sources
        ordered = tuple(node for node in nodes if node.output[0] in inside)
        applied = tuple(node.output[0] for node in ordered if node.op_type == NORM)
        sections.append(Section(ordered, tuple(inputs), applied, tuple(wanted[level])))
    return tuple(section for section in reversed(sections) if section.outputs)
