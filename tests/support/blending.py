"""A model of further inputs, made by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import stream_of

_DOMAIN = Numbers(
    name="domain",
    kind="category",
    layout="N",
    dtype="int64",
    stream=stream_of("domain"),
    categories=2,
    names=("plain", "bright"),
)
_SHARE = Numbers(name="share", kind="scalar", layout="N", default=0.5, low=0, high=1)
_SIDES = ["batch", "height", "width", 3]


def write_blending(path: Path, *, style: bool) -> Path:
    """Write a model of an image: (1 - share) * image + share * other + 50 * domain, twice as large.

    The other is the image `style`, or grey.
    """
    taken = ["image", "style"] if style else ["image"]
    images = [
        Port(name=name, dtype="uint8", channels=3, range=(0, 255), pixel="uint8", window=(0, 255))
        for name in (*taken, "output")
    ]
    nodes = [
        *(helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT) for name in (*taken, "domain")),
        helper.make_node("Sub", ["style_float", "image_float"], ["apart"]),
        helper.make_node("Reshape", ["share", "pixel"], ["part"]),
        helper.make_node("Mul", ["apart", "part"], ["moved"]),
        helper.make_node("Add", ["image_float", "moved"], ["blended"]),
        helper.make_node("Mul", ["domain_float", "much"], ["brighter"]),
        helper.make_node("Reshape", ["brighter", "pixel"], ["bright"]),
        helper.make_node("Add", ["blended", "bright"], ["made"]),
        helper.make_node("Clip", ["made", "low", "high"], ["clipped"]),
        helper.make_node("Resize", ["clipped", "", "twice"], ["large"], mode="nearest"),
        helper.make_node("Cast", ["large"], ["output"], to=TensorProto.UINT8),
    ]
    constants: dict[str, Any] = {"pixel": np.array([-1, 1, 1, 1]), "twice": np.array([1, 2, 2, 1], np.float32)}
    constants |= {"much": np.float32(50), "low": np.float32(0), "high": np.float32(255)}
    constants |= {} if style else {"style_float": np.float32(128)}
    graph = helper.make_graph(
        nodes,
        "blending",
        [
            *(helper.make_tensor_value_info(name, TensorProto.UINT8, _SIDES) for name in taken),
            helper.make_tensor_value_info("domain", TensorProto.INT64, ["batch"]),
            helper.make_tensor_value_info("share", TensorProto.FLOAT, ["batch"]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.UINT8, ["batch", None, None, 3])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    card = Card(
        version="1",
        plugin="blending",
        graph="blending",
        task="translate",
        inputs=(*images[:-1], _DOMAIN, _SHARE),
        outputs=(images[-1],),
        scale=2,
        mode={},
        created="2024-01-31",
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, card.metadata())
    onnx.save(model, path)
    return path
