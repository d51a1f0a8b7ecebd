"""What a training says to the user: one line before step 1, a progress bar, one line at the end."""

import sys
from collections.abc import Collection, Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def duration(seconds: float) -> str:
    """Return seconds as a person says them: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def magnitude(count: int) -> str:
    """Return a count as a person says it: `950`, `3.1 M`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return str(count)


def short_names(names: Collection[str]) -> list[str]:
    """Return what `loss/generator/cycle_a` is called in short: `cycle_a`, or `generator cycle_a` where several are."""
    last = [name.split("/")[-1] for name in names]
    return [
        end if last.count(end) == 1 else " ".join(name.split("/")[-2:]) for name, end in zip(names, last, strict=True)
    ]


class TrainingBar:
    """A progress bar on standard error, shown only where that is a terminal."""

    def __init__(self, start: int, total: int, images_a_step: int, shown: bool) -> None:
        self.images_a_step = images_a_step
        self.bar = Progress(
            TextColumn("{task.fields[rate]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[losses]}"),
            console=Console(stderr=True),
            disable=not (shown and sys.stderr.isatty()),
            speed_estimate_period=60,
        )
        self.task = self.bar.add_task("train", total=total, completed=start, rate="", losses="")

    def __enter__(self) -> "TrainingBar":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def advance(self) -> None:
        """Count a step."""
        self.bar.advance(self.task)

    def show(self, scalars: Mapping[str, float]) -> None:
        """Show the losses of the last log, and the speed."""
        speed = self.bar.tasks[0].speed
        rate = f"{speed:.1f} steps/s, {speed * self.images_a_step:.1f} images/s" if speed else ""
        losses = "  ".join(
            f"{name} {value:.3g}" for name, value in zip(short_names(scalars), scalars.values(), strict=True)
        )
        self.bar.update(self.task, rate=rate, losses=losses)
