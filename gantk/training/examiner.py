"""What a training asks of whoever measures it; the measuring itself is done in the room of evaluations."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gantk.training.shipped import Shipped
    from gantk.training.training import Training


@dataclass(frozen=True)
class Examined:
    """What an evaluation came to.

    Attributes:
        line: the newest score and the best, as a person reads it.
        seconds: how long it took.
        values: every score by its name.
        stalled: why the training ends with it; empty: it goes on.
        notes: what the user should hear besides, a line each.
    """

    line: str
    seconds: float
    values: Mapping[str, float] = field(default_factory=dict)
    stalled: str = ""
    notes: tuple[str, ...] = ()


class Examiner(Protocol):
    """Measures a training in the first process; nothing of the training is touched, its random numbers least."""

    def rehearse(self) -> None:
        """Measure a few images before step 1. Raises GantkError where what was asked for cannot be measured."""

    def examine(self, step: int, made: "Shipped") -> Examined:
        """Measure what would be shipped after a step, whose checkpoint has been saved, and record the scores."""

    def is_lacking(self, step: int) -> bool:
        """Return whether a checkpoint should have been measured and was not, as after a kill."""

    def spared(self) -> Collection[int]:
        """Return the steps whose checkpoints are kept for being the best."""


MakeExaminer = Callable[["Training"], Examiner]
