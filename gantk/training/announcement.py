"""The lines with which a training begins and ends."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gantk.data.classes import classes_in_words
from gantk.data.infos import palettes_in
from gantk.data.words import some_of
from gantk.errors import DataError, GantkError
from gantk.parts.pretrained import pretrained_in
from gantk.plan.course import sides_in
from gantk.plan.quick import is_offered, quick_scale
from gantk.runs.page import NAME as PAGE
from gantk.text import link, pasted
from gantk.training.console import counted, duration, magnitude, moves_in_words

LONG = 3600.0
"""Seconds from which on a smaller start is offered."""

if TYPE_CHECKING:
    from gantk.plan.resolve import Resolved
    from gantk.training.training import Training


def announced(training: "Training", seconds: float) -> Iterator[str]:
    """Yield what will be trained and how long it takes: so many seconds."""
    precision = "bf16" if training.autocast is not None else "fp32"
    count = sum(parameter.numel() for parameter in training.recipe.parameters())
    several = f" x {training.world.size} processes" if training.world.size > 1 else ""
    players = {name: mover.player for name, mover in training.movers.items()}
    moves = f" (in each, {told})" if (told := moves_in_words(players, training.turns)) else ""
    start = f"from step {training.start} to {training.total}" if training.start else counted(training.total, "step")
    facts = (
        f"{training.device}{several}, {precision}",
        training.resolved.dataset.summary,
        _images(training),
        f"{counted(len(training.recipe.networks()), 'network')}, {magnitude(count)} parameters",
        f"{start}{moves}, about {duration(seconds)}",
        str(training.run.path),
    )
    yield " · ".join(facts)
    for key, palette in palettes_in(training.data.images).items():
        yield f"{key}: label classes {classes_in_words(palette)}"
    for key, words in training.data.contents.words.items():
        yield f"{key}: words {some_of(words)}"
    for network in pretrained_in(training.recipe):
        yield f"pretrained network: {network.file} (sha256 {network.digest[:12]})"
    config, resolved = training.resolved.config, training.resolved
    new = training.start == 0 and sys.argv[1:2] == ["train"]
    if new and seconds > LONG and is_offered(config.scale, resolved.dataset, resolved.kind):
        yield f"to see in minutes whether it works: {_smaller(sys.argv[1:], resolved)}"


def _images(training: "Training") -> str:
    """Return the size of images and batches, or of the first and the last that are left."""
    course, world = training.course, training.world.size
    left = [course.number_at(training.start), len(course.stages) - 1]
    first, last = (
        f"{sides_in(training.resolved, course.stages[number])} px, batch {course.images_a_turn(number, world)}"
        for number in left
    )
    return first if left[0] == left[1] else f"from {first} to {last} in {left[1] - left[0] + 1} stages"


def _smaller(arguments: Sequence[str], resolved: "Resolved") -> str:
    """Return the command that was called, at the quick scale and in a folder of its own.

    What was said of the scale's values is left out; what a configuration file says of them is said anew.
    """
    quick = dict(quick_scale("quick", resolved.dataset, resolved.kind)[0])
    left = {"out", "scale", "epochs", *quick}
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        name, joined, value = argument.partition("=")
        words = [argument]
        if name in ("-s", "--set") and not joined:
            words.append(value := next(rest, ""))
        elif name.startswith("--") and name != "--set":
            value = name[2:].replace("-", "_")
            if value in left and not joined:
                next(rest, None)
        elif name.startswith("-s"):
            value = argument[2:]
        if value.partition("=")[0] not in left:
            kept += words
    if any(word.partition("=")[0] == "--config" for word in kept):
        turns = {"steps": max(quick["steps"] // resolved.settings.critic_steps, 1)} if "steps" in quick else {}
        anew = [f"{name}={value}" for name, value in (quick | turns).items() if name in resolved.config.set]
        kept += [word for pair in anew for word in ("-s", pair)]
    return pasted("gantk", *kept, "--scale", "quick")


def said_at_end(
    run: Path, start: int, step: int, seconds: float, *, stopped: bool, measured: bool = True
) -> Iterator[str]:
    """Yield what was trained from step `start` to `step`, and what comes next.

    It can be `measured` where several images were trained on and others are held out, which metrics need.
    """
    done = max(step - start, 1)
    speed = f"{done / seconds:.2f} steps/s" if seconds else ""
    if stopped:
        yield f"stopped after step {step} ({speed}); go on with: {pasted('gantk', 'train', '--resume', run)}"
        return
    yield f"trained {counted(done, 'step')} in {duration(seconds)} ({speed})"
    yield f"see it:      {link(run / PAGE)}"
    if measured:
        yield f"measure it:  {pasted('gantk', 'evaluate', run)}"
    yield f"ship it:     {pasted('gantk', 'export', run)}"
    yield f"show it:     {pasted('gantk', 'report', run)}"


def stopped_by(failure: OSError | DataError, run: Path, last_good: str) -> GantkError:
    """Return the error that says what stopped a run, and how it goes on."""
    if isinstance(failure, DataError):
        return DataError(f"the run stopped: {failure}; {last_good}")
    return GantkError(f"the run stopped: {failure.strerror}: {failure.filename or run}; {last_good}")
