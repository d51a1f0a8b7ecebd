"""`gantk runs`: the runs of a folder, what they differ in, and room again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gantk.cli.output import say
from gantk.errors import UsageError
from gantk.text import bytes_said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gantk.runs.overview import Overview
    from gantk.runs.scores import Scored

EXAMPLES = """\b
Examples:
  gantk runs                                             those under runs/
  gantk runs list experiments/ runs/cyclegan-emoji
  gantk runs compare runs/cyclegan-emoji runs/cut-emoji  settings that differ, scores side by side
  gantk runs clean runs/*                                all but the newest and the best checkpoints are deleted
"""

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group(epilog=EXAMPLES, invoke_without_command=True)
@click.pass_context
def runs(context: click.Context) -> None:
    """List runs, compare them, and delete checkpoints that nobody needs."""
    if context.invoked_subcommand is None:
        if not Path("runs").is_dir():
            raise UsageError("there is no folder runs/ here: say where, gantk runs list FOLDER")
        context.invoke(list_runs, folders=(Path("runs"),))


@runs.command("list")
@click.argument("folders", nargs=-1, type=FOLDER, metavar="[FOLDER...]", default=("runs",))
def list_runs(folders: tuple[Path, ...]) -> None:
    """Show runs, and those that lie in folders: what was trained on what, how far, the newest scores, the room."""
    from gantk.runs.overview import overview, runs_in

    found = [overview(run) for run in runs_in(folders)]
    if not found:
        raise UsageError(f"no runs lie in {', '.join(map(str, folders))}")
    rows = [("run", "recipe", "data", "steps", "", "size", "newest scores")]
    rows += [
        (str(one.run.path), one.plugin, one.data, _steps(one), one.state, bytes_said(one.bytes), _scores(one.newest))
        for one in found
    ]
    _table(rows)


@runs.command()
@click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="RUN RUN...")
def compare(folders: tuple[Path, ...]) -> None:
    """Show in what runs differ, and their newest scores; those that were measured otherwise stand in other rows."""
    from gantk.runs.overview import differences, side_by_side
    from gantk.runs.run import open_run

    if len(folders) < 2:
        raise UsageError("say two runs, or more")
    opened = [open_run(folder) for folder in folders]
    heads = [str(folder) for folder in folders]
    told = differences(opened)
    if told:
        _table([("setting", *heads), *((name, *map(_value, values)) for name, values in told.items())])
    else:
        say("they were told the same")
    scored = side_by_side(opened)
    if scored:
        say("")
        _table([("score", *heads), *((_measured(one), *map(_score, row)) for one, row in scored)])
    else:
        say("no scores are recorded: gantk evaluate RUN")


@runs.command()
@click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="RUN...")
@click.option("--keep", default=1, show_default=True, type=click.IntRange(1), help="So many of the newest stay.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
def clean(folders: tuple[Path, ...], keep: int, dry_run: bool) -> None:
    """Delete checkpoints of runs, but the newest, and the best by each score that `gantk evaluate` recorded.

    Folders of runs stand for the runs in them. A run that is being trained is left alone.
    """
    from gantk.runs.lock import is_held
    from gantk.runs.overview import bytes_of, runs_in, superfluous

    freed = 0
    for run in runs_in(folders):
        if is_held(run.path):
            say(f"{run.path} is being trained, and stays as it is", err=True)
            continue
        old = superfluous(run, keep)
        room = bytes_of(old)
        steps = ", ".join(str(int(folder.name)) for folder in old)
        for folder in () if dry_run else old:
            run.checkpoints().drop(folder)
        if old:
            what = "would delete" if dry_run else "deleted"
            say(f"{run.path}: {what} step{'s' if len(old) > 1 else ''} {steps}, {bytes_said(room)}")
        freed += room
    say(f"{bytes_said(freed)} {'would be' if dry_run else 'are'} free again")


def _steps(one: Overview) -> str:
    return f"{one.step:,}" + (f" of {one.steps:,}" if one.steps is not None and one.steps != one.step else "")


def _scores(newest: Sequence[Scored]) -> str:
    return ", ".join(f"{one.name} {one.value:.4g}" for one in newest)


def _score(one: Scored | None) -> str:
    return "" if one is None else f"{one.value:.4g} at step {one.step}"


def _measured(one: Scored) -> str:
    """Return what a score is, and of what."""
    size = "" if one.size is None else f" at {one.size} px"
    return f"{one.name} of {one.graph or 'the model'}{size} ({one.better} is better)"


def _value(value: Any) -> str:
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    """Show rows in columns, the first of them as headings."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
