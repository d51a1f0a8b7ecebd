"""A trained recipe's graph as a verified model: one ONNX file, and its card beside it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

import gantk
from gantk.errors import GantkError, Unsupported, UsageError, blamed_line, one_line
from gantk.plan.protocol import graphs_of
from gantk.plan.tensors import known_ports, ports
from gantk.plan.trial import check_shapes
from gantk.recipe.graph import Graph
from gantk.runtime.card import Card
from gantk.runtime.files import written_aside
from gantk.runtime.model_file import load
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.samples import samples, shape
from gantk.runtime.seals import SEAL, UNSEALED, seal
from gantk.sizes import Sides
from gantk.training.inference import ImageNorm, inference_form
from gantk.training.trained import Trained
from gantk_exports.form import Form
from gantk_exports.geometry import Geometry
from gantk_exports.loops import looped
from gantk_exports.opsets import NEWEST, RUNTIMES, SHAPES, lowered
from gantk_exports.parity import check, differences
from gantk_exports.quiet import quiet
from gantk_exports.translations import keep_translations
from gantk_exports.trial import sizes
from gantk_exports.wrapper import AnySize, Tensors

_DEFAULT = Form()

Tell = Callable[[str], object]
"""What is told of each part of the work as it begins: "tracing"."""


def say_nothing(_part: str) -> None:
    """Hear of a part of the work, and say nothing."""


def export_graph(trained: Trained, name: str, out: Path, form: Form = _DEFAULT, tell: Tell = say_nothing) -> Path:
    """Write a graph to the ONNX file `out`, and its card beside it as `.json`; return `out`.

    `tell` hears of each part of the work as it begins, since one graph may take a minute.

    If the form says nothing else, the model takes and gives the data's own pixels; any batch, and any height and width
    where the graph translates and states no size. It is compared with torch first. Raises UsageError where there is no
    such graph, or it is never of such a form, and GantkError, leaving no file, where the network does not do what the
    graph says, cannot be exported, or differs from torch, or where a file cannot be written.
    """
    tell("trying its sizes")
    module, card = prepare(trained, name, form)
    proto = _to_onnx(module, card, name, tell)
    try:
        proto = lowered(proto, form.opset)
    except Unsupported as reason:
        raise Unsupported(f"graph {name} {reason}") from reason.__cause__
    beside = out.with_suffix(".json")
    with written_aside(beside) as beside_aside, written_aside(out) as aside:
        write_model(proto, card, aside)
        tell("comparing it with torch")
        measured = differences(load(aside), module)
        check(measured, card, f"graph {name}")
        card = replace(card, parity=measured)
        write_model(proto, card, aside)
        model = load(aside)
        model.call(*samples(card.inputs, 1, *(card.sides or (1, 1))))
        beside_aside.write_text(card.json(), encoding="utf-8")
    return out


def prepare(trained: Trained, name: str, form: Form = _DEFAULT) -> tuple[nn.Module, Card]:
    """Return what is exported of a graph, as a torch module, and its card without a parity.

    Raises UsageError where the recipe has no such graph, or the graph another size than the form, and GantkError where
    its network does not do what it says, or its weights are not finite.
    """
    graphs = graphs_of(trained.recipe, trained.images)
    if name not in graphs:
        raise UsageError(f"{trained.plugin} has no graph {name!r}, only {', '.join(sorted(graphs))}")
    graph = graphs[name]
    try:
        if form.sides is not None and graph.resized is not None:
            graph, form = graph.resized(Sides(*form.sides)), replace(form, sides=None)
        return _prepared(trained, name, graph, form)
    except GantkError as error:
        raise type(error)(f"graph {name}: {error}") from error


def _prepared(trained: Trained, name: str, graph: Graph, form: Form) -> tuple[nn.Module, Card]:
    network = inference_form(graph.network, trained.recipe.inference).cpu().module
    _check_finite(network, trained)
    inputs, outputs = ports(graph, trained.images, trained.classes, form.io)
    known = known_ports(graph, trained.images, trained.classes)
    card = Card(
        version=gantk.__version__,
        plugin=trained.plugin,
        graph=name,
        task=graph.task,
        inputs=inputs,
        outputs=outputs,
        scale=graph.scale,
        trained_size=trained.sides.size,
        mode={"batch_norm": _batch_norm(network), "dropout": "off"},
        classes=trained.classes,
        data=trained.data,
        licence=trained.licence,
        credits=trained.credits,
        created=datetime.now(UTC).date().isoformat(),
        step=trained.step,
        opset=form.opset,
        onnxruntime=RUNTIMES[form.opset],
    )
    geometry, sides = sizes(network, graph, *known)
    if geometry is not None and form.sides is None and form.opset < SHAPES:
        raise Unsupported(f"it takes images of any size, which needs --opset {SHAPES} or more: say that, or --size HxW")
    if geometry is None:
        card = replace(card, size=_size(sides))
        if form.sides not in (None, sides):
            only = "{}x{}".format(*sides or ())
            said = card.size if isinstance(card.size, int) else only
            raise UsageError(f"its images have {only} pixels alone: say --size {said}, or leave it out")
    else:
        card = replace(card, multiple=geometry.multiple, minimum=geometry.minimum, halo=geometry.halo)
        images = [isinstance(port, Port) for port in inputs]
        network = network if _fits(form.sides, geometry) else AnySize(network, geometry, images, graph.scale)
    if form.sides is not None:
        check_shapes(network, *known, form.sides, scale=graph.scale, batches=(1,))
        card = replace(card, size=_size(form.sides), batch=1)
    return Tensors(network, inputs, outputs).eval(), card


def _size(sides: tuple[int, int] | None) -> int | tuple[int, int] | None:
    """Return height and width as a card has them: one number where they are equal."""
    return sides[0] if sides is not None and sides[0] == sides[1] else sides


def _fits(sides: tuple[int, int] | None, geometry: Geometry) -> bool:
    """Return whether images of one size need no padding."""
    return sides is not None and all(geometry.padded(side) == side for side in sides)


def _check_finite(network: nn.Module, trained: Trained) -> None:
    """Raise GantkError where a weight is not finite, which random inputs may not show."""
    for name, tensor in network.state_dict().items():
        if not tensor.isfinite().all():
            raise GantkError(
                f"its weights hold NaN or infinite numbers ({name}), since the training of {trained.run} had failed by "
                f"step {trained.step}: choose an earlier checkpoint by --step, or train again"
            )


def _batch_norm(network: nn.Module) -> str:
    kinds = {type(layer) for layer in network.modules()}
    if ImageNorm in kinds:
        return "image"
    return "running" if any(issubclass(kind, nn.modules.batchnorm._BatchNorm) for kind in kinds) else "none"


def _to_onnx(module: nn.Module, card: Card, name: str, tell: Tell = say_nothing) -> onnx.ModelProto:
    sides = card.sides or (card.minimum + 5, card.minimum + card.multiple + 9)
    values = tuple(torch.from_numpy(value) for value in samples(card.inputs, card.batch or 2, *sides))
    keep_translations()
    tell("tracing")
    try:
        with quiet():
            program: Any = torch.onnx.export(
                module,
                values,
                dynamo=True,
                opset_version=NEWEST,
                external_data=False,
                verbose=False,
                optimize=False,
                input_names=[port.name for port in card.inputs],
                output_names=[port.name for port in card.outputs],
                dynamic_shapes=(tuple(_free(port, card) for port in card.inputs),),
            )
        tell("optimizing")
        with quiet():
            program.optimize()
    except Exception as error:
        raise GantkError(f"graph {name}: its network cannot be exported to ONNX: {_reason(error, card)}") from error
    proto: onnx.ModelProto = program.model_proto
    forget_origins(proto)
    try:
        looped(proto)
    except Unsupported as reason:
        raise Unsupported(f"graph {name} {reason}") from None
    for tensors, ports_, given in ((proto.graph.input, card.inputs, False), (proto.graph.output, card.outputs, True)):
        for tensor, port in zip(tensors, ports_, strict=True):
            _state_shape(tensor, port, card, given)
    return proto


def _reason(error: BaseException, card: Card) -> str:
    """Return in one line why an export failed, which the exporter says in the cause of its error's cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    fixed = re.search(r"static shape of \d+ for dimension inputs\[(\d+)\]\.shape\[(\d+)\]", str(error))
    if fixed is None:
        return blamed_line(error) + one_line(error)
    port, axis = card.inputs[int(fixed[1])], int(fixed[2])
    length = "batch size" if axis == 0 else _free(port, card)[axis]
    return f"its code is made for one {length} of {port.name}, as by a Python loop over it"


