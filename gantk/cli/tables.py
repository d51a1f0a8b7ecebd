"""What `gantk encode` and `gantk score` share: image files through a model, and the table of its answers."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gantk.cli.inputs import said
from gantk.cli.outcomes import say_fitted, succeeded
from gantk.cli.output import say
from gantk.errors import GantkError
from gantk.text import printable_lines

if TYPE_CHECKING:
    from gantk.runtime.card import Task


def tabulate(
    model: Path,
    task: "Task",
    inputs: Sequence[Path],
    out: Path | None,
    batch_size: int,
    *,
    ordered: bool = False,
    labels: Sequence[str],
    scalars: Sequence[str],
    captions: Sequence[str],
    images: Sequence[str],
    seed: int,
) -> None:
    """Write what a model says of image files to a table, or as CSV to standard output.

    `labels`, `scalars`, `captions`, `images` and `seed` say its further inputs. Raises UsageError on wrong use,
    GantkError at the end where an image was skipped.
    """
    from gantk.runtime.files import image_files, passed_over
    from gantk.runtime.measurements import check_table, csv_text, measure_files, table, write_table
    from gantk.runtime.model_file import load
    from gantk.runtime.partners import Partners

    files = list(image_files(inputs))
    if others := passed_over(inputs):
        say(others, err=True)
    if out is not None:
        check_table(out, files)
    opened = load(model)
    opened.require(task)
    doing = f"{task.removesuffix('e')}ing"
    given = Partners(opened.card, said(opened.card, labels, scalars, images, captions), seed)
    done = succeeded(measure_files(opened, files, given, batch_size), len(files), doing)
    if done:
        rows = table(done, opened.card, ordered=ordered)
        if out is None:
            # A table for a program keeps its names as they are; on a terminal they must not steer it.
            text = csv_text(rows)
            click.echo(printable_lines(text) if sys.stdout.isatty() else text, nl=False)
        else:
            write_table(rows, out)
            say(f"{len(done)} of {len(files)} images {task}d to {out}")
    say_fitted(done, opened.card.sides)
    if len(done) < len(files):
        raise GantkError(f"{len(files) - len(done)} of {len(files)} images could not be {task}d")
