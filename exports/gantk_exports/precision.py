"""Smaller models: weights of 16 bits, or convolutions of 8 bits; and how far they are from the full ones.

`fp16` keeps weights in half the bytes and computes in float32, which every execution provider can: where it is run, the
weights are widened once. `int8` computes convolutions in 8 bits (QDQ form, a scale for each of a weight's channels),
its ranges measured on images of the run; everything else stays float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gantk.data.dataset import Array
from gantk.errors import GantkError, Unsupported, one_line
from gantk.runtime.card import Card
from gantk.runtime.files import written_aside
from gantk.runtime.model import Model
from gantk.runtime.model_file import load
from gantk.runtime.ports import Port
from gantk.runtime.telemetry import switch_off
from gantk.training.trained import Trained
from gantk_exports.form import Form
from gantk_exports.graphs import Tell, export_graph, say_nothing, write_model
from gantk_exports.loops import has_loop
from gantk_exports.material import Inputs, material
from gantk_exports.opsets import lowered
from gantk_exports.quiet import quiet

Precision = Literal["fp32", "fp16", "int8"]

LEAST = {"fp16": 45.0, "int8": 30.0}
"""Decibels that the worst image must have, if nothing else is said."""

CALIBRATION, COMPARED = 64, 50
"""Training images that ranges are measured on, and held-out images that are compared."""

_SMALL = 64
"""Numbers of a constant that is not worth halving."""

_EQUAL = 120.0
"""Decibels that stand for equality."""


def export_reduced(
    trained: Trained,
    name: str,
    out: Path,
    form: Form,
    precision: Precision,
    least: float | None = None,
    exported: Path | None = None,
    data: Sequence[str] = (),
    tell: Tell = say_nothing,
) -> Path:
    """Write a graph in another precision to the ONNX file `out`, and its card beside it; return `out`.

    It is compared with the full model on held-out inputs of the run; `exported` is that model's file, where there is
    one, and `data` says where the run's images are now, where they have moved. `tell` hears of each part of the work.
    Raises GantkError, leaving no file, where the worst of them has less than `least` dB, Unsupported where the graph
    cannot have that precision, and what `export_graph` raises.
    """
    least = LEAST[precision] if least is None else least
    with TemporaryDirectory(prefix="gantk-") as folder:
        full = exported or export_graph(trained, name, Path(folder) / "full.onnx", form, tell)
        card = load(full).card
        # An input is read before a model is blamed.
        calibration = material(trained, card, CALIBRATION, test=False, data=data) if precision == "int8" else []
        tell(f"making it {precision}")
        try:
            proto = halved(onnx.load(full)) if precision == "fp16" else quantized(full, card, calibration)
            proto = lowered(proto, form.opset)
        except GantkError as reason:
            raise type(reason)(f"graph {name} {reason}") from reason.__cause__
        tell("comparing it with fp32")
        with written_aside(Path(folder) / "reduced.onnx") as reduced:
            write_model(proto, card, reduced)
            found = fidelity(load(reduced), load(full), material(trained, card, COMPARED, test=True, data=data))
    check_fidelity(found, least, f"graph {name} as {precision}")
    card = replace(card, precision=precision, parity={}, fidelity={**found, "least": least})
    beside = out.with_suffix(".json")
    with written_aside(beside) as beside_aside, written_aside(out) as aside:
        write_model(proto, card, aside)
        beside_aside.write_text(card.json(), encoding="utf-8")
    return out


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose float32 weights are stored in 16 bits. Raises Unsupported where one is too large."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    kept, widened = [], []
    for tensor in made.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size <= _SMALL:
            kept.append(tensor)
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.isfinite(half).all():
            raise Unsupported(f"cannot be fp16: its weight {tensor.name} reaches {np.abs(values).max():.3g}")
        kept.append(numpy_helper.from_array(half, f"{tensor.name}.half"))
        widened.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*widened, *made.graph.node]
    del made.graph.initializer[:], made.graph.node[:]
    made.graph.initializer.extend(kept)
    made.graph.node.extend(nodes)
    return made


def quantized(full: Path, card: Card, calibration: Sequence[Inputs]) -> onnx.ModelProto:
    """Return a model whose convolutions compute in 8 bits, with ranges measured on these inputs.

    Raises Unsupported where it has none, GantkError where ONNX Runtime cannot make it.
    """
    switch_off()
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    if has_loop(onnx.load(full, load_external_data=False)):
        raise Unsupported("cannot be int8: it is a sampler, whose steps would each add their rounding; say fp16")
    if not any(node.op_type == "Conv" for node in onnx.load(full, load_external_data=False).graph.node):
        raise Unsupported("cannot be int8: it has no convolution")

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            names = [port.name for port in card.inputs]
            self.given = iter([dict(zip(names, values, strict=True)) for values in calibration])

        def get_next(self) -> dict[str, Array] | None:
            return next(self.given, None)

    with quiet(), TemporaryDirectory(prefix="gantk-") as folder:
        made = Path(folder) / "int8.onnx"
        try:
            quantize_static(
                full,
                made,
                Reader(),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv"],
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        except Exception as error:
            raise GantkError(f"cannot be int8: {one_line(error)}") from error
        return onnx.load(made)


def fidelity(model: Model, full: Model, inputs: Sequence[Inputs]) -> dict[str, float]:
    """Return how like a model's answers are to the full model's: PSNR in dB over inputs, and that of the worst.

    The peak is the range of an image's values, or the largest magnitude of a vector's; equal answers have 120 dB.
    """
    values = np.array([_likeness(model.call(*each), full.call(*each), model.card) for each in inputs])
    return {
        "psnr": float(values.mean()),
        "worst": float(values.min()),
        "worst_input": int(values.argmin()),
        "inputs": len(values),
    }


def check_fidelity(found: dict[str, float], least: float, what: str) -> None:
    """Raise GantkError where the worst input is less like the full model's than it must be."""
    if found["worst"] < least:
        raise GantkError(
            f"{what} differs too much from fp32: {found['worst']:.1f} dB at input {found['worst_input']} of "
            f"{found['inputs']}, below {least:g} dB (mean {found['psnr']:.1f}); say --least-psnr for another limit"
        )


def _likeness(answers: tuple[Array, ...], expected: tuple[Array, ...], card: Card) -> float:
    """Return the PSNR of the output that is least like."""
    found = []
    for port, answer, truth in zip(card.outputs, answers, expected, strict=True):
        if isinstance(port, Port) and port.palette is not None:
            # Ids are no amounts: maps are as like as the colours in which they are shown.
            colours = np.array(port.palette.colours, np.float64)
            error = float(np.square(colours[answer] - colours[truth]).mean()) / 255**2
            found.append(min(_EQUAL, -10 * np.log10(max(error, 1e-300))))
            continue
        peak = port.range[1] - port.range[0] if isinstance(port, Port) else float(np.abs(truth).max()) or 1.0
        error = float(np.square(answer.astype(np.float64) - truth).mean()) / peak**2
        found.append(min(_EQUAL, -10 * np.log10(max(error, 1e-300))))
    return float(min(found))
