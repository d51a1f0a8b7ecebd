"""`gantk export`: a run's graphs as verified ONNX models."""

import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import click

from gantk.cli.output import say
from gantk.cli.size import HeightByWidth
from gantk.cli.status_line import waiting
from gantk.cli.step import Said, chosen_step, step_option
from gantk.errors import GantkError, UsageError
from gantk.install_lines import require_training
from gantk.sizes import Sides
from gantk.text import pasted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gantk.plan.tensors import Io
    from gantk.runtime.card import Card
    from gantk.runtime.model import Model
    from gantk.training.trained import Trained
    from gantk_exports.form import Form
    from gantk_exports.precision import Precision

EPILOG = """\b
Example:
  gantk export runs/cyclegan-emoji
  gantk export runs/cyclegan-emoji --graph a_to_b --out a_to_b.onnx
  gantk export runs/cyclegan-emoji --precision int8
  gantk export runs/cyclegan-emoji --examples 6       held-out images beside the models, for the page of gantk app
  gantk export runs/cyclegan-emoji --step best:l1     the best of the checkpoints that were evaluated
  gantk export runs/cyclegan-emoji --size 256x512 --io float --opset 17     for engines of fixed shapes
"""

_OPSETS = (13, 20)
_LARGEST = 8192


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--graph", "graphs", multiple=True, metavar="NAME", help="Which graph; may be repeated.  [default: all]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="An .onnx file for one graph, else a folder.  [default: RUN/exports]",
)
@step_option("Which checkpoint")
@click.option(
    "--data",
    multiple=True,
    metavar="NAME|PATH",
    help="Where the run's images are now, which --examples shows and fp16 and int8 are measured on.  "
    "[default: where they were]",
)
@click.option(
    "--plugin", "plugins", multiple=True, metavar="FILE", help="Where a plugin file of the run is now; may be repeated."
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
    "--size",
    "sides",
    type=HeightByWidth(_LARGEST),
    help="Take one image of this size at once, for engines that want fixed shapes; of a generator that can be of any "
    "size, such as SinGAN's, the size of what it makes.  [default: any size, any batch]",
)
@click.option(
    "--opset",
    type=click.IntRange(*_OPSETS),
    default=_OPSETS[1],
    show_default=True,
    help="Which version of ONNX's operators, for older engines: ONNX Runtime 1.17 and later know 20, 1.12 knows 17.",
)
@click.option(
    "--examples",
    type=click.IntRange(1, 24),
    metavar="N",
    help="Write N held-out images of the run beside each model that takes images, in NAME.examples: `gantk app` shows "
    "them to every visitor.",
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
    step: Said,
    data: tuple[str, ...],
    plugins: tuple[str, ...],
    io: "Io",
    precision: "Precision",
    sides: Sides | None,
    opset: int,
    examples: int | None,
    least_psnr: float | None,
) -> None:
    """Write a run's graphs as ONNX models that run without PyTorch, each compared with PyTorch first.

    A model takes any batch, and any height and width if it translates, unless its networks are made for one size or
    --size says one. It says of itself what it is; the same card lies beside it as .json.
    """
    require_training("gantk export")
    from time import perf_counter

    from gantk.plan.protocol import graphs_of
    from gantk.plugins.manager import load_plugins
    from gantk.runs.run import open_run
    from gantk.runtime.model_file import load
    from gantk.training.trained import load_trained
    from gantk_exports.examples import write_examples
    from gantk_exports.form import Form
    from gantk_exports.graphs import export_graph
    from gantk_exports.precision import export_reduced

    told = partial(say, err=True)
    opened, chosen = open_run(run), chosen_step(run, step, told)
    trained = load_trained(run, chosen, plugins=plugins, say=told)
    if data and precision == "fp32" and examples is None:
        say("note: fp32 needs no images: --data is not read", err=True)
    for note in trained.notes:
        say(f"warning: {note}", err=True)
    listeners = load_plugins(trained.config.plugins)
    empty = opened.manifest.imported.untrained_graphs if trained.step == 0 else []
    for name in graphs:
        if name in empty:
            raise UsageError(f"{run} was imported without a file for {name}: its weights are untrained")
    known = sorted(graphs_of(trained.recipe, trained.images).keys() - set(empty))
    later = to_come(trained)
    for name in graphs:
        if name not in known:
            raise UsageError(f"{trained.plugin} has no graph {name!r}, only {', '.join(known)}{later and f'; {later}'}")
    if later and not graphs:
        say(f"note: {later}", err=True)
    names = list(dict.fromkeys(graphs)) or known
    written: list[Model] = []
    form = Form(io, sides, opset)
    places = _places(names, out or run / "exports", precision, form)
    _check_writable(next(iter(places.values())).parent)
    if precision != "fp32" or examples is not None:
        _look_for_images(trained, places, precision, data)
    with waiting() as begin:
        for name, path in places.items():
            began = perf_counter()
            begin(f"exporting {name}")

            def tell(part: str, name: str = name) -> None:
                # Passing words on a terminal; elsewhere a line a graph is enough.
                if sys.stderr.isatty():
                    begin(f"exporting {name}: {part}")

            if precision == "fp32":
                export_graph(trained, name, path, form, tell)
            else:
                export_reduced(trained, name, path, form, precision, least_psnr, data=data, tell=tell)
            begin("")
            listeners.hook.exported(run=opened, model=path)
            written.append(load(path))
            size, compared = path.stat().st_size / 1e6, _compared(written[-1].card)
            say(f"{path}  {size:.1f} MB  {compared}  {perf_counter() - began:.1f} s")
            if examples is not None and (shown := write_examples(trained, written[-1].card, path, examples, data)):
                say(f"{shown[0].parent}  {len(shown)} held-out image{'s' if shown[1:] else ''}")
    if examples is not None and not any(model.card.images_in for model in written):
        say("note: none of these takes an image: there are no examples", err=True)
    say(f"next: {_next(written)}")


