"""Scores of a run, read again from the records that `gantk evaluate` appends."""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gantk.documents import parse_json
from gantk.runs.checksums import identity
from gantk.runs.records import NAME
from gantk.runs.run import Run

_LONGEST = 1 << 20
"""The bytes of the longest line that is read."""


class ScoredData(BaseModel):
    """What of a record tells whether two scores compare."""

    model_config = ConfigDict(frozen=True)

    summary: str = ""
    fingerprint: str
    share: str = ""


class Scored(BaseModel):
    """The fields of a record that are read again."""

    metric: str
    name: str
    value: float
    better: Literal["higher", "lower"]
    step: int
    data: ScoredData
    graph: str = ""
    size: int | str | None = None
    checkpoint: str | None = None
    how: str = Field(default="", alias="protocol")

    @property
    def protocol(self) -> tuple[object, ...]:
        """What scores must have in common to be compared."""
        return self.name, self.better, self.data, self.graph, self.size, self.how

    def is_better_than(self, other: "Scored") -> bool:
        """Return whether this score beats another one that compares."""
        return self.value > other.value if self.better == "higher" else self.value < other.value


def scores(run: Run) -> Iterator[Scored]:
    """Yield the scores of a run's checkpoints in the order of their measurement.

    A score that is not finite is left out, and so is one of a model, and what a killed process left of a line.
    """
    path = run.path / NAME
    if not path.is_file():
        return
    with path.open("rb") as file:
        while line := file.readline(_LONGEST):
            try:
                yield Scored.model_validate(parse_json(line.decode("utf-8")))
            except (ValueError, ValidationError):
                continue


def kept_scores(run: Run) -> Iterator[Scored]:
    """Yield the scores of checkpoints that are still there and still the same."""
    known = {int(folder.name): identity(folder) for folder in run.checkpoints().all()}
    for one in scores(run):
        if one.step in known and one.checkpoint in (None, known[one.step]):
            yield one