def _free(port: Port | Numbers, card: Card) -> dict[int, str]:
    """Return the names of a tensor's free dimensions: the batch, and an image's height and width where any will do."""
    if card.batch is not None:
        return {}
    if isinstance(port, Numbers) or card.size is not None:
        return {0: "batch"}
    height = port.layout.index("H")
    return {0: "batch", height: "height", height + 1: "width"}


def _state_shape(tensor: onnx.ValueInfoProto, port: Port | Numbers, card: Card, given: bool) -> None:
    """Write a tensor's shape, taken or given, as its card has it; what the exporter inferred are formulas."""
    free = _free(port, card)
    if given and card.scale != 1:
        free = {axis: name if axis == 0 else f"scaled_{name}" for axis, name in free.items()}
    sides = card.sides or (0, 0)
    lengths = shape(port, card.batch or 0, *(map(card.scaled, sides) if given else sides))
    stated = tensor.type.tensor_type.shape
    stated.ClearField("dim")
    for axis, length in enumerate(lengths):
        if axis in free:
            stated.dim.add(dim_param=free[axis])
        else:
            stated.dim.add(dim_value=length)


def forget_origins(proto: onnx.ModelProto) -> None:
    """Drop what the exporter noted on each node: source lines and folders of the machine that exported."""
    nodes = [*proto.graph.node, *(node for function in proto.functions for node in function.node)]
    for graph in (proto.graph, *_bodies(nodes)):
        for noted in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
            _forget(noted)
    for function in proto.functions:
        for noted in (function, *function.node, *function.value_info):
            _forget(noted)


def _bodies(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.GraphProto]:
    """Yield the graphs inside nodes, such as the body of a loop, and those inside these."""
    for node in nodes:
        for attribute in node.attribute:
            for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield graph
                yield from _bodies(graph.node)


def _forget(noted: Any) -> None:
    noted.ClearField("metadata_props")
    noted.ClearField("doc_string")


def write_model(proto: onnx.ModelProto, card: Card, path: Path) -> None:
    """Write a model that says of itself what its card says, with its checksum."""
    onnx.helper.set_model_props(proto, card.metadata() | {SEAL: UNSEALED})
    onnx.save(proto, path)
    seal(path)
