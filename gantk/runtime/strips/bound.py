"""A model whose categories, vectors and numbers are known, as one of its images alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gantk.data.dataset import Array
from gantk.runtime.session import Session

SPREAD = "Spread"
"""What stands for an operator that spreads numbers over the pixels of an image; it takes the image, and the numbers."""

Opens = Callable[[bytes], Session]


def bound(model: Any, given: Mapping[str, Array], open_session: Opens) -> Any:
    """Return an ONNX model in which some inputs are constants, and so is what follows from them alone.

    `given` are the inputs' tensors for one sample. Where numbers are spread over an image's pixels to be joined to it,
    a node `SPREAD` says so.
    """
    if not given:
        return model
    from onnx import ModelProto, numpy_helper

    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    images = [info for info in graph.input if info.name not in given]
    counts = _counts(graph, {info.name for info in images})
    follows = _following(graph, given, counts)
    rest = [node for node in graph.node if node.output[0] not in follows and node.output[0] not in counts]
    used = {name for node in rest for name in node.input}
    values = {name: value for name, value in given.items() if name in used}
    values |= _computed(made, follows, given, counts, sorted(used & follows), open_session)
    values |= {name: np.array([1]) for name in counts & used}
    del graph.input[:], graph.node[:]
    graph.input.extend(images)
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in values.items())
    graph.node.extend(_spread(rest, {tensor.name for tensor in graph.initializer}, values))
    return made


def _counts(graph: Any, images: Collection[str]) -> set[str]:
    """Return the tensors that hold how many samples there are: one, where an image runs alone."""
    found = set()
    for node in graph.node:
        ends = {attribute.name: attribute.i for attribute in node.attribute}
        if node.op_type == "Shape" and node.input[0] in images and (ends.get("start", 0), ends.get("end")) == (0, 1):
            found.add(node.output[0])
    return found


def _following(graph: Any, given: Collection[str], counts: Collection[str]) -> set[str]:
    """Return the tensors that follow from the given ones and from how many samples there are, and from no image."""
    known = {tensor.name for tensor in graph.initializer}
    known |= {node.output[0] for node in graph.node if node.op_type == "Constant"}
    follows: set[str] = set()
    for node in graph.node:
        sources = {name for name in node.input if name}
        own = sources & {*given, *counts, *follows}
        if own and sources <= {*known, *own}:
            follows.update(node.output)
    return follows


def _computed(
    model: Any,
    follows: Collection[str],
    given: Mapping[str, Array],
    counts: Collection[str],
    wanted: Sequence[str],
    open_session: Opens,
) -> dict[str, Array]:
    """Return the wanted of the tensors that follow from the given ones."""
    if not wanted:
        return {}
    from onnx import TensorProto, helper, numpy_helper

    nodes = [node for node in model.graph.node if node.output[0] in follows]
    needed = {name for node in nodes for name in node.input}
    known = {**given, **{name: np.array([1]) for name in counts}}
    tensors = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    tensors += [numpy_helper.from_array(value, name) for name, value in known.items() if name in needed]
    fixed = [node for node in model.graph.node if node.op_type == "Constant" and node.output[0] in needed]
    types = {info.name: info.type.tensor_type.elem_type for info in model.graph.value_info}
    outputs = [helper.make_tensor_value_info(name, types.get(name, TensorProto.FLOAT), None) for name in wanted]
    graph = helper.make_graph([*fixed, *nodes], "given", [], outputs, tensors)
    made = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return dict(zip(wanted, open_session(made.SerializeToString()).run(wanted, {}), strict=True))


def _spread(nodes: Sequence[Any], constants: Collection[str], values: Mapping[str, Array]) -> list[Any]:
    """Return nodes without those that spread numbers over pixels.

    Where the numbers are joined to an image's channels, a node `SPREAD` comes before; elsewhere one pixel of them is
    broadcast.
    """
    from onnx import helper

    spread = {
        node.output[0]: node.input[0]
        for node in nodes
        if node.op_type == "Expand" and node.input[0] in values and values[node.input[0]].shape[2:] == (1, 1)
    }
    left: list[Any] = []
    for node in nodes:
        if node.output[0] in spread:
            continue
        image = next((name for name in node.input if name and name not in constants and name not in spread), None)
        for place, name in enumerate(node.input):
            if name not in spread:
                continue
            node.input[place] = spread[name]
            if node.op_type == "Concat" and image is not None:
                node.input[place] = f"{name}.{node.output[0]}"
                left.append(helper.make_node(SPREAD, [image, spread[name]], [f"{name}.{node.output[0]}"]))
        left.append(node)
    return left
