"""Who attends a training besides the run's plugins."""

from collections.abc import Sequence
from dataclasses import dataclass

from gantk.training.examiner import MakeExaminer


@dataclass(frozen=True)
class Company:
    """Who attends a training.

    Attributes:
        examiner: makes what measures it, where its configuration wants it measured.
        listeners: objects whose methods bear the names of hooks, and hear of what these say.
        shown: whether its progress is shown on standard error.
    """

    examiner: MakeExaminer | None = None
    listeners: Sequence[object] = ()
    shown: bool = True


NOBODY = Company()
