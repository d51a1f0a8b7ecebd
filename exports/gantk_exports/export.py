"""`gantk export`: a run's graphs as verified ONNX models."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gantk.cli.extras import require_training
from gantk.errors import UsageError

if TYPE_CHECKING:
    from gantk.runtime.card import Card
    from gantk.runtime.model import Model
    from gantk_exports.ports import Io
    from gantk_exports.precision import Precision

EPILOG = """\b
Example:
  gantk export runs/cyclegan-emoji
  gantk export runs/cyclegan-emoji --graph a_to_b --out a_to_b.onnx
  gantk export runs/cyclegan-emoji --precision int8
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--graph", "graphs", multiple=True, metavar="NAME", help="Which graph; may be repeated.  [default: all]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="An .onnx file for one graph, else a folder.  [default: RUN/exports]",
)
@click.option(
    "--io",
    type=click.Choice(["uint8", "float"]),
    default="uint8",
    show_default=True,
    help="uint8: the data's own pixels, NHWC (uint16 or float32 where the run was trained so); float: NCHW in [-1, 1].",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "int8"]),
    default="fp32",
    show_default=True,
    help="fp16: weights of half the size. int8: convolutions of 8 bits, with ranges measured on the run's images.",
)
@click.option(
    "--least-psnr",
    type=float,
    metavar="DB",
    help="How like fp32 the worst held-out image must be.  [default: 45 for fp16, 30 for int8]",
)
def export(
    run: Path,
    graphs: tuple[str, ...],
    out: Path | None,
    io: "Io",
    precision: "Precision",
    least_psnr: float | None,
) -> None:
    """Write a run's graphs as ONNX models that run without PyTorch, each compared with PyTorch first.

    A model takes any batch, and any height and width if it translates, unless its networks are made for one size. It
    says of itself what it is; the same card lies beside it as .json.
    """
    require_training("gantk export")
    from time import perf_counter

    from gantk.engine.protocol import graphs_of
    from gantk.engine.run import open_run
    from gantk.engine.trained import load_trained
    from gantk.plugins.manager import load_plugins
    from gantk.runtime.opening import load
    from gantk_exports.graphs import export_graph
    from gantk_exports.precision import export_reduced

    opened, trained = open_run(run), load_trained(run)
    listeners = load_plugins(opened.config.plugins)
    empty = opened.manifest.get("imported", {}).get("untrained_graphs", []) if trained.step == 0 else []
    for name in graphs:
        if name in empty:
            raise UsageError(f"{run} was imported without a file for {name}: its weights are untrained")
    known = sorted(graphs_of(trained.recipe, trained.images).keys() - set(empty))
    for name in graphs:
        if name not in known:
            raise UsageError(f"{trained.plugin} has no graph {name!r}, only {', '.join(known)}")
    names = list(dict.fromkeys(graphs)) or known
    written: list[Model] = []
    for name, path in _places(names, out or run / "exports", precision).items():
        began = perf_counter()
        if precision == "fp32":
            export_graph(trained, name, path, io)
        else:
            export_reduced(trained, name, path, io, precision, least_psnr)
        listeners.hook.exported(run=opened, model=path)
        written.append(load(path))
        size, compared = path.stat().st_size / 1e6, _compared(written[-1].card)
        click.echo(f"{path}  {size:.1f} MB  {compared}  {perf_counter() - began:.1f} s")
    click.echo(f"next: {_next(written)}")


def _next(written: "list[Model]") -> str:
    """Return the command that shows most of what the written models do."""
    from gantk.runtime.images import pictured

    order = ("generate", "translate", "encode", "score")
    model = min(written, key=lambda model: order.index(model.card.task))
    if model.card.task == "generate":
        port = model.card.image_out
        return f"gantk generate {model.path} -o {'sheet.png' if pictured(port.channels, port.pixel) else 'samples.npy'}"
    further = {"translate": " -o OUT", "encode": " -o OUT.npz", "score": ""}
    return f"gantk {model.card.task} {model.path} IMAGES{further[model.card.task]}"


def _places(names: list[str], out: Path, precision: "Precision") -> dict[str, Path]:
    """Return where each graph goes. Raises UsageError where several would go to one file."""
    if out.suffix.lower() != ".onnx":
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out}: neither a folder nor an .onnx file")
        kind = "" if precision == "fp32" else f".{precision}"
        return {name: out / f"{name}{kind}.onnx" for name in names}
    if len(names) > 1:
        raise UsageError(f"{out} is one file, and there are {len(names)} graphs ({', '.join(names)}): say --graph NAME")
    return {names[0]: out}


def _compared(card: "Card") -> str:
    """Return how far a model is from what it was made of."""
    if card.precision == "fp32":
        return f"differs from torch by at most {_worst(card)}"
    found = card.fidelity
    return f"{found['psnr']:.1f} dB to fp32 on {found['inputs']} held-out inputs, the worst {found['worst']:.1f}"


def _worst(card: "Card") -> str:
    """Return the largest difference from torch that a card notes, and what it is in."""
    from gantk.runtime.card import Port

    port, largest = card.outputs[0], max(card.parity.values())
    if isinstance(port, Port):
        return f"{largest:.2g} ({'in [-1, 1]' if port.layout == 'NCHW' else 'in pixel values'})"
    return f"{largest:.2g} (of the largest value)"
