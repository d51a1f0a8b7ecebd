"""The lines with which a training begins and ends."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gantk.errors import DataError, GantkError
from gantk.plan.quick import is_offered
from gantk.text import pasted
from gantk.training.console import duration, magnitude

LONG = 3600.0
"""Seconds from which on a smaller start is offered."""

if TYPE_CHECKING:
    from gantk.training.training import Training


def announced(training: "Training", seconds: float) -> Iterator[str]:
    """Yield what will be trained and how long it takes, at so many seconds a step."""
    precision = "bf16" if training.autocast is not None else "fp32"
    count = sum(parameter.numel() for parameter in training.recipe.parameters())
    left = training.total - training.start
    several = f" x {training.world.size} processes" if training.world.size > 1 else ""
    critics = f" of {training.turns} critic moves" if training.turns > 1 else ""
    start = f"from step {training.start} to {training.total}" if training.start else f"{training.total} steps"
    facts = (
        f"{training.device}{several}, {precision}",
        training.resolved.dataset.summary,
        f"{training.data.crops.size} px, batch {training.images_a_turn()}",
        f"{len(training.recipe.networks())} networks, {magnitude(count)} parameters",
        f"{start}{critics}, about {duration(seconds * left)}",
        str(training.run.path),
    )
    yield " · ".join(facts)
    config, resolved = training.resolved.config, training.resolved
    new = training.start == 0 and sys.argv[1:2] == ["train"]
    if new and seconds * left > LONG and is_offered(config.scale, resolved.dataset, resolved.kind):
        yield f"to see in minutes whether it works: {_smaller(sys.argv[1:])}"


def _smaller(arguments: Sequence[str]) -> str:
    """Return the command that was called, at the quick scale and in a folder of its own."""
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in ("--out", "--scale"):
            next(rest, None)
        elif not argument.startswith(("--out=", "--scale=")):
            kept.append(argument)
    return pasted("gantk", *kept, "--scale", "quick")


def said_at_end(run: Path, start: int, step: int, seconds: float, *, stopped: bool) -> Iterator[str]:
    """Yield what was trained from step `start` to `step`, and what comes next."""
    done = max(step - start, 1)
    speed = f"{done / seconds:.2f} steps/s" if seconds else ""
    if stopped:
        yield f"stopped after step {step} ({speed}); go on with: {pasted('gantk', 'train', '--resume', run)}"
        return
    preview = run / "previews" / f"{step:06d}.png"
    yield f"trained {done} steps in {duration(seconds)} ({speed}) · look at {preview}"
    yield f"next: {pasted('gantk', 'export', run)}"


def stopped_by(failure: OSError | DataError, run: Path, last_good: str) -> GantkError:
    """Return the error that says what stopped a run, and how it goes on."""
    if isinstance(failure, DataError):
        return DataError(f"the run stopped: {failure}; {last_good}")
    return GantkError(f"the run stopped: {failure.strerror}: {failure.filename or run}; {last_good}")
