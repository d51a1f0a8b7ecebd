"""Exports for engines that want fixed shapes and older operators: they say so, and other engines read them."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from PIL import Image
from torch import Tensor, nn

import gantk
from gantk import Graph, Latent, Network, Recipe
from gantk.errors import GantkError, Unsupported, UsageError
from gantk.sizes import Sides
from gantk.training.trained import Trained
from gantk_exports.form import Form, form_of
from gantk_exports.graphs import export_graph, prepare
from support.exported import Drawn

Export = Callable[..., Path]
FIXED = Form("float", (24, 40), 13)


def shapes(path: Path) -> list[list[int | str]]:
    graph = onnx.load(path).graph
    ends = [end.type.tensor_type.shape.dim for end in (*graph.input, *graph.output)]
    return [[dim.dim_param or dim.dim_value for dim in dims] for dims in ends]


@pytest.fixture(scope="module")
def fixed(residual: Trained, skipping: Trained, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A ResNet's and a U-Net's layers for 24 x 40 pixels, in the oldest operators."""
    folder = tmp_path_factory.mktemp("fixed")
    networks = {"residual": residual, "skipping": skipping}
    return {name: export_graph(run, "a_to_b", folder / f"{name}.onnx", FIXED) for name, run in networks.items()}


@pytest.mark.parametrize("name", ["residual", "skipping"])
def test_opencv_reads_a_model_of_one_size(fixed: dict[str, Path], name: str) -> None:
    path = fixed[name]
    image = np.random.default_rng(0).uniform(-1, 1, (1, 3, 24, 40)).astype(np.float32)
    network = cv2.dnn.readNetFromONNX(str(path))
    network.setInput(image)
    (expected,) = gantk.load(path).call(image)
    assert np.abs(network.forward() - expected).max() < 1e-4
    assert expected.std() > 0.1


def test_a_model_of_one_size_has_nothing_that_varies_and_says_so(fixed: dict[str, Path], residual: Trained) -> None:
    path = fixed["residual"]
    assert shapes(path) == [[1, 3, 24, 40]] * 2
    made = onnx.load(path)
    assert (made.ir_version, made.opset_import[0].version) == (7, 13)
    assert not {node.op_type for node in made.graph.node} & {"Shape", "Slice", "Max"}
    card = gantk.load(path).card
    assert (card.size, card.sides, card.batch, card.step) == ((24, 40), (24, 40), 1, residual.step)
    assert (card.opset, card.onnxruntime) == (13, "1.6")
    assert form_of(card) == FIXED
    written = json.loads(path.with_suffix(".json").read_text())
    assert (written["gantk.size"], written["gantk.batch"], written["gantk.onnxruntime"]) == ([24, 40], 1, "1.6")


def test_it_runs_on_pictures_and_arrays_of_any_number(
    fixed: dict[str, Path], exported: Export, residual: Trained
) -> None:
    model, free = gantk.load(fixed["residual"]), gantk.load(exported("residual", residual))
    pixels = np.random.default_rng(1).integers(0, 256, (3, 24, 40, 3), np.uint8)
    assert np.abs(model(pixels).astype(int) - free(pixels)).max() <= 1
    picture = Image.fromarray(np.zeros((60, 50, 3), np.uint8))
    assert model(picture).size == (40, 24)
    with pytest.raises(GantkError, match="the model takes 24x40 pixels, and an array as it is, not 40x24"):
        model(pixels.transpose(0, 2, 1, 3))


def test_a_size_that_does_not_fit_is_padded_by_constants(residual: Trained, exported: Export, tmp_path: Path) -> None:
    path = export_graph(residual, "a_to_b", tmp_path / "a_to_b.onnx", Form(sides=(22, 22), opset=19))
    assert shapes(path) == [[1, 22, 22, 3]] * 2
    assert "Shape" not in {node.op_type for node in onnx.load(path).graph.node}
    pixels = np.random.default_rng(1).integers(0, 256, (22, 22, 3), np.uint8)
    model, free = gantk.load(path), gantk.load(exported("residual", residual))
    assert np.abs(model(pixels).astype(int) - free(pixels)).max() <= 1
    assert (model.card.size, free.card.batch, free.card.opset, free.card.onnxruntime) == (22, None, 20, "1.17")
    assert onnx.load(free.path).ir_version == 9


def test_a_graph_of_one_size_takes_no_other(drawn: Trained) -> None:
    _, card = prepare(drawn, "generator", Form(sides=(4, 4)))
    assert (card.size, card.batch) == (4, 1)
    with pytest.raises(UsageError, match="graph generator: its images have 4x4 pixels alone: say --size 4"):
        prepare(drawn, "generator", Form(sides=(8, 4)))


class Tiles(nn.Module):
    """An image of a colour that is drawn, at one height and width."""

    def __init__(self, sides: Sides) -> None:
        super().__init__()
        self.sides = sides

    def forward(self, colour: Tensor) -> Tensor:
        return colour[..., None, None].expand(-1, -1, *self.sides)


class Tiled(Drawn):
    """A recipe whose generator can be of any size."""

    def graphs(self) -> dict[str, Graph]:
        return {"generator": self.of(Sides(4, 4))}

    def of(self, sides: Sides) -> Graph:
        return Graph(
            network=Network(Tiles(sides), "generator"),
            task="generate",
            inputs=(Latent(length=3),),
            outputs=("a",),
            resized=self.of,
        )


def test_a_graph_that_can_be_of_another_size_is_asked_for_it(opened: Callable[[Recipe], Trained]) -> None:
    tiled = opened(Tiled())
    assert prepare(tiled, "generator")[1].sides == (4, 4)
    _, card = prepare(tiled, "generator", Form(sides=Sides(8, 12)))
    assert (card.sides, card.batch) == ((8, 12), None)


def test_any_size_needs_operators_that_tell_sizes(residual: Trained) -> None:
    with pytest.raises(Unsupported, match=r"^graph a_to_b: it takes images of any size, .* say that, or --size HxW$"):
        prepare(residual, "a_to_b", Form(opset=14))
    assert prepare(residual, "a_to_b", Form(opset=15))[1].opset == 15


def test_weights_that_are_not_finite_are_refused(residual: Trained) -> None:
    broken = replace(residual, recipe=copy.deepcopy(residual.recipe))
    weight = dict(broken.recipe.named_parameters())["translators.a_to_b.module.layers.1.bias"]
    weight.data[2] = float("nan")
    with pytest.raises(
        GantkError, match=r"^graph a_to_b: its weights hold NaN or infinite numbers \(layers\.1\.bias\)"
    ):
        prepare(broken, "a_to_b")
    assert prepare(broken, "b_to_a")
