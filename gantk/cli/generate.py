"""`gantk generate`: images from random numbers, with an exported generator."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gantk.cli import inputs
from gantk.cli.inputs import SEED, ModelCommand
from gantk.cli.model_path import MODEL
from gantk.cli.outcomes import shown
from gantk.cli.output import say

if TYPE_CHECKING:
    from gantk.runtime.generation import GeneratorInputs

EPILOG = """\b
Examples:
  gantk generate generator.onnx -n 64 -o samples/            a file each, named by seed and number
  gantk generate generator.onnx -n 64 -o sheet.png --seed 7  all on one sheet
  gantk generate generator.onnx -n 8 --label sneaker -o sneakers.png
  gantk generate generator.onnx -n 8 --traverse label -o labels.png
  gantk generate generator.onnx -n 8 --label 3 --label c2=1.5 -o threes.png
  gantk generate generator.onnx -n 8 --traverse c2 -o c2.png
  gantk generate generator.onnx -n 8 --truncation 0.7 -o calm.png
  gantk generate mix.onnx -n 8 --mix 7:4 -o mixed.png        four coarse layers each, the fine ones of seed 7
  gantk generate generator.onnx --latent coin.npz -o coin.png  what `gantk invert` found
  gantk generate generator.onnx -n 8 --caption "red heart" -o hearts.png
  gantk generate generator.onnx -n 90 --walk 1 -o walk.gif   from seed 0 to seed 1
"""

SAMPLES, ROWS, FRAMES = 16, 8, 60


class SeedAndLayers(click.ParamType[tuple[int, int | None]]):
    """A seed, and a number of layers behind a colon, or none."""

    name = "seed:layers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int | None]:
        seed, colon, layers = str(value).partition(":")
        if not seed.isdecimal() or (colon and not layers.isdecimal()):
            self.fail(f"{value!r} is no SEED:LAYERS, such as 7:4", param, ctx)
        return int(SEED.convert(int(seed), param, ctx)), int(layers) if colon else None


@click.command(cls=ModelCommand, epilog=EPILOG)
@click.argument("model", type=MODEL)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1),
    help=f"Images, rows of --traverse, or frames of --walk.  [default: {SAMPLES}, {ROWS}, {FRAMES}]",
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="A folder; a picture (a sheet, where there are several images); a .npy; a .gif or .webp for --walk.",
)
@click.option("--seed", default=0, show_default=True, type=SEED, help="What the random numbers follow from.")
@click.option(
    "--start", default=0, show_default=True, type=click.IntRange(0), help="Number of the seed's first sample."
)
@inputs.label
@inputs.scalar
@inputs.caption
@inputs.latent
@click.option(
    "--truncation",
    type=float,
    metavar="T",
    help="Fewer odd images, less variety: draw numbers beyond T again, or of styles take T as psi.",
)
@click.option(
    "--mix",
    type=SeedAndLayers(),
    metavar="SEED[:LAYERS]",
    help="Of a model that mixes styles: the fine layers, behind LAYERS coarse ones, are those of this seed's sample.",
)
@click.option("--walk", type=SEED, metavar="SEED", help="Go from the sample of --seed to that of this one.")
@click.option(
    "--traverse",
    metavar="NAME",
    help="One column for each value of a category, or along a number of a latent: c2, or latent[5].",
)
@click.option("--columns", type=click.IntRange(2), help="Values of a latent that is traversed.  [default: 10]")
@click.option(
    "--reach",
    type=click.FloatRange(0, min_open=True),
    metavar="R",
    help="A latent is traversed from -R to R.  [default: 2 if it is normal, 1 if uniform]",
)
@click.option("--batch-size", default=16, show_default=True, type=click.IntRange(1), help="Images run together.")
def generate(
    model: Path,
    count: int | None,
    out: Path,
    seed: int,
    start: int,
    labels: tuple[str, ...],
    scalars: tuple[str, ...],
    captions: tuple[str, ...],
    latent: Path | None,
    truncation: float | None,
    mix: tuple[int, int | None] | None,
    walk: int | None,
    traverse: str | None,
    columns: int | None,
    reach: float | None,
    batch_size: int,
) -> None:
    """Make images with a generator that `gantk export` wrote.

    MODEL is its file, or gantk:NAME of `gantk models`. Image k of a seed is the same however many are made, on any
    machine and in any language: docs/models.md says how its numbers are drawn. Needs no PyTorch.
    """
    if walk is not None and traverse is not None:
        raise click.UsageError("--walk and --traverse exclude each other")
    if traverse is None and (columns is not None or reach is not None):
        raise click.UsageError("--columns and --reach belong to --traverse")
    if walk is not None and count == 1:
        raise click.UsageError("--walk needs -n 2 or more frames")
    from gantk.runtime.generation import samples
    from gantk.runtime.image_writer import check_out, write_images
    from gantk.runtime.latents import read_latents
    from gantk.runtime.model_file import load
    from gantk.runtime.traversal import mixing, traversal
    from gantk.runtime.traversal import walk as walked

    check_out(out, frames=walk is not None)
    opened = load(model)
    opened.require("generate")
    said = inputs.said(opened.card, labels, scalars, captions=captions)
    read = read_latents(latent, opened.card) if latent else {}
    rows = max((len(values) for values in read.values()), default=None)
    if mix is not None:
        said = {**mixing(opened.card, *mix, start), **said}
    drawing: dict[str, Any] = {"seed": seed, "start": start, "truncation": truncation, "said": {**read, **said}}
    made: GeneratorInputs
    if walk is not None:
        made = walked(opened.card, count or FRAMES, to=walk, **drawing)
    elif traverse is not None:
        made = traversal(opened.card, traverse, count or rows or ROWS, columns=columns, reach=reach, **drawing)
    else:
        made = samples(opened.card, count or rows or SAMPLES, **drawing)
    total = -(-len(made.names) // batch_size)
    with shown(opened.pixels(made.values, batch_size), total, "generating") as batches:
        write_images(batches, made, out, ground=opened.card.image_out.window[1], frames=walk is not None)
    if made.headings:
        say(f"columns of {traverse}: {', '.join(made.headings)}")
    say(f"{len(made.names)} image{'s' if len(made.names) > 1 else ''} written to {out}")
