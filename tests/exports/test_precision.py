"""Models of half the size, and of 8 bits: how like they are to the full ones, on the run's own images."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

import gantk
from gantk import Unsupported
from gantk.errors import GantkError
from gantk.training.trained import Trained, load_trained
from gantk_exports.export import export
from gantk_exports.material import material
from gantk_exports.precision import fidelity, halved
from gantk_exports.verify import verify
from support.telling import write_telling


def run(command: object, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(("precision", "largest"), [("fp16", 0.75), ("int8", 1.2)])
def test_a_reduced_model_is_like_the_full_one_on_held_out_images(
    trained_run: Path, tmp_path: Path, precision: str, largest: float
) -> None:
    said = run(export, trained_run, "--graph", "a_to_b", "--precision", precision, "--least-psnr", 20, "--examples", 2)
    path = trained_run / "exports" / f"a_to_b.{precision}.onnx"
    assert str(path) in said
    assert f"a_to_b.{precision}.examples  2 held-out images" in said
    full, reduced = gantk.load(trained_run / "exports" / "a_to_b.onnx"), gantk.load(path)
    assert path.stat().st_size < largest * full.path.stat().st_size
    card = reduced.card
    assert (card.precision, dict(card.parity), full.card.precision) == (precision, {}, "fp32")
    assert json.loads(path.with_suffix(".json").read_text())["gantk.fidelity"] == dict(card.fidelity)
    images = material(load_trained(trained_run), full.card, 50, test=True)
    assert len(images) == card.fidelity["inputs"] > 8
    errors = [np.square(reduced.call(*image)[0].astype(float) - full.call(*image)[0]).mean() for image in images]
    likeness = 10 * np.log10(255**2 / np.maximum(errors, 1e-9))
    assert card.fidelity["worst"] == pytest.approx(likeness.min())
    assert card.fidelity["psnr"] == pytest.approx(likeness.mean())
    assert 20 < likeness.min() < 120, "another precision is not the same"
    kinds = {node.op_type for node in onnx.load(path).graph.node}
    assert ("DequantizeLinear" in kinds) == (precision == "int8")
    assert f"{card.fidelity['worst']:.1f}" in run(verify, path, "--run", trained_run)


def test_too_great_a_difference_leaves_no_file(trained_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(GantkError, match=r"graph a_to_b as int8 differs too much from fp32: .* below 119 dB") as caught:
        run(export, trained_run, "--graph", "a_to_b", "--precision", "int8", "--least-psnr", 119, "--out", out)
    assert "\n" not in str(caught.value)
    assert not out.exists() or not list(out.iterdir())


def test_material_of_a_caption_are_texts_of_several_lengths(tmp_path: Path, drawn: Trained) -> None:
    card = gantk.load(write_telling(tmp_path / "telling.onnx")).card
    noise, tokens = zip(*material(drawn, card, 5, test=True), strict=True)
    assert [int((row > 0).sum()) for row in tokens] == [1, 2, 3, 1, 2]
    assert len({row.item() for row in noise}) == 5


def test_material_is_the_runs_own_images(trained_run: Path) -> None:
    card = gantk.load(trained_run / "exports" / "a_to_b.onnx").card
    held_out, training = (material(load_trained(trained_run), card, 5, test=test) for test in (True, False))
    for (image,), (other,) in zip(held_out, training, strict=True):
        assert (image.shape, image.dtype) == ((1, 32, 32, 3), np.uint8)
        assert image.std() > 10
        assert not np.array_equal(image, other)
    assert load_trained(trained_run).images["a"].channels == 3


def test_halves_are_the_nearest_and_small_constants_stay(tmp_path: Path) -> None:
    weights = {"weight": np.linspace(-3, 3, 100, dtype=np.float32), "few": np.float32([1 / 3])}
    nodes = [helper.make_node("Mul", ["x", "weight"], ["scaled"]), helper.make_node("Add", ["scaled", "few"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 100]) for name in ("x", "y")]
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    model = helper.make_model(helper.make_graph(nodes, "small", ends[:1], ends[1:], tensors))
    kept = {tensor.name: numpy_helper.to_array(tensor) for tensor in halved(model).graph.initializer}
    assert np.array_equal(kept["weight.half"], weights["weight"].astype(np.float16))
    assert kept["few"].dtype == np.float32
    onnx.checker.check_model(halved(model))
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.full(100, 1e6, np.float32), "weight"))
    with pytest.raises(Unsupported, match=r"cannot be fp16: its weight weight reaches 1e\+06"):
        halved(model)


def test_equal_models_have_a_likeness_of_120_decibels(trained_run: Path) -> None:
    model = gantk.load(trained_run / "exports" / "a_to_b.onnx")
    found = fidelity(model, model, material(load_trained(trained_run), model.card, 3, test=True))
    assert found == {"psnr": 120.0, "worst": 120.0, "worst_input": 0, "inputs": 3}
