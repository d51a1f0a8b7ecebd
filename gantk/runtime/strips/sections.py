"""A translating network cut where it needs to know a whole image: between its instance norms.

Within a section each row of an output depends on a few rows of the section's inputs, so a section can run on strips
of an image. What one section hands to later ones is a tensor of the whole image; an instance norm's mean and
deviation are known when its input is whole, and are given to the sections that read it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from gantk.data.dataset import Array
from gantk.runtime.strips.bound import SPREAD
from gantk.runtime.strips.operators import RowSpan, height, needed

if TYPE_CHECKING:
    import onnx

NORM = "InstanceNormalization"
"""The operator that reads a whole image."""


@dataclass(frozen=True)
class Section:
    """A part of the network that runs on strips.

    Attributes:
        nodes: its operators, in order.
        inputs: the tensors that it reads: the image, or what earlier sections gave.
        norms: the instance norms that it applies, by their outputs' names.
        outputs: the tensors that it gives.
    """

    nodes: tuple[Any, ...]
    inputs: tuple[str, ...]
    norms: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A network as sections.

    Attributes:
        sections: in the order in which they run.
        norms: the tensors that instance norms read, by their outputs' names.
        constants: the network's weights and constants by name.
        ratios: rows of each tensor for a row of the image.
        rows_axis: which axis of each tensor runs from top to bottom.
        dtypes: NumPy types of the tensors that sections read and give.
        model: the ONNX model whose nodes these are.
    """

    sections: tuple[Section, ...]
    norms: Mapping[str, str]
    constants: Mapping[str, Array]
    ratios: Mapping[str, Fraction]
    rows_axis: Mapping[str, int]
    dtypes: Mapping[str, Any]
    model: onnx.ModelProto

    @property
    def images(self) -> tuple[str, ...]:
        """The images that the network takes."""
        return tuple(info.name for info in self.model.graph.input)

    def heights(self, image: int) -> dict[str, int]:
        """Return each tensor's rows for images of so many rows."""
        found = dict.fromkeys(self.images, image)
        for section in self.sections:
            for node in section.nodes:
                found[node.output[0]] = height(node, found[self.data_inputs(node)[0]], self.constants)
        return found

    def data_inputs(self, node: Any) -> list[str]:
        """Return the inputs of a node that depend on the image."""
        return [name for name in node.input if name and name not in self.constants]

    def spans(self, section: Section, wanted: Mapping[str, RowSpan]) -> dict[str, RowSpan]:
        """Return the rows of each of a section's inputs on which these rows of its outputs depend."""
        spans = dict(wanted)
        for node in reversed(section.nodes):
            if node.output[0] not in spans:
                continue
            rows = needed(node, spans[node.output[0]], self.constants)
            for name in self.data_inputs(node):
                spans[name] = rows.joined(spans[name]) if name in spans else rows
        return {name: spans[name] for name in section.inputs}

    def alignment(self, section: Section) -> int:
        """Return the rows of the image at whose multiples every tensor of a section has a row that begins there."""
        names = [*section.inputs, *(node.output[0] for node in section.nodes)]
        return math.lcm(*(self.ratios[name].denominator for name in names))


def model_of(plan: Plan, section: Section, *, half: bool) -> bytes:
    """Return a section as an ONNX model.

    It takes the section's inputs; for each of its norms NAME the statistics `NAME.mean` and `NAME.variance` (C,); for
    each output NAME the rows to give, `NAME.first` and `NAME.end` (1,), counted in the strip. It gives the outputs'
    rows, and of those that an instance norm reads `NAME.mean` and `NAME.squares`, the mean and the sum of squared
    deviations of each channel (1, C, 1, 1). With `half`, float32 tensors between sections are float16.
    """
    from onnx import TensorProto, helper, numpy_helper

    info, last = helper.make_tensor_value_info, section is plan.sections[-1]
    kinds = {name: helper.np_dtype_to_tensor_dtype(np.dtype(dtype)) for name, dtype in plan.dtypes.items()}
    sources = set(plan.norms.values())
    inputs, outputs, before, after, own = [], [], [], [], []
    for name in section.inputs:
        halved = half and name not in plan.images and kinds[name] == TensorProto.FLOAT
        inputs.append(info(f"{name}.kept", TensorProto.FLOAT16 if halved else kinds[name], None))
        before.append(helper.make_node("Cast", [f"{name}.kept"], [name], to=kinds[name]))
    for name in section.norms:
        inputs += [info(f"{name}.{part}", kinds[name], [None]) for part in ("mean", "variance")]
    for name in section.outputs:
        inputs += [info(f"{name}.{part}", TensorProto.INT64, [1]) for part in ("first", "end")]
        own.append(numpy_helper.from_array(np.array([plan.rows_axis[name]]), f"{name}.axis"))
        bounds = [f"{name}.first", f"{name}.end", f"{name}.axis"]
        after.append(helper.make_node("Slice", [name, *bounds], [f"{name}.rows"]))
        halved = half and not last and kinds[name] == TensorProto.FLOAT
        kind = TensorProto.FLOAT16 if halved else kinds[name]
        after.append(helper.make_node("Cast", [f"{name}.rows"], [f"{name}.given"], to=kind))
        outputs.append(info(f"{name}.given", kind, None))
        if name in sources:
            own.append(numpy_helper.from_array(np.array([2, 3]), f"{name}.pixels"))
            single, mean, centred, squares = (f"{name}.{part}" for part in ("single", "mean", "centred", "squares"))
            after += [
                helper.make_node("Cast", [f"{name}.rows"], [single], to=TensorProto.FLOAT),
                helper.make_node("ReduceMean", [single, f"{name}.pixels"], [mean]),
                helper.make_node("Sub", [single, mean], [centred]),
                helper.make_node("ReduceSumSquare", [centred, f"{name}.pixels"], [squares]),
            ]
            outputs += [info(part, TensorProto.FLOAT, [1, None, 1, 1]) for part in (mean, squares)]
    nodes = [each for node in section.nodes for each in _written(node)]
    used = {name for node in nodes for name in node.input}
    weights = [tensor for tensor in plan.model.graph.initializer if tensor.name in used]
    fixed = [node for node in plan.model.graph.node if node.op_type == "Constant" and node.output[0] in used]
    graph = helper.make_graph([*fixed, *before, *nodes, *after], "section", inputs, outputs, [*weights, *own])
    model = helper.make_model(graph, opset_imports=plan.model.opset_import, ir_version=plan.model.ir_version)
    data: bytes = model.SerializeToString()
    return data


def _written(node: Any) -> list[Any]:
    """Return a node as ONNX knows it on a strip; an instance norm whose statistics are given is a batch norm."""
    from onnx import helper

    (name,) = node.output
    if node.op_type == SPREAD:
        image, numbers = node.input
        sides = helper.make_node("Shape", [image], [f"{name}.sides"], start=2)
        return [sides, helper.make_node("Expand", [numbers, f"{name}.sides"], [name])]
    if node.op_type != NORM:
        return [node]
    given = [*node.input, f"{name}.mean", f"{name}.variance"]
    epsilon = next(attribute.f for attribute in node.attribute if attribute.name == "epsilon")
    return [helper.make_node("BatchNormalization", given, [name], epsilon=epsilon)]