def to_come(trained: "Trained") -> str:
    """Return which graphs come with later stages than the checkpoint's; empty: none do."""
    from gantk.parts.context import Progress
    from gantk.plan.protocol import graphs_of

    context, present = trained.recipe.context, graphs_of(trained.recipe, trained.images)
    stage, spans, before = context.stage, context.spans, context.progress
    if stage.number + 1 >= len(spans):
        return ""
    context.progress = Progress(spans[-1].begin, before.total)
    later = graphs_of(trained.recipe, trained.images).keys() - present.keys()
    context.progress = before
    if not later:
        return ""
    come = "come" if later - {min(later)} else "comes"
    return (
        f"{', '.join(sorted(later))} {come} with later stages: step {trained.step} is of {stage.name!r}, stage "
        f"{stage.number + 1} of {len(spans)}; to train on: {pasted('gantk', 'train', '--resume', trained.run)}"
    )


def _look_for_images(trained: "Trained", names: "Iterable[str]", precision: "Precision", data: "Sequence[str]") -> None:
    """Raise GantkError where the images are not there that are shown, or that a smaller model is measured on."""
    from gantk.plan.protocol import graphs_of
    from gantk_exports.material import look_for

    graphs = graphs_of(trained.recipe, trained.images)
    keys = dict.fromkeys(key for name in names for key in graphs[name].inputs if isinstance(key, str))
    look_for(trained, keys, (True, False) if precision == "int8" else (True,), data)


def _next(written: "list[Model]") -> str:
    """Return the command that shows most of what the written models do."""
    from gantk_exports.example import example

    order = ("generate", "translate", "encode", "score")
    model = min(written, key=lambda model: order.index(model.card.task))
    return example(model.path, model.card)


def _places(names: list[str], out: Path, precision: "Precision", form: "Form") -> dict[str, Path]:
    """Return where each graph goes. Raises UsageError where several would go to one file."""
    if out.suffix.lower() != ".onnx":
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out}: neither a folder nor an .onnx file")
        kinds: list[str] = [precision] if precision != "fp32" else []
        kinds += ["{}x{}".format(*form.sides)] if form.sides is not None else []
        kinds += [f"opset{form.opset}"] if form.opset != _OPSETS[1] else []
        return {name: out / ".".join([name, *kinds, "onnx"]) for name in names}
    if len(names) > 1:
        raise UsageError(f"{out} is one file, and there are {len(names)} graphs ({', '.join(names)}): say --graph NAME")
    return {names[0]: out}


def _check_writable(folder: Path) -> None:
    """Raise GantkError where models cannot be written to a folder, which is otherwise known only after minutes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise GantkError(f"cannot write to {folder}: {error.strerror}; say another place by --out") from error


def _compared(card: "Card") -> str:
    """Return how far a model is from what it was made of."""
    if card.precision == "fp32":
        return f"differs from torch by at most {_worst(card)}"
    found = card.fidelity
    return f"{found['psnr']:.1f} dB to fp32 on {found['inputs']} held-out inputs, the worst {found['worst']:.1f}"


def _worst(card: "Card") -> str:
    """Return the largest difference from torch that a card notes, and what it is in."""
    from gantk.runtime.card import STEP, TOGETHER, limited
    from gantk.runtime.ports import Port

    port, single = card.outputs[0], limited(card.parity)
    steps = [value for tried, value in single.items() if tried.endswith(STEP)]
    if steps:
        together = max(value for tried, value in card.parity.items() if tried.endswith(TOGETHER))
        largest = max(value for tried, value in single.items() if not tried.endswith(STEP))
        step = f", a step by {max(steps):.2g}, all in a row by {together:.2g}"
    else:
        largest, step = max(single.values()), ""
    if isinstance(port, Port) and port.palette is not None:
        return f"{step}{largest:.2g} (of the pixels)"
    if isinstance(port, Port):
        return f"{largest:.2g} ({'in [-1, 1]' if port.layout == 'NCHW' else 'in pixel values'}){step}"
    return f"{largest:.2g} (of the largest value){step}"
