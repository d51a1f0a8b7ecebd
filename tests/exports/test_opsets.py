"""Models in older versions of ONNX's operators: what keeps its meaning, and what is refused."""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from gantk.errors import Unsupported
from gantk_exports.opsets import NEWEST, lowered


def model(nodes: Sequence[onnx.NodeProto], *constants: tuple[str, np.ndarray]) -> onnx.ModelProto:
    """Return a model of `x` (n, 3, 4, 4) to `y`, in the newest version and a file format that is younger than it."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in "xy"]
    tensors = [numpy_helper.from_array(value, name) for name, value in constants]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], tensors)
    imports = [helper.make_opsetid("", NEWEST), helper.make_opsetid("com.example", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def answer(made: onnx.ModelProto) -> np.ndarray:
    image = np.random.default_rng(0).normal(size=(1, 3, 4, 4)).astype(np.float32)
    found: np.ndarray = onnxruntime.InferenceSession(made.SerializeToString()).run(None, {"x": image})[0]
    return found


MEAN = helper.make_node("ReduceMean", ["x", "axes"], ["y"], noop_with_empty_axes=0)
RESIZED = helper.make_node(
    "Resize", ["x", "", "scales"], ["y"], mode="nearest", antialias=0, keep_aspect_ratio_policy="stretch"
)


@pytest.mark.parametrize(("opset", "file_format"), [(20, 9), (17, 8), (13, 7)])
def test_an_older_model_computes_the_same(opset: int, file_format: int) -> None:
    constants = [("axes", np.int64([2, 3])), ("scales", np.float32([1, 1, 2, 2]))]
    for node, constant in zip((MEAN, RESIZED), constants, strict=True):
        newest = model([node], constant)
        older = lowered(newest, opset)
        assert (older.opset_import[0].version, older.ir_version, len(older.opset_import)) == (opset, file_format, 1)
        assert np.array_equal(answer(older), answer(newest))
    assert (lowered(model([MEAN], constants[0]), opset).graph.node[0].attribute[-1].name == "axes") == (opset < 18)


def test_what_an_older_version_lacks_is_named_with_the_one_that_brought_it() -> None:
    smooth = helper.make_node("Gelu", ["x"], ["y"])
    with pytest.raises(Unsupported, match=r"^needs ONNX's Gelu, which version 20 brought: say --opset 20$"):
        lowered(model([smooth]), 19)
    soft = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear", antialias=1)
    with pytest.raises(Unsupported, match=r"^needs ONNX's Resize with antialias=1, which version 18 brought"):
        lowered(model([soft], ("scales", np.float32([1, 1, 2, 2]))), 17)
    open_axes = [helper.make_node("Shape", ["x"], ["axes"], start=1, end=2), MEAN]
    with pytest.raises(Unsupported, match=r"needs ONNX's ReduceMean with an input axes, which version 18 brought"):
        lowered(model(open_axes), 17)
    with pytest.raises(Unsupported, match=r"needs ONNX's Shape with end=2, which version 15 brought: say --opset 15$"):
        lowered(model(open_axes), 14)


def test_nodes_inside_of_branches_count() -> None:
    inner = helper.make_graph(
        [helper.make_node("Gelu", ["x"], ["inner"])], "inner", [], [helper.make_tensor_value_info("inner", 1, None)]
    )
    chosen = helper.make_node("If", ["true"], ["y"], then_branch=inner, else_branch=inner)
    with pytest.raises(Unsupported, match="ONNX's Gelu"):
        lowered(model([chosen], ("true", np.array(True))), 17)
