"""`gantk export`: a run's graphs as verified ONNX models."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gantk.cli.output import say
from gantk.cli.size import HeightByWidth
from gantk.cli.status_line import waiting
from gantk.cli.step import Said, chosen_step, step_option
from gantk.install_lines import require_training
from gantk.sizes import Sides

if TYPE_CHECKING:
    from gantk.plan.tensors import Io
    from gantk.runtime.card import Card
    from gantk.runtime.model import Model
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
    from gantk_exports.exporting import Exported, ExportRequest, export_run
    from gantk_exports.form import Form

    told = partial(say, err=True)
    request = ExportRequest(
        graphs=graphs,
        out=out,
        step=chosen_step(run, step, told),
        data=data,
        plugins=plugins,
        form=Form(io, sides, opset),
        precision=precision,
        examples=examples,
        least_psnr=least_psnr,
    )

    def done(exported: Exported) -> None:
        path, size = exported.model.path, exported.model.path.stat().st_size / 1e6
        say(f"{path}  {size:.1f} MB  {_compared(exported.model.card)}  {exported.seconds:.1f} s")
        if shown := exported.examples:
            say(f"{shown[0].parent}  {len(shown)} held-out image{'s' if shown[1:] else ''}")

    with waiting() as begin:
        written = export_run(run, request, told, begin, done)
    if examples is not None and not any(model.card.images_in for model in written):
        say("note: none of these takes an image: there are no examples", err=True)
    say(f"next: {_next(written)}")


def _next(written: "list[Model]") -> str:
    """Return the command that shows most of what the written models do."""
    from gantk_exports.example import example

    order = ("generate", "translate", "encode", "score")
    model = min(written, key=lambda model: order.index(model.card.task))
    return example(model.path, model.card)


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
