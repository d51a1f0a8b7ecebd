"""A trained recipe's graph as a verified model: one ONNX file, and its card beside it."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

import gantk
from gantk.engine.inference import ImageNorm, inference_form
from gantk.engine.trained import Trained
from gantk.errors import GantkError, UsageError, one_line
from gantk.recipe.graph import Graph
from gantk.runtime.card import Card
from gantk.runtime.files import written_aside
from gantk.runtime.model import load
from gantk_exports.geometry import geometry
from gantk_exports.parity import check, differences, sample
from gantk_exports.wrapper import Io, port, wrapped

_OPSET = 20


def export_graph(trained: Trained, name: str, out: Path, io: Io = "uint8") -> Path:
    """Write a graph to the ONNX file `out`, and its card beside it as `.json`; return `out`.

    The model takes and gives the data's own pixels, `io="float"`: (N, C, H, W) in [-1, 1]; any batch, height and width.
    It is compared with torch first. Raises UsageError where there is no such graph, and GantkError, leaving no file,
    where the network cannot be exported, where it differs from torch, or where a file cannot be written.
    """
    module, card = prepare(trained, name, io)
    proto = _to_onnx(module, card, name)
    beside = out.with_suffix(".json")
    with written_aside(beside) as beside_aside, written_aside(out) as aside:
        onnx.save(_with_card(proto, card), aside)
        measured = differences(load(aside), module)
        check(measured, card, f"graph {name}")
        card = replace(card, parity=measured)
        onnx.save(_with_card(proto, card), aside)
        model = load(aside)
        model.run(sample(card.inputs[0], 1, 1, 1))
        beside_aside.write_text(card.json(), encoding="utf-8")
    return out


def prepare(trained: Trained, name: str, io: Io) -> tuple[nn.Module, Card]:
    """Return what is exported of a graph, as a torch module, and its card without a parity.

    Raises UsageError where the recipe has no such graph.
    """
    graphs = trained.recipe.graphs()
    if name not in graphs:
        raise UsageError(f"{trained.plugin} has no graph {name!r}, only {', '.join(sorted(graphs))}")
    graph = graphs[name]
    network = inference_form(graph.network, trained.recipe.inference).cpu().module
    source, target = trained.images[graph.source], trained.images[graph.target]
    sizes = geometry(network, source.channels)
    card = Card(
        version=gantk.__version__,
        plugin=trained.plugin,
        graph=name,
        task=graph.task,
        inputs=(port("image", source, io),),
        outputs=(port("output", target, io),),
        multiple=sizes.multiple,
        minimum=sizes.minimum,
        mode={"batch_norm": _batch_norm(graph, network), "dropout": "off"},
        halo=sizes.halo,
        classes=trained.classes,
        data=trained.data,
        licence=trained.licence,
        created=datetime.now(UTC).date().isoformat(),
    )
    return wrapped(network, sizes, source, target, io), card


def _batch_norm(graph: Graph, network: nn.Module) -> str:
    kinds = {type(layer) for layer in network.modules()}
    if ImageNorm in kinds:
        return "image"
    return "running" if any(issubclass(kind, nn.modules.batchnorm._BatchNorm) for kind in kinds) else "none"


def _to_onnx(module: nn.Module, card: Card, name: str) -> onnx.ModelProto:
    source, target = card.inputs[0], card.outputs[0]
    images = torch.from_numpy(sample(source, 2, card.minimum + 5, card.minimum + card.multiple + 9))
    if source.layout == "NCHW":
        images = images.permute(0, 3, 1, 2).contiguous()
    spatial = (2, 3) if source.layout == "NCHW" else (1, 2)
    axes = {0: "batch", spatial[0]: "height", spatial[1]: "width"}
    try:
        with _quiet():
            program: Any = torch.onnx.export(
                module,
                (images,),
                dynamo=True,
                opset_version=_OPSET,
                external_data=False,
                verbose=False,
                input_names=[source.name],
                output_names=[target.name],
                dynamic_shapes=(axes,),
            )
    except Exception as error:
        raise GantkError(f"graph {name}: its network cannot be exported to ONNX: {one_line(error)}") from error
    proto: onnx.ModelProto = program.model_proto
    _forget_origins(proto)
    for axis, label in axes.items():
        proto.graph.output[0].type.tensor_type.shape.dim[axis].dim_param = label
    return proto


def _forget_origins(proto: onnx.ModelProto) -> None:
    """Drop what the exporter noted on each node: source lines and folders of the machine that exported."""
    graph = proto.graph
    for noted in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        noted.ClearField("metadata_props")
        noted.ClearField("doc_string")


def _with_card(proto: onnx.ModelProto, card: Card) -> onnx.ModelProto:
    onnx.helper.set_model_props(proto, card.metadata())
    return proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporter prints, warns and logs, which speaks of torch's own workings, from the user."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    unread = StringIO()
    try:
        with warnings.catch_warnings(action="ignore"), redirect_stdout(unread), redirect_stderr(unread):
            yield
    finally:
        logging.disable(disabled)
