"""Models in the older versions of ONNX's operators, for engines that know no newer ones."""

from collections.abc import Iterable, Iterator, Mapping

import onnx
from onnx import defs, helper, numpy_helper

from gantk.errors import Unsupported

NEWEST = 20
"""The version in which models are made."""

SHAPES = 15
"""The first version that tells the height of an image apart from its other lengths, as a graph for any size must."""

RUNTIMES = {13: "1.6", 14: "1.8", 15: "1.9", 16: "1.11", 17: "1.12", 18: "1.14", 19: "1.16", 20: "1.17"}
"""The first ONNX Runtime that reads a version of the operators, in the oldest file format that has them."""


def lowered(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """Return a model in another version of ONNX's operators, and in the oldest file format (IR) that has them.

    An operator is kept where that version's takes the same inputs and attributes. Raises Unsupported, naming the
    operator, where that version has none such.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    used = {node.domain for node in _nodes(made.graph)}
    imports = {imported.domain: imported.version for imported in made.opset_import if imported.domain in used}
    before, imports[""] = imports[""], opset
    del made.opset_import[:]
    made.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in imports.items())
    made.ir_version = helper.find_min_ir_version_for(made.opset_import, ignore_unknown=True)
    constants = {tensor.name: tensor for tensor in made.graph.initializer}
    for node in _nodes(made.graph):
        if node.domain == "":
            _lower(node, before, opset, constants)
    try:
        onnx.checker.check_model(made, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = " ".join(str(error).split())
        raise Unsupported(f"cannot be written with --opset {opset}, say a higher one: {reason}") from error
    return made


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Yield a graph's nodes, and those of the graphs inside them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _lower(node: onnx.NodeProto, before: int, opset: int, constants: Mapping[str, onnx.TensorProto]) -> None:
    """Bring a node into the form that its operator had in an older version."""
    forms = {
        version: defs.get_schema(node.op_type, version, "")
        for version in range(opset, before + 1)
        if defs.has(node.op_type, version)
    }
    if opset not in forms:
        raise _refused(node, "", forms)
    old, new = forms[opset], forms[before]
    while len(node.input) > old.max_input:
        given, place = node.input.pop(), len(node.input)
        name = new.inputs[place].name
        if not given:
            continue
        if name not in old.attributes or given not in constants:
            later = [version for version, form in forms.items() if form.max_input > place]
            raise _refused(node, f" with an input {name}", later)
        # The axes of a sum, say: once an attribute, later a constant input.
        node.attribute.append(helper.make_attribute(name, numpy_helper.to_array(constants[given]).tolist()))
    for attribute in [attribute for attribute in node.attribute if attribute.name not in old.attributes]:
        name, value = attribute.name, helper.get_attribute_value(attribute)
        default = new.attributes[name].default_value
        if not default.type or value != helper.get_attribute_value(default):
            later = [version for version, form in forms.items() if name in form.attributes]
            raise _refused(node, f" with {name}={value}", later)
        node.attribute.remove(attribute)


def _refused(node: onnx.NodeProto, how: str, versions: Iterable[int]) -> Unsupported:
    """Return the refusal of an operator that some versions have."""
    first = min(versions)
    return Unsupported(f"needs ONNX's {node.op_type}{how}, which version {first} brought: say --opset {first}")
