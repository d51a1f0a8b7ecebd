"""`gantk verify`: what a model says of itself, and whether it keeps its word."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from gantk.cli.output import say
from gantk.errors import GantkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gantk.runtime.card import Card
    from gantk.runtime.model import Model
    from gantk.runtime.ports import Numbers, Port

EPILOG = """\b
Example:
  gantk verify a_to_b.onnx
  gantk verify a_to_b.onnx --run runs/cyclegan-emoji
  gantk verify generator.onnx
  gantk verify simplified.onnx --accept     after another program changed it on purpose
"""

_SIZES = ((1, 1), (33, 77), (128, 128))
_BATCHES = (1, 4)
_MOST_NAMES = 40


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--run", type=click.Path(path_type=Path), help="The run it comes from: compare with PyTorch again.")
@click.option(
    "--data", multiple=True, metavar="NAME|PATH", help="With --run, of fp16 and int8: where the run's images are now."
)
@click.option(
    "--plugin", "plugins", multiple=True, metavar="FILE", help="With --run: where a plugin file of the run is now."
)
@click.option(
    "--accept", "accepted", is_flag=True, help="Write its checksum anew, where another program changed it on purpose."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for another program.")
def verify(
    model: Path, run: Path | None, data: tuple[str, ...], plugins: tuple[str, ...], accepted: bool, as_json: bool
) -> None:
    """Show the card of a model that `gantk export` wrote, and run it on random inputs; needs PyTorch for --run only.

    A file that was damaged, or changed by another program, does not have the checksum of its export and is refused.
    """
    from gantk.runtime.model_file import accept, load
    from gantk_exports.weights import check_weights

    if accepted:
        accept(model)
    opened = load(model)
    check_weights(model)
    seconds = {label: _seconds(opened, label, *lengths) for label, lengths in _tries(opened.card).items()}
    reduced = opened.card.precision != "fp32"
    measured = None
    if run is not None:
        measured = _compare_full(opened, run, data, plugins) if reduced else _compare(opened, run, plugins)
    if as_json:
        card = json.loads(opened.card.json())
        click.echo(json.dumps({"card": card, "seconds": seconds, "differences": measured}, indent=2))
    else:
        for line in _lines(model, opened.card):
            say(line)
        say("runs at   " + ", ".join(f"{label} ({value * 1000:.0f} ms)" for label, value in seconds.items()))
        if measured is not None:
            say(f"{'fp32 ' if reduced else 'torch'}     {_fidelity(measured) if reduced else _differences(measured)}")
    if measured is not None and reduced:
        from gantk_exports.precision import check_fidelity

        check_fidelity(measured, opened.card.fidelity["least"], str(model))
    elif measured is not None:
        from gantk_exports.parity import check

        check(measured, opened.card, str(model))


def _tries(card: Card) -> dict[str, tuple[int, int, int]]:
    """Return what a model is run on, (N, H, W), by the words for it: several sizes, else several batches."""
    if card.sides is None:
        return {f"{height}x{width}": (1, height, width) for height, width in _SIZES}
    if card.batch is not None:
        return {"{}x{}".format(*card.sides): (card.batch, *card.sides)}
    return {f"batch {batch}": (batch, *card.sides) for batch in _BATCHES}


def _seconds(model: Model, label: str, batch: int, height: int, width: int) -> float:
    """Run a model. Raises GantkError where what it gives has another shape than its card says, or is not finite."""
    import numpy as np

    from gantk.runtime.samples import samples, shape

    values = samples(model.card.inputs, batch, height, width)
    began = perf_counter()
    answers = model.call(*values)
    seconds = perf_counter() - began
    for port, answer in zip(model.card.outputs, answers, strict=True):
        expected = shape(port, batch, model.card.scaled(height), model.card.scaled(width))
        if answer.shape != expected or not np.isfinite(answer).all():
            raise GantkError(
                f"{model.path}: at {label} it gives {answer.shape} as {port.name}, or values that are not finite"
            )
    return seconds


def _compare(model: Model, run: Path, plugins: Sequence[str]) -> dict[str, float]:
    from gantk.install_lines import require_training

    require_training("gantk verify --run")
    from gantk.training.trained import load_trained
    from gantk_exports.form import form_of
    from gantk_exports.graphs import prepare
    from gantk_exports.parity import differences

    card = model.card
    module, own = prepare(load_trained(run, card.step, plugins=plugins), card.graph, form_of(card))
    if (own.inputs, own.outputs, own.size) != (card.inputs, card.outputs, card.size):
        raise GantkError(
            f"{model.path}: graph {card.graph} of {run} takes or gives something else; it is another run's"
        )
    return differences(model, module)


def _compare_full(model: Model, run: Path, data: Sequence[str], plugins: Sequence[str]) -> dict[str, float]:
    """Return how like the answers of a model in another precision are to those of the run's full one."""
    from tempfile import TemporaryDirectory

    from gantk.install_lines import require_training

    require_training("gantk verify --run")
    from gantk.runtime.model_file import load
    from gantk.training.trained import load_trained
    from gantk_exports.form import form_of
    from gantk_exports.graphs import export_graph
    from gantk_exports.material import material
    from gantk_exports.precision import COMPARED, fidelity

    card = model.card
    with TemporaryDirectory(prefix="gantk-") as folder:
        trained = load_trained(run, card.step, plugins=plugins)
        # Before the export, which takes minutes.
        inputs = material(trained, card, COMPARED, test=True, data=data)
        full = load(export_graph(trained, card.graph, Path(folder) / "full.onnx", form_of(card)))
        if (full.card.inputs, full.card.outputs, full.card.size) != (card.inputs, card.outputs, card.size):
            raise GantkError(f"{model.path}: graph {card.graph} of {run} takes or gives something else")
        return fidelity(model, full, inputs)


def _fidelity(found: Mapping[str, float]) -> str:
    return f"{found['psnr']:.1f} dB on {found['inputs']} held-out inputs, the worst {found['worst']:.1f}"


def _lines(path: Path, card: Card) -> list[str]:
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
        ("created", f"{card.created} by gantk {card.version}"),
        ("weights", card.precision),
        *([("file", f"ONNX opset {card.opset}, for ONNX Runtime {card.onnxruntime} or later")] if card.opset else []),
        ("parity", _fidelity(card.fidelity) if card.fidelity else _differences(card.parity) or "not measured"),
    ]
    return [f"{name:<9} {value}" for name, value in rows]


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
    drawn = {"normal": " from N(0, 1)", "uniform": " from U(-1, 1)", "": ""}[port.distribution]
    numbers = " x ".join(map(str, port.shape)) + " numbers" if port.shape else _count(port.length, "number")
    return f"{kind}, {numbers} a sample{drawn}"


def _unsaid(port: Numbers) -> str:
    """Return what an input is that nobody says, where it has a default."""
    if port.default is None:
        return ""
    return f", {port.names[int(port.default)] if port.names else format(port.default, 'g')} if unsaid"


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


def _differences(measured: Mapping[str, float]) -> str:
    return ", ".join(f"{shapes}: {value:.2g}" for shapes, value in measured.items())
