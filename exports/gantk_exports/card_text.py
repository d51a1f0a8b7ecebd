"""A model's card for a reader."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gantk.runtime.card import Card
    from gantk.runtime.ports import Numbers, Port

_MOST_NAMES = 40


def card_lines(path: Path, card: Card) -> list[str]:
    """Return the card for a reader."""
    rows = [
        ("model", f"{path} ({path.stat().st_size / 1e6:.1f} MB)"),
        ("graph", f"{card.graph} ({card.task}) of plugin {card.plugin}"),
        *_listed("takes", card.inputs),
        *_listed("gives", card.outputs),
        *_sizes(card),
        ("mode", ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in card.mode.items())),
        ("classes", _few(card.classes) or "none"),
        ("data", f"{card.data} (licence: {card.licence or 'unknown'})"),
        *(("" if index else "credits", line) for index, line in enumerate(card.credits)),
        ("created", f"{card.created} by gantk {card.version}"),
        ("weights", card.precision),
        *([("file", f"ONNX opset {card.opset}, for ONNX Runtime {card.onnxruntime} or later")] if card.opset else []),
        ("parity", fidelity_text(card.fidelity) if card.fidelity else differences_text(card.parity) or "not measured"),
    ]
    return [f"{name:<9} {value}" for name, value in rows]


def fidelity_text(found: Mapping[str, float]) -> str:
    """Return how like the full model's its answers are, as a card's `fidelity` has it."""
    return f"{found['psnr']:.1f} dB on {found['inputs']} held-out inputs, the worst {found['worst']:.1f}"


def differences_text(measured: Mapping[str, float]) -> str:
    """Return how far a model is from torch, as a card's `parity` has it."""
    return ", ".join(f"{shapes}: {value:.2g}" for shapes, value in measured.items())


def _listed(word: str, ports: Sequence[Port | Numbers]) -> list[tuple[str, str]]:
    return [("" if index else word, f"{port.name}: {_described(port)}") for index, port in enumerate(ports)]


def _described(port: Port | Numbers) -> str:
    from gantk.runtime.ports import Port

    kind = f"{port.dtype} {port.layout}"
    if isinstance(port, Port) and port.palette is not None:
        ignored = port.palette.ignored
        last = "" if ignored is None else f", ignoring {port.palette.names[ignored]}"
        return f"{kind}, a label map of {_count(len(port.palette), 'class', 'es')}: {_few(port.palette.names)}{last}"
    if isinstance(port, Port):
        low, high = port.range
        return f"{kind}, {_count(port.channels, 'channel')}{port.colour and ' '}{port.colour}, {low:g} to {high:g}"
    if port.kind == "category":
        names = f": {_few(port.names)}" if port.names else ""
        first = (
            "" if port.default is None else f", {port.names[int(port.default)] if names else port.default} if unsaid"
        )
        return f"{kind}, one of {port.categories}{names}{first}"
    if port.kind == "caption":
        known = f"{_count(len(port.words), 'word')}: {_few(port.words)}"
        return f"{kind}, a text of up to {_count(port.length, 'word')} of {known}"
    if port.kind == "scalar":
        ends = [
            f" from {port.low:g}" if port.low is not None else "",
            f" to {port.high:g}" if port.high is not None else "",
        ]
        return f"{kind}, a number{''.join(ends)}, {port.default:g} if unsaid"
    drawn = {"normal": " from N(0, 1)", "uniform": " from U(-1, 1)", "zero": ", 0 if unsaid", "": ""}[port.distribution]
    numbers = " x ".join(map(str, port.shape)) + " numbers" if port.shape else _count(port.length, "number")
    return f"{kind}, {numbers} a sample{drawn}"


def _few(names: Sequence[str]) -> str:
    """Return names one after another, the first of them where they are many."""
    further = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {further} more" if further > 0 else "")


def _count(count: int, thing: str, plural: str = "s") -> str:
    return f"{count} {thing}{plural if count != 1 else ''}"


def _sizes(card: Card) -> list[tuple[str, str]]:
    if card.sides is not None:
        one = "" if card.batch is None else f", {_count(card.batch, 'sample')} at once"
        return [("sizes", "{}x{} alone".format(*card.sides) + one), *_larger(card)]
    return [
        *_larger(card),
        ("sizes", f"any; padded inside to multiples of {card.multiple}, at least {card.minimum}"),
        ("halo", "unknown" if card.halo is None else f"{card.halo} pixels"),
    ]


def _larger(card: Card) -> list[tuple[str, str]]:
    return [] if card.scale == 1 else [("scale", f"what comes out is {card.scale:g} times as high and wide")]
