"""A generator that is told a caption, made by hand."""

from pathlib import Path

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
_OUTPUT = Port(name="output", dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255))


def write_telling(path: Path) -> Path:
    """Write a generator of 4 x 4 pixels, all alike: 40 for each word's own channel, and 20 * latent + 20.

    "naïve" adds 40 to all channels.
    """
    colours = np.concatenate([np.zeros((1, 3)), np.eye(3), np.ones((1, 3))]).astype(np.float32) * 40
    nodes = [
        helper.make_node("Gather", ["colours", "caption"], ["each"]),
        helper.make_node("ReduceSum", ["each", "words"], ["told"], keepdims=0),
        helper.make_node("Mul", ["latent", "much"], ["scaled"]),
        helper.make_node("Add", ["told", "scaled"], ["noisy"]),
        helper.make_node("Add", ["noisy", "much"], ["colour"]),
        helper.make_node("Reshape", ["colour", "pixel"], ["pixels"]),
        helper.make_node("Expand", ["pixels", "square"], ["image"]),
        helper.make_node("Round", ["image"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["output"], to=TensorProto.UINT8),
    ]
    constants = {"colours": colours, "words": np.array([1]), "much": np.float32(20), "pixel": np.array([-1, 1, 1, 3])}
    constants["square"] = np.array([1, 4, 4, 1])
    graph = helper.make_graph(
        nodes,
        "telling",
        [
            helper.make_tensor_value_info("latent", TensorProto.FLOAT, ["batch", 1]),
            helper.make_tensor_value_info("caption", TensorProto.INT64, ["batch", 3]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.UINT8, ["batch", 4, 4, 3])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    card = Card(
        version="1",
        plugin="telling",
        graph="telling",
        task="generate",
        inputs=(_LATENT, CAPTION),
        outputs=(_OUTPUT,),
        size=4,
        mode={},
        created="2024-01-31",
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, card.metadata())
    onnx.save(model, path)
    path.with_suffix(".json").write_text(card.json(), encoding="utf-8")
    return path
