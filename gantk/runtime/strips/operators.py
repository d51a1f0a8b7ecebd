"""Which rows of an image an ONNX operator reads for some rows of its output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from gantk.data.dataset import Array

WINDOWED = frozenset({"Conv", "MaxPool", "AveragePool"})


@dataclass(frozen=True)
class RowSpan:
    """Rows from `first` up to, not including, `end`; before the first and behind the last row is padding."""

    first: int
    end: int

    def joined(self, other: RowSpan) -> RowSpan:
        """Return the smallest span that holds both."""
        return RowSpan(min(self.first, other.first), max(self.end, other.end))


def reads_rows(node: Any, constants: Mapping[str, Array]) -> bool:
    """Return whether a node is one of those that read some rows around each, and says by constants which."""
    if node.op_type in WINDOWED or node.op_type == "ConvTranspose":
        return _said(node, "auto_pad", b"NOTSET") == b"NOTSET" and not _said(node, "ceil_mode", 0)
    if node.op_type == "Pad":
        pads = constants.get(node.input[1])
        return pads is not None and len(pads) == 8 and not pads[[0, 1, 4, 5]].any() and pads.min() >= 0
    if node.op_type == "Resize":
        scales = constants.get(node.input[2]) if len(node.input) > 2 else None
        mode = _said(node, "coordinate_transformation_mode", b"half_pixel")
        return (
            scales is not None
            and scales.tolist()[:2] == [1, 1]
            and float(scales[2]).is_integer()
            and (_said(node, "mode", b"nearest"), mode) in ((b"nearest", b"asymmetric"), (b"linear", b"half_pixel"))
        )
    return False


def ratio(node: Any, constants: Mapping[str, Array]) -> Fraction:
    """Return rows of a node's output for a row of its input, padding apart."""
    if node.op_type in WINDOWED:
        return Fraction(1, _stride(node))
    if node.op_type == "ConvTranspose":
        return Fraction(_stride(node))
    if node.op_type == "Resize":
        return Fraction(int(constants[node.input[2]][2]))
    return Fraction(1)


def height(node: Any, rows: int, constants: Mapping[str, Array]) -> int:
    """Return the rows of a node's output for those of its input."""
    if node.op_type in WINDOWED:
        above, below = _padding(node)
        return (rows + above + below - _reach(node) - 1) // _stride(node) + 1
    if node.op_type == "ConvTranspose":
        above, below = _padding(node)
        further = _said(node, "output_padding", [0, 0])[0]
        return int((rows - 1) * _stride(node) - above - below + _reach(node) + further + 1)
    if node.op_type == "Pad":
        pads = constants[node.input[1]]
        return int(rows + pads[2] + pads[6])
    return int(rows * ratio(node, constants))


def needed(node: Any, span: RowSpan, constants: Mapping[str, Array]) -> RowSpan:
    """Return the rows of a node's input on which a span of its output depends; they may lie in its padding."""
    if node.op_type in WINDOWED:
        first = span.first * _stride(node) - _padding(node)[0]
        return RowSpan(first, (span.end - 1) * _stride(node) - _padding(node)[0] + _reach(node) + 1)
    if node.op_type == "ConvTranspose":
        above, stride = _padding(node)[0], _stride(node)
        return RowSpan(-(-(span.first + above - _reach(node)) // stride), (span.end - 1 + above) // stride + 1)
    if node.op_type == "Pad":
        above = int(constants[node.input[1]][2])
        return RowSpan(span.first - above, span.end - above)
    if node.op_type == "Resize":
        times = int(constants[node.input[2]][2])
        beside = _said(node, "mode", b"nearest") == b"linear"
        return RowSpan(span.first // times - beside, -(-span.end // times) + beside)
    return span


def _said(node: Any, name: str, default: Any) -> Any:
    """Return a node's attribute as ONNX holds it, lists as lists."""
    for attribute in node.attribute:
        if attribute.name == name:
            return list(attribute.ints) if attribute.type == attribute.INTS else attribute.s or attribute.i
    return default


def _stride(node: Any) -> int:
    return int(_said(node, "strides", [1, 1])[0])


def _padding(node: Any) -> tuple[int, int]:
    pads = _said(node, "pads", [0, 0, 0, 0])
    return int(pads[0]), int(pads[2])


def _reach(node: Any) -> int:
    """Return how many rows lie between the first and the last that a kernel reads."""
    return int(_said(node, "dilations", [1, 1])[0] * (_said(node, "kernel_shape", [1, 1])[0] - 1))
