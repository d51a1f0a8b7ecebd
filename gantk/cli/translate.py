"""`gantk translate`: image files through an exported model."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gantk.errors import GantkError

if TYPE_CHECKING:
    from gantk.runtime.translation import Outcome

EPILOG = """\b
Example:
  gantk translate a_to_b.onnx photos/ -o translated/
  gantk translate a_to_b.onnx cat.jpg -o cat_translated.png
"""


@click.command(epilog=EPILOG)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="A file for one image, else a folder."
)
@click.option(
    "--batch-size", default=1, show_default=True, type=click.IntRange(min=1), help="Images of one size run together."
)
def translate(model: Path, inputs: tuple[Path, ...], out: Path, batch_size: int) -> None:
    """Translate images, and the images in folders, with a model that `gantk export` wrote.

    The results have their inputs' names, formats and sizes; transparency is kept and EXIF orientation applied. A single
    image is written to the format of OUT's suffix. An image that cannot be read is named and skipped. Needs no PyTorch.
    """
    from gantk.runtime.model import load
    from gantk.runtime.translation import plan, translate_files

    jobs = plan(inputs, out)
    broken = 0
    with _progress(translate_files(load(model), jobs, batch_size), len(jobs)) as outcomes:
        for outcome in outcomes:
            if outcome.problem:
                broken += 1
                click.echo(f"skipped {outcome.job.source}: {outcome.problem}", err=True)
    if broken < len(jobs):
        click.echo(f"{len(jobs) - broken} of {len(jobs)} images translated to {out}")
    if broken:
        raise GantkError(f"{broken} of {len(jobs)} images could not be translated")


@contextmanager
def _progress(outcomes: "Iterable[Outcome]", total: int) -> "Iterator[Iterable[Outcome]]":
    """Show how many outcomes have come on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield outcomes
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield progress.track(outcomes, total=total, description="translating")
