"""Models made by hand: two that are told a caption, of which one translates, and one with an answer for each seed."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gantk.data.words import RULE
from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import stream_of

WORDS = ("red", "green", "blue", "naïve")
_LATENT = Numbers(name="latent", kind="latent", length=1, distribution="uniform", stream=stream_of("latent"))
CAPTION = Numbers(name="caption", kind="caption", dtype="int64", length=3, words=WORDS, rule=RULE)
_IMAGE, _OUTPUT = (
    Port(name=name, dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255))
    for name in ("image", "output")
)
_TOLD = (
    helper.make_node("Gather", ["colours", "caption"], ["each"]),
    helper.make_node("ReduceSum", ["each", "words"], ["told"], keepdims=0),
)
_GIVEN = (
    helper.make_node("Round", ["made"], ["whole"]),
    helper.make_node("Clip", ["whole", "low", "high"], ["clipped"]),
    helper.make_node("Cast", ["clipped"], ["output"], to=TensorProto.UINT8),
)
_TENSORS = {
    "latent": helper.make_tensor_value_info("latent", TensorProto.FLOAT, ["batch", 1]),
    "caption": helper.make_tensor_value_info("caption", TensorProto.INT64, ["batch", 3]),
    "image": helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", "height", "width", 3]),
}
_CONSTANTS: dict[str, Any] = {
    # "naïve" adds to all channels.
    "colours": np.concatenate([np.zeros((1, 3)), np.eye(3), np.ones((1, 3))]).astype(np.float32) * 40,
    "words": np.array([1]),
    "pixel": np.array([-1, 1, 1, 3]),
    "low": np.float32(0),
    "high": np.float32(255),
}


def write_telling(path: Path) -> Path:
    """Write a generator of 4 x 4 pixels, all alike: 40 for each word in its own channel, and 20 * latent + 20."""
    nodes = [
        *_TOLD,
        helper.make_node("Mul", ["latent", "much"], ["scaled"]),
        helper.make_node("Add", ["told", "scaled"], ["noisy"]),
        helper.make_node("Add", ["noisy", "much"], ["colour"]),
        helper.make_node("Reshape", ["colour", "pixel"], ["pixels"]),
        helper.make_node("Expand", ["pixels", "square"], ["made"]),
        *_GIVEN,
    ]
    constants = {"much": np.float32(20), "square": np.array([1, 4, 4, 1])}
    return _write(path, "generate", (_LATENT, CAPTION), nodes, constants)


def write_tinting(path: Path) -> Path:
    """Write a model of an image, which adds 40 for each word in its own channel."""
    nodes = [
        *_TOLD,
        helper.make_node("Reshape", ["told", "pixel"], ["tint"]),
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["float", "tint"], ["made"]),
        *_GIVEN,
    ]
    return _write(path, "translate", (_IMAGE, CAPTION), nodes, {})


def write_answering(path: Path) -> Path:
    """Write a model of an image, which adds 20 * latent."""
    nodes = [
        helper.make_node("Mul", ["latent", "much"], ["scaled"]),
        helper.make_node("Reshape", ["scaled", "one"], ["tint"]),
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["float", "tint"], ["made"]),
        *_GIVEN,
    ]
    constants = {"much": np.float32(20), "one": np.array([-1, 1, 1, 1])}
    return _write(path, "translate", (_IMAGE, _LATENT), nodes, constants)


def _write(path: Path, task: Any, ports: tuple[Port | Numbers, ...], nodes: list[Any], constants: Any) -> Path:
    """Write a model, and its card beside it."""
    sides = [4, 4] if task == "generate" else ["height", "width"]
    graph = helper.make_graph(
        nodes,
        "told",
        [_TENSORS[port.name] for port in ports],
        [helper.make_tensor_value_info("output", TensorProto.UINT8, ["batch", *sides, 3])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (_CONSTANTS | constants).items()],
    )
    card = Card(
        version="1",
        plugin="told",
        graph="told",
        task=task,
        inputs=ports,
        outputs=(_OUTPUT,),
        size=4 if task == "generate" else None,
        mode={},
        created="2024-01-31",
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, card.metadata())
    onnx.save(model, path)
    path.with_suffix(".json").write_text(card.json(), encoding="utf-8")
    return path
