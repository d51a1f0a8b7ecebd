"""What commands share that take many image files: progress, and the files that were skipped."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from gantk.cli.output import say


class FileOutcome(Protocol):
    """What became of a file; `problem` says why it was skipped, empty: it was not.

    `fitted` says whether its image was brought to the one size that the model takes.
    """

    @property
    def source(self) -> Path: ...
    @property
    def problem(self) -> str: ...
    @property
    def fitted(self) -> bool: ...


Item = TypeVar("Item")
Done = TypeVar("Done", bound=FileOutcome)


def succeeded(outcomes: Iterable[Done], total: int, doing: str) -> list[Done]:
    """Return the outcomes without a problem as they come; name those that have one on standard error."""
    done = []
    with shown(outcomes, total, doing) as coming:
        for outcome in coming:
            if outcome.problem:
                say(f"skipped {outcome.source}: {outcome.problem}", err=True)
            else:
                done.append(outcome)
    return done


def say_fitted(outcomes: Iterable[FileOutcome], sides: tuple[int, int] | None) -> None:
    """Say on standard error how many images were brought to the one size (height, width) that a model takes."""
    count = sum(outcome.fitted for outcome in outcomes)
    if count and sides is not None:
        size = "{} pixels high and {} wide".format(*sides)
        say(f"{count} of them became {size}, as the model takes: scaled to cover that, the centre cut out", err=True)


@contextmanager
def shown(items: Iterable[Item], total: int, doing: str) -> Iterator[Iterable[Item]]:
    """Show how many items have come on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield items
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield progress.track(items, total=total, description=doing)
