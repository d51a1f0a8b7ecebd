"""Samplers in an exported graph: the one step that was exported becomes the body of an ONNX Loop."""

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gantk.errors import GantkError, Unsupported
from gantk.parts.iterated import DOMAIN, ENTER, LEAVE

LOOP = "sampler"
"""The name of the node that is a sampler's loop, and what the names of its own tensors begin with."""

STEPS, INDEX = f"{LOOP}.steps", f"{LOOP}.index"
"""What a model that can be run step by step is told: how many steps, from which index on.

Of other models they are constants, but for the number of steps where the inputs ask for it.
"""


def looped(model: onnx.ModelProto) -> None:
    """Make the nodes between the marks that `Iterated` left in a graph the body of a loop; where none are, do nothing.

    What depends on neither the state nor the index is computed once, before the loop. Weights stay outside of it.
    Raises Unsupported where there is more than one sampler.
    """
    graph = model.graph
    marks = [node for node in graph.node if node.domain == DOMAIN]
    if not marks:
        return
    enters, leaves = ([mark for mark in marks if mark.op_type == kind] for kind in (ENTER, LEAVE))
    if len(enters) != 1 or len(leaves) != 1:
        raise Unsupported("has more than one sampler, or one that is called twice: state a graph for each")
    (enter,), (leave,) = enters, leaves
    (asked, *begun), (index, *entered) = enter.input, enter.output
    body, outer = _parted(graph.node, enter.output, leave)
    infos = {info.name: info for info in graph.value_info}
    nexts = [f"{LOOP}.next.{place}" for place in range(len(entered))]
    going = [f"{LOOP}.going", f"{LOOP}.still"]
    body += [helper.make_node("Identity", [value], [name]) for value, name in zip(leave.input, nexts, strict=True)]
    body.append(helper.make_node("Add", [index, f"{LOOP}.one"], [f"{INDEX}.next"]))
    body.append(helper.make_node("Identity", [going[0]], [going[1]]))
    inner = {name for node in body for name in node.output}
    states = [infos[name].type for name in entered]
    scalars = {name: helper.make_tensor_type_proto(TensorProto.INT64, []) for name in ("number", "index")}
    truth = helper.make_tensor_type_proto(TensorProto.BOOL, [])
    inside = helper.make_graph(
        body,
        LOOP,
        [
            helper.make_value_info(f"{LOOP}.number", scalars["number"]),
            helper.make_value_info(going[0], truth),
            helper.make_value_info(index, scalars["index"]),
            *(helper.make_value_info(name, kind) for name, kind in zip(entered, states, strict=True)),
        ],
        [
            helper.make_value_info(going[1], truth),
            helper.make_value_info(f"{INDEX}.next", scalars["index"]),
            *(helper.make_value_info(name, kind) for name, kind in zip(nexts, states, strict=True)),
        ],
        value_info=[info for name, info in infos.items() if name in inner],
    )
    count = _attribute(enter, "count")
    loop = helper.make_node(
        "Loop",
        [STEPS if count else asked, f"{LOOP}.begin", INDEX, *begun],
        [f"{INDEX}.last", *leave.output],
        name=LOOP,
        body=inside,
    )
    graph.initializer.extend(
        [
            *([_whole(STEPS, count)] if count else []),
            _whole(INDEX, 0),
            _whole(f"{LOOP}.one", 1),
            helper.make_tensor(f"{LOOP}.begin", TensorProto.BOOL, [], [True]),
        ]
    )
    kept = [info for name, info in infos.items() if name not in inner and name not in (index, *entered)]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(_around(loop, outer))
    graph.value_info.extend(kept)


def step_by_step(model: onnx.ModelProto) -> tuple[onnx.ModelProto, int]:
    """Return a model whose loop goes from a given index and state for so many steps, and how many tensors a state has.

    It takes besides STEPS and INDEX the states `sampler.given.0`, ..., and gives besides its outputs the states that
    the sampler begins with, `sampler.start.0`, ..., and those where it ends, `sampler.end.0`, ...
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    loop = next(node for node in graph.node if node.op_type == "Loop" and node.name == LOOP)
    (body,) = (attribute.g for attribute in loop.attribute if attribute.name == "body")
    kept = [tensor for tensor in graph.initializer if tensor.name not in (STEPS, INDEX)]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    graph.input.extend(helper.make_tensor_value_info(name, TensorProto.INT64, []) for name in (STEPS, INDEX))
    loop.input[0] = STEPS
    count = len(loop.input) - 3
    for place in range(count):
        kind = body.input[3 + place].type.tensor_type.elem_type
        names = [f"{LOOP}.{word}.{place}" for word in ("given", "start", "end")]
        graph.input.append(helper.make_tensor_value_info(names[0], kind, None))
        graph.output.extend(helper.make_tensor_value_info(name, kind, None) for name in names[1:])
        graph.node.append(helper.make_node("Identity", [loop.input[3 + place]], [names[1]]))
        graph.node.append(helper.make_node("Identity", [loop.output[1 + place]], [names[2]]))
        loop.input[3 + place] = names[0]
    return made, count


def has_loop(model: onnx.ModelProto) -> bool:
    """Return whether a model is a sampler's."""
    return any(node.op_type == "Loop" and node.name == LOOP for node in model.graph.node)


def _parted(
    nodes: Sequence[onnx.NodeProto], entered: Sequence[str], leave: onnx.NodeProto
) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
    """Return the nodes of a step, which depend on what enters it and make what leaves it, and all others."""
    varying = set(entered)
    step: list[onnx.NodeProto] = []
    others: list[onnx.NodeProto] = []
    for node in nodes:
        if node.domain != DOMAIN and varying.intersection(_read(node)):
            varying.update(node.output)
            step.append(node)
        else:
            others += [node] if node.domain != DOMAIN else []
    needed = set(leave.input)
    body = []
    for node in reversed(step):
        if needed.intersection(node.output):
            needed.update(_read(node))
            body.append(node)
    if any(varying.intersection(_read(node)) for node in others):
        raise GantkError("cannot be exported: what its sampler finishes with is read inside of a step")
    return body[::-1], others


def _around(loop: onnx.NodeProto, nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Return a loop and the nodes around it: first all that do not depend on it."""
    made = set(loop.output)
    early: list[onnx.NodeProto] = []
    late: list[onnx.NodeProto] = []
    for node in nodes:
        depends = bool(made.intersection(_read(node)))
        made.update(node.output if depends else ())
        (late if depends else early).append(node)
    return [*early, loop, *late]


def _read(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the names that a node reads, those that graphs inside it read from outside among them."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            for inner in graph.node:
                yield from _read(inner)


def _attribute(node: onnx.NodeProto, name: str) -> int:
    return next(int(attribute.i) for attribute in node.attribute if attribute.name == name)


def _whole(name: str, value: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(value, np.int64), name)
