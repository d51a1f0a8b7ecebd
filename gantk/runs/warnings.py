"""What looked wrong in a training, one line of JSON each, in the run's folder."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass

from gantk.errors import GantkError
from gantk.runs.records import append
from gantk.runs.run import Run
from gantk.text import printable

NAME = "warnings.jsonl"

_LONGEST = 1 << 16
"""The bytes of the longest line that is read."""


@dataclass(frozen=True)
class Warned:
    """Something that looked wrong: after which step, what and of whom, what was seen, and what to try."""

    step: int
    name: str
    of: str
    evidence: str
    advice: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.name}: {self.evidence}. Try {self.advice}"


def note(run: Run, warned: Warned) -> None:
    """Write down what looked wrong, where the folder takes it: that something cannot be noted ends no training."""
    with suppress(GantkError):
        append(run.own(NAME), [asdict(warned)])


def noted(run: Run, until: int | None = None) -> Iterator[Warned]:
    """Yield what looked wrong in a run, up to a step; what is no such line is passed over."""
    path = run.path / NAME
    if not path.is_file():
        return
    with path.open("rb") as file:
        while line := file.readline(_LONGEST):
            try:
                said = json.loads(line)
                texts = {name: printable(said[name]) for name in ("name", "of", "evidence", "advice")}
                one = Warned(step=int(said["step"]), **texts)
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            if until is None or one.step <= until:
                yield one
