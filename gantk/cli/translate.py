"""`gantk translate`: image files through an exported model."""

from pathlib import Path

import click

from gantk.cli.inputs import ModelCommand, said
from gantk.cli.inputs import inputs as further_inputs
from gantk.cli.model_path import MODEL
from gantk.cli.outcomes import say_fitted, succeeded
from gantk.cli.output import say
from gantk.errors import GantkError

EPILOG = """\b
Example:
  gantk translate a_to_b.onnx photos/ -o translated/
  gantk translate a_to_b.onnx cat.jpg -o cat_translated.png
  gantk translate a_to_b.onnx scan.tif -o scan_translated.tif --tile 512
  gantk translate stargan.onnx photos/ -o translated/ --label domain=3d --scalar strength=0.7
  gantk translate stylized.onnx photos/ -o translated/ --image style=painting.jpg
"""


@click.command(cls=ModelCommand, epilog=EPILOG)
@click.argument("model", type=MODEL)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="A file for one image, else a folder."
)
@click.option(
    "--batch-size", default=1, show_default=True, type=click.IntRange(min=1), help="Images of one size run together."
)
@click.option(
    "--tile",
    type=click.IntRange(min=0),
    metavar="N",
    help="Run images in strips of N*N pixels, such as 512, in little memory: the same image but for a grey level. 0: "
    "never.  [default: where an image takes more than half of the free memory]",
)
@click.option("--recursive", is_flag=True, help="Also the folders in folders; OUT gets the same ones.")
@click.option(
    "--overwrite/--skip-existing",
    default=True,
    show_default=True,
    help="What becomes of results that are there already: skipping goes on where it stopped.",
)
@click.option("--exact", is_flag=True, help="With --tile: keep what lies between strips in full precision.")
@further_inputs
def translate(
    model: Path,
    inputs: tuple[Path, ...],
    out: Path,
    batch_size: int,
    tile: int | None,
    exact: bool,
    recursive: bool,
    overwrite: bool,
    labels: tuple[str, ...],
    scalars: tuple[str, ...],
    captions: tuple[str, ...],
    images: tuple[str, ...],
    seed: int,
) -> None:
    """Translate images, and the images in folders, with a model that `gantk export` wrote.

    MODEL is its file, or gantk:NAME of `gantk models`. The results have their inputs' names, formats and sizes;
    transparency, colour profile and EXIF data are kept, and orientation is applied. What else a model takes is said by
    --label, --scalar, --caption and --image. A model that takes one size alone gives that of the image's centre. A
    single image is written to the format of OUT's suffix. An image that cannot be read is named and skipped. Needs no
    PyTorch.
    """
    if exact and not tile:
        raise click.UsageError("--exact belongs to --tile")
    from gantk.data.opened import told
    from gantk.runtime.files import passed_over
    from gantk.runtime.model_file import load
    from gantk.runtime.partners import Partners
    from gantk.runtime.translation import plan, translate_files

    opened = load(model)
    opened.require("translate")
    suffix = ".png" if opened.card.image_out.palette is not None else ""
    planned = plan(inputs, out, recursive=recursive, suffix=suffix)
    if others := passed_over(inputs, recursive=recursive):
        say(others, err=True)
    jobs = [job for job in planned if overwrite or not job.target.exists()]
    if len(jobs) < len(planned):
        say(f"{len(planned) - len(jobs)} of {len(planned)} images are there already")
    given = Partners(opened.card, said(opened.card, labels, scalars, images, captions), seed)
    doing = translate_files(opened, jobs, batch_size, given=given, tile=tile, exact=exact)
    outcomes = succeeded(doing, len(jobs), "translating")
    done, reduced = len(outcomes), sum(outcome.reduced for outcome in outcomes)
    if done:
        say(f"{done} of {len(jobs)} images translated to {out}")
    say_fitted(outcomes, opened.card.sides)
    if reduced:
        click.echo(
            f"{reduced} of them had 16 bits a channel, and their results have 8, as the model's pixels", err=True
        )
    for line in told((outcome.source, outcome.note) for outcome in outcomes):
        say(line, err=True)
    if done < len(jobs):
        raise GantkError(f"{len(jobs) - done} of {len(jobs)} images could not be translated")
