"""`gantk verify`: what a model says of itself, and whether it keeps its word."""

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from gantk.errors import GantkError

EPILOG = """\b
Example:
  gantk verify a_to_b.onnx
  gantk verify a_to_b.onnx --run runs/cyclegan-emoji
"""

_SIZES = ((1, 1), (33, 77), (128, 128))


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--run", type=click.Path(path_type=Path), help="The run it comes from: compare with PyTorch again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for another program.")
def verify(model: Path, run: Path | None, as_json: bool) -> None:
    """Show the card of a model that `gantk export` wrote, and run it at several sizes; needs PyTorch for --run only."""
    from gantk.runtime.model import load

    opened = load(model)
    seconds = {f"{height}x{width}": _seconds(opened, height, width) for height, width in _SIZES}
    measured = _compare(opened, run) if run is not None else None
    card = json.loads(opened.card.json())
    if as_json:
        click.echo(json.dumps({"card": card, "seconds": seconds, "differences": measured}, indent=2))
    else:
        click.echo("\n".join(_lines(model, card)))
        click.echo("runs at   " + ", ".join(f"{size} ({value * 1000:.0f} ms)" for size, value in seconds.items()))
        if measured is not None:
            click.echo("torch     " + ", ".join(f"{shape}: {value:.2g}" for shape, value in measured.items()))
    if measured is not None:
        from gantk_exports.parity import check

        check(measured, opened.card, str(model))


def _seconds(model: Any, height: int, width: int) -> float:
    """Run a model on a mid-grey image. Raises GantkError where its answer has another size or is not finite."""
    import numpy as np

    source, target = model.card.inputs[0], model.card.outputs[0]
    image = np.full((1, height, width, source.channels), sum(source.range) / 2).astype(source.dtype)
    began = perf_counter()
    answer = model.run(image)
    seconds = perf_counter() - began
    if answer.shape != (1, height, width, target.channels) or not np.isfinite(answer).all():
        raise GantkError(f"{model.path}: at {height}x{width} it gives {answer.shape}, or values that are not finite")
    return seconds


def _compare(model: Any, run: Path) -> dict[str, float]:
    from gantk.cli.extras import require_training

    require_training("gantk verify --run")
    from gantk.engine.trained import load_trained
    from gantk_exports.graphs import prepare
    from gantk_exports.parity import differences

    raw = model.card.inputs[0].layout == "NCHW"
    module, _ = prepare(load_trained(run), model.card.graph, "float" if raw else "uint8")
    return differences(model, module)


def _lines(path: Path, card: dict[str, Any]) -> list[str]:
    """Return the card for a reader."""
    (source,), (target,) = card["gantk.inputs"], card["gantk.outputs"]
    halo, parity = card["gantk.halo"], card["gantk.parity"]
    rows = {
        "model": f"{path} ({path.stat().st_size / 1e6:.1f} MB)",
        "graph": f"{card['gantk.graph']} ({card['gantk.task']}) of plugin {card['gantk.plugin']}",
        "takes": _port(source),
        "gives": _port(target),
        "sizes": f"any; padded inside to multiples of {card['gantk.multiple']}, at least {card['gantk.minimum']}",
        "halo": "unknown" if halo is None else f"{halo} pixels",
        "mode": ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in card["gantk.mode"].items()),
        "classes": ", ".join(card["gantk.classes"]) or "none",
        "data": f"{card['gantk.data']} (licence: {card['gantk.licence'] or 'unknown'})",
        "created": f"{card['gantk.created']} by gantk {card['gantk.version']}",
        "parity": ", ".join(f"{shape}: {value:.2g}" for shape, value in parity.items()) or "not measured",
    }
    return [f"{name:<9} {value}" for name, value in rows.items()]


def _port(port: dict[str, Any]) -> str:
    low, high = port["range"]
    colour = f" {port['colour']}" if port["colour"] else ""
    return f"{port['name']}: {port['dtype']} {port['layout']}, {port['channels']} channels{colour}, {low:g} to {high:g}"
