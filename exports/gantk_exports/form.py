"""The form in which a graph is written: the pixels it takes, its sizes, its operators."""

from dataclasses import dataclass

from gantk.plan.tensors import Io
from gantk.runtime.card import Card
from gantk_exports.opsets import NEWEST


@dataclass(frozen=True)
class Form:
    """How a graph is written.

    Attributes:
        io: in which values images go in and come out, see `gantk.plan.tensors`.
        sides: height and width in pixels that alone it takes, one sample at once; None: any sizes, any batch.
        opset: the version of ONNX's operators.
    """

    io: Io = "uint8"
    sides: tuple[int, int] | None = None
    opset: int = NEWEST


def form_of(card: Card) -> Form:
    """Return how a model is written."""
    raw = any(port.layout == "NCHW" for port in (*card.inputs, *card.outputs))
    return Form("float" if raw else "uint8", card.sides if card.batch else None, card.opset or NEWEST)
