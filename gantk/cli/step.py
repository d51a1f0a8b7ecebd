"""The option `--step`: a number, or the best that was measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

BEST = "best"

Said = int | str | None
"""A step; `best` or `best:METRIC`; None: unsaid."""


def step_option(about: str, *, least: int = 0) -> Callable[[Any], Any]:
    """Return the decorator that gives a command the option `--step` with this help."""

    def read(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Said:
        if value is None:
            return None
        said = value.strip()
        if said == BEST or (said.startswith(f"{BEST}:") and said != f"{BEST}:"):
            return said
        if not (said.isascii() and said.isdecimal() and len(said) < 20 and int(said) >= least):
            raise click.BadParameter(f"{value!r}: say a number from {least} on, {BEST}, or {BEST}:METRIC")
        return int(said)

    return click.option(
        "--step",
        metavar="N|best[:METRIC]",
        callback=read,
        help=f"{about}; best: of those still there, the one with the best score by METRIC that was recorded; unsaid: "
        "by the first that measured the training, else by the one measured last.  [default: the newest]",
    )


def chosen_step(run: Path, said: Said, say: Callable[[str], object]) -> int | None:
    """Return the step that was said of a run, None for the newest; `say` hears which one is the best.

    Raises UsageError where no score is recorded.
    """
    if not isinstance(said, str):
        return said
    from gantk.runs.best import best_checkpoint

    best = best_checkpoint(run, said.partition(":")[2] or None)
    say(f"{run}: {best}")
    return best.step
