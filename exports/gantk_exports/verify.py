"""`gantk verify`: what a model says of itself, and whether it keeps its word."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from gantk.cli.model_path import MODEL
from gantk.cli.output import say
from gantk.errors import GantkError
from gantk_exports.card_text import card_lines, differences_text, fidelity_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gantk.runtime.card import Card
    from gantk.runtime.model import Model

EPILOG = """\b
Example:
  gantk verify a_to_b.onnx
  gantk verify a_to_b.onnx --run runs/cyclegan-emoji
  gantk verify generator.onnx
  gantk verify simplified.onnx --accept     after another program changed it on purpose
"""

_SIZES = ((1, 1), (33, 77), (128, 128))
_BATCHES = (1, 4)


@click.command(epilog=EPILOG)
@click.argument("model", type=MODEL)
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

    MODEL is its file, or gantk:NAME of `gantk models`. A file that was damaged, or changed by another program, does not
    have the checksum of its export and is refused.
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
        for line in card_lines(model, opened.card):
            say(line)
        say("runs at   " + ", ".join(f"{label} ({value * 1000:.0f} ms)" for label, value in seconds.items()))
        if measured is not None:
            found = fidelity_text(measured) if reduced else differences_text(measured)
            say(f"{'fp32 ' if reduced else 'torch'}     {found}")
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
