"""Small models made by hand, whose answers are known in closed form."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gantk.runtime.card import Card
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import stream_of

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
        pixel: str = "uint8",
        channels: int = 3,
        card: bool = True,
        name: str = "negative.onnx",
        size: int | None = None,
        **changes: Any,
    ) -> Path:
        source, target = port("image", pixel, channels, **changes), port("output", pixel, channels, **changes)
        axes = ["batch", size or "height", size or "width"]
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
        said = replace(a_card(source, target), size=size) if card else None
        return save(graph, said, tmp_path / name)

    return make


LATENT = Numbers(name="latent", kind="latent", length=3, distribution="normal", stream=stream_of("latent"))
CODE = Numbers(name="c2", kind="latent", length=1, distribution="uniform", stream=stream_of("c2"))
LABEL = Numbers(
    name="label",
    kind="category",
    layout="N",
    dtype="int64",
    stream=stream_of("label"),
    categories=4,
    names=("T-shirt/top", "bag", "ankle boot", "3"),
)
STEP, MIDDLE = 20, 128


@pytest.fixture
def ports() -> SimpleNamespace:
    """Inputs of generators."""
    return SimpleNamespace(latent=LATENT, code=CODE, label=LABEL)


@pytest.fixture
def make_generator(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a generator which shows what it was given.

    Its images are two rows high; column k is 128 + 20 x the k-th of all numbers that go in. With `raw` they are the
    numbers themselves, float32 (N, 1, 1, numbers): points.
    """

    def make(*inputs: Numbers, channels: int = 1, raw: bool = False, name: str = "generator.onnx") -> Path:
        inputs = inputs or (LATENT,)
        total = sum(one.length for one in inputs)
        nodes, constants = [], {"shape": np.array([-1, 1, 1, total] if raw else [-1, 1, total, 1])}
        for one in inputs:
            constants[f"{one.name}_shape"] = np.array([-1, one.length])
            nodes.append(helper.make_node("Cast", [one.name], [f"{one.name}_float"], to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Reshape", [f"{one.name}_float", f"{one.name}_shape"], [f"{one.name}_row"]))
        nodes.append(helper.make_node("Concat", [f"{one.name}_row" for one in inputs], ["all"], axis=1))
        if raw:
            target = replace(port("output", "float32", total), range=(-1.0, 1.0), window=(-1.0, 1.0))
            nodes.append(helper.make_node("Reshape", ["all", "shape"], ["output"]))
        else:
            target = port("output", "uint8", channels)
            constants |= {"step": np.float32(STEP), "middle": np.float32(MIDDLE), "rows": np.array([1, 2, 1, channels])}
            constants |= {"low": np.float32(0), "high": np.float32(255)}
            nodes += [
                helper.make_node("Mul", ["all", "step"], ["scaled"]),
                helper.make_node("Add", ["scaled", "middle"], ["moved"]),
                helper.make_node("Round", ["moved"], ["rounded"]),
                helper.make_node("Clip", ["rounded", "low", "high"], ["clipped"]),
                helper.make_node("Cast", ["clipped"], ["bytes"], to=TensorProto.UINT8),
                helper.make_node("Reshape", ["bytes", "shape"], ["row"]),
                helper.make_node("Expand", ["row", "rows"], ["output"]),
            ]
        types = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
        graph = helper.make_graph(
            nodes,
            "generator",
            [helper.make_tensor_value_info(one.name, types[one.dtype], tensor_shape(one)) for one in inputs],
            [helper.make_tensor_value_info("output", TYPES[target.dtype], ["batch", None, None, None])],
            [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()],
        )
        card = replace(a_card(target, target), task="generate", graph="generator", inputs=inputs)
        return save(graph, card, tmp_path / name)

    return make


@pytest.fixture
def make_encoder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a model of images (N, H, W, C), which gives means.

    "latent": the mean of each channel (N, C); "c1": each less 128; "energy": the mean of all, (N,).
    """

    def make(*outputs: str, channels: int = 3, size: int | None = None, name: str = "encoder.onnx") -> Path:
        outputs = outputs or ("latent",)
        source = port("image", "uint8", channels)
        ports = {
            "latent": Numbers(name="latent", kind="vector", length=channels),
            "c1": Numbers(name="c1", kind="vector", length=channels),
            "energy": Numbers(name="energy", kind="vector", layout="N"),
        }
        nodes = {
            "latent": helper.make_node("ReduceMean", ["values", "sides"], ["latent"], keepdims=0),
            "c1": helper.make_node("Sub", ["means", "middle"], ["c1"]),
            "energy": helper.make_node("ReduceMean", ["values", "all"], ["energy"], keepdims=0),
        }
        shapes = {"latent": ["batch", channels], "c1": ["batch", channels], "energy": ["batch"]}
        graph = helper.make_graph(
            [
                helper.make_node("Cast", ["image"], ["values"], to=TensorProto.FLOAT),
                helper.make_node("ReduceMean", ["values", "sides"], ["means"], keepdims=0),
                *(nodes[output] for output in outputs),
            ],
            "encoder",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", size, size, channels])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shapes[output]) for output in outputs],
            [
                numpy_helper.from_array(np.array([1, 2]), "sides"),
                numpy_helper.from_array(np.array([1, 2, 3]), "all"),
                numpy_helper.from_array(np.float32(MIDDLE), "middle"),
            ],
        )
        task: Any = "score" if outputs == ("energy",) else "encode"
        said = tuple(ports[output] for output in outputs)
        card = replace(a_card(source, source), task=task, graph="encoder", inputs=(source,), outputs=said, size=size)
        return save(graph, card, tmp_path / name)

    return make


def tensor_shape(numbers: Numbers) -> list[str | int]:
    return ["batch", *numbers.lengths]


def save(graph: onnx.GraphProto, card: Card | None, path: Path) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    if card:
        helper.set_model_props(model, card.metadata())
    onnx.save(model, path)
    return path
