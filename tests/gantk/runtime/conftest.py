"""Small models made by hand, whose answers are known in closed form."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gantk.runtime.card import Card, Port

TYPES = {"uint8": TensorProto.UINT8, "uint16": TensorProto.UINT16, "float32": TensorProto.FLOAT}
TOP = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


def port(name: str, pixel: str, channels: int, **changes: Any) -> Port:
    window = (0.0, TOP[pixel])
    return Port(
        **{
            "dtype": pixel,
            "channels": channels,
            "range": window,
            "pixel": pixel,
            "window": window,
            **changes,
            "name": name,
        }
    )


def a_card(source: Port, target: Port) -> Card:
    return Card(
        version="0.1.0",
        plugin="negative",
        graph="a_to_b",
        task="translate",
        inputs=(source,),
        outputs=(target,),
        multiple=1,
        minimum=1,
        mode={"batch_norm": "none", "dropout": "off"},
        halo=0,
        data="photographs",
        licence="CC0-1.0",
        created="2024-01-31",
        parity={"1x64x64x3": 0.0},
    )


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a model which gives the negative: top - value."""

    def make(
        pixel: str = "uint8", channels: int = 3, card: bool = True, name: str = "negative.onnx", **changes: Any
    ) -> Path:
        source, target = port("image", pixel, channels, **changes), port("output", pixel, channels, **changes)
        axes = ["batch", "height", "width"]
        shape = [*axes, channels] if source.layout == "NHWC" else [axes[0], channels, *axes[1:]]
        low, high = source.range
        graph = helper.make_graph(
            [
                helper.make_node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
                helper.make_node("Sub", ["top", "values"], ["negative"]),
                helper.make_node("Cast", ["negative"], ["output"], to=TYPES[source.dtype]),
            ],
            "negative",
            [helper.make_tensor_value_info("image", TYPES[source.dtype], shape)],
            [helper.make_tensor_value_info("output", TYPES[target.dtype], shape)],
            [numpy_helper.from_array(np.float32(low + high), "top")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        if card:
            helper.set_model_props(model, a_card(source, target).metadata())
        onnx.save(model, tmp_path / name)
        return tmp_path / name

    return make
