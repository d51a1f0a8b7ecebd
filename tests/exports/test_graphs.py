"""What `export_graph` writes: its pixels, its card, and nothing where it fails."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import gantk
from gantk.errors import GantkError, UsageError
from gantk.training.inference import inference_form
from gantk.training.trained import Trained
from gantk_exports import graphs
from gantk_exports.graphs import export_graph, forget_origins

Export = Callable[..., Path]
SIZES = [(1, 1), (33, 77), (130, 131), (64, 64)]


def photographs(count: int, height: int, width: int, channels: int, top: int) -> np.ndarray:
    values = np.random.default_rng(height).integers(0, top + 1, (count, height, width, channels))
    return values.astype(np.uint8 if top == 255 else np.uint16)


def by_hand(trained: Trained, images: np.ndarray, multiple: int, minimum: int) -> np.ndarray:
    """Return the network's output in [-1, 1] (N, H, W, C), padded by NumPy rather than by the graph."""
    network = inference_form(trained.recipe.graphs()["a_to_b"].network, trained.recipe.inference)
    low, high = trained.images["a"].window
    height, width = images.shape[1:3]
    pads = [max(minimum, -(-length // multiple) * multiple) - length for length in (height, width)]
    values = (images.astype(np.float32) - low) / (high - low) * 2 - 1
    values = np.pad(values, [(0, 0), (0, pads[0]), (0, pads[1]), (0, 0)], mode="edge").transpose(0, 3, 1, 2)
    with torch.no_grad():
        output = network(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))).numpy()
    return output[:, :, :height, :width].transpose(0, 2, 3, 1)


def levels(output: np.ndarray, low: float, high: float, top: int) -> np.ndarray:
    return np.clip(np.rint((output + 1) / 2 * (high - low) + low), 0, top)


@pytest.mark.parametrize("size", SIZES)
def test_any_size_gives_the_networks_pixels(exported: Export, residual: Trained, size: tuple[int, int]) -> None:
    images = photographs(2, *size, 3, 255)
    answer = gantk.load(exported("residual", residual))(images)
    assert answer.shape == images.shape
    assert answer.dtype == np.uint8
    assert answer.std() > 0 or size == (1, 1)
    assert np.abs(answer - levels(by_hand(residual, images, 4, 12), 0, 255, 255)).max() <= 1


@pytest.mark.parametrize("size", SIZES)
def test_image_statistics_and_sizes_found_by_trying(exported: Export, skipping: Trained, size: tuple[int, int]) -> None:
    model = gantk.load(exported("skipping", skipping))
    images = photographs(2, *size, 3, 255)
    alone = np.concatenate([model(images[:1]), model(images[1:])])
    assert np.array_equal(model(images), alone)
    assert np.abs(alone - levels(by_hand(skipping, images, 8, 8), 0, 255, 255)).max() <= 1
    assert (model.card.multiple, model.card.minimum, model.card.halo) == (8, 8, None)
    assert model.card.mode == {"batch_norm": "image", "dropout": "off"}


@pytest.mark.parametrize("size", SIZES)
def test_uint16_keeps_its_window_and_precision(exported: Export, deep: Trained, size: tuple[int, int]) -> None:
    images = photographs(1, *size, 1, 65535)
    answer = gantk.load(exported("deep", deep))(images)
    assert answer.dtype == np.uint16
    expected = levels(by_hand(deep, images, 4, 12), 100, 60100, 65535)
    assert np.abs(answer - expected).max() <= (6 if size != (1, 1) else 60)
    assert size == (1, 1) or len(np.unique(answer)) > 256


@pytest.mark.parametrize("size", SIZES)
def test_float_gives_the_networks_own_values(exported: Export, residual: Trained, size: tuple[int, int]) -> None:
    model = gantk.load(exported("residual", residual, "float"))
    images = photographs(2, *size, 3, 255)
    values = images.astype(np.float32) / 127.5 - 1
    # One pixel is a constant image, whose rounding errors instance norm divides by their own small deviation.
    tolerance = 1e-4 if size != (1, 1) else 1e-3
    np.testing.assert_allclose(model(values), by_hand(residual, images, 4, 12), atol=tolerance)
    assert model.card.inputs[0].layout == "NCHW"
    assert model.card.outputs[0].range == (-1, 1)


def test_the_card_says_what_the_model_is(exported: Export, residual: Trained) -> None:
    path = exported("residual", residual)
    card = gantk.load(path).card
    assert (card.version, card.plugin, card.graph, card.task) == (
        gantk.__version__,
        "translation",
        "a_to_b",
        "translate",
    )
    assert (card.multiple, card.minimum, card.halo) == (4, 12, 20)
    assert card.mode == {"batch_norm": "none", "dropout": "off"}
    assert (card.classes, card.data, card.licence) == (("cat", "dog"), "photographs", "CC0-1.0")
    assert card.credits == ("CC0-1.0: Ada, Bén",)
    (source,) = card.inputs
    assert (source.name, source.layout, source.dtype, source.colour, source.range) == (
        *("image", "NHWC", "uint8", "RGB"),
        (0, 255),
    )
    assert card.parity.keys() == {"1x64x64x3", "2x64x64x3", "1x59x77x3", "2x59x77x3"}
    assert max(card.parity.values()) <= 1
    assert json.loads(path.with_suffix(".json").read_text()) == json.loads(card.json())


def test_the_file_is_one_plain_graph_that_tells_nothing_of_the_machine(exported: Export, residual: Trained) -> None:
    path = exported("residual", residual)
    proto = onnx.load(path)
    assert [opset.version for opset in proto.opset_import if opset.domain == ""] == [20]
    for tensor in (proto.graph.input[0], proto.graph.output[0]):
        assert [dim.dim_param for dim in tensor.type.tensor_type.shape.dim[:3]] == ["batch", "height", "width"]
    # Spectral norm is a weight by now: no power iteration is left.
    assert not {"MatMul", "Gemm", "ReduceL2", "BatchNormalization"} & {node.op_type for node in proto.graph.node}
    assert str(Path(__file__).parent).encode() not in path.read_bytes()
    assert b"torch/nn" not in path.read_bytes()
    assert sorted(file.suffix for file in path.parent.glob(f"{path.stem}.*")) == [".json", ".onnx"]


def test_an_export_that_differs_from_torch_leaves_no_file(
    residual: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = graphs._to_onnx

    def tampered(*arguments: object) -> onnx.ModelProto:
        proto = exporter(*arguments)
        largest = max(proto.graph.initializer, key=lambda tensor: len(tensor.raw_data))
        weights = onnx.numpy_helper.to_array(largest)
        largest.CopyFrom(onnx.numpy_helper.from_array(weights * 1.5, largest.name))
        return proto

    monkeypatch.setattr(graphs, "_to_onnx", tampered)
    with pytest.raises(GantkError, match=r"graph a_to_b: ONNX Runtime differs from torch by \S+ at 1x64x64x3"):
        export_graph(residual, "a_to_b", tmp_path / "a_to_b.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_graph_is_answered_with_those_there_are(residual: Trained, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="translation has no graph 'c_to_d', only a_to_b, b_to_a"):
        export_graph(residual, "c_to_d", tmp_path / "c.onnx")


class Sorting(nn.Module):
    """A network whose Python code reads pixel values, which no graph can."""

    multiple = minimum = 1

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image if float(image.sum()) > 0 else -image


def test_a_network_that_cannot_be_exported_is_one_line(
    residual: Trained, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recipe = type(residual.recipe)({"a_to_b": Sorting()})
    with pytest.raises(GantkError, match=r"^graph a_to_b: its network cannot be exported to ONNX: [^\n]+$"):
        export_graph(replace(residual, recipe=recipe), "a_to_b", tmp_path / "a_to_b.onnx")
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_the_bodies_of_loops_tell_nothing_of_the_machine_either() -> None:
    def noted(name: str, **attributes: Any) -> onnx.NodeProto:
        node = onnx.helper.make_node(name, [], [], doc_string="/home/somebody/net.py", **attributes)
        node.metadata_props.add(key="stack", value="/home/somebody/net.py:3")
        return node

    inner = onnx.helper.make_graph([noted("Identity")], "inner", [], [], doc_string="/home/somebody")
    body = onnx.helper.make_graph([noted("If", then_branch=inner)], "body", [], [])
    proto = onnx.helper.make_model(onnx.helper.make_graph([noted("Loop", body=body)], "main", [], []))
    function = onnx.helper.make_function("own", "F", [], [], [noted("Loop", body=body)], [])
    proto.functions.append(function)
    forget_origins(proto)
    assert b"somebody" not in proto.SerializeToString()
