"""The beginning of a training, new or gone on with, in the company that every training has."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gantk.evaluation.during import DuringTraining
from gantk.runs.config import Config
from gantk.training.company import Company
from gantk.training.launch import Again, launch, relaunch

Say = Callable[[str], None]


def start(
    config: Config, out: Path | None, say: Say, begin: Say, listeners: Sequence[object] = (), *, shown: bool = True
) -> Path:
    """Train a new run and return its folder; `begin` is told what is done before step 1.

    `listeners` hear of it: their methods bear the names of hooks. Raises GantkError.
    """
    return launch(config, out, say, begin, Company(DuringTraining, listeners, shown))


def go_on(
    path: Path, again: Again, say: Say, begin: Say, listeners: Sequence[object] = (), *, shown: bool = True
) -> None:
    """Go on with a run, as `start` begins one. Raises GantkError."""
    relaunch(path, again, say, begin, Company(DuringTraining, listeners, shown))
