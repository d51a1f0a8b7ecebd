"""The context of a training: what recipes and parts know of it, and the numbers that they log."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Progress:
    """How far a run has come: `step` of `total`; `fraction` in [0, 1].

    A step takes `images`, over its turns, micro-batches and processes, where this is known.
    """

    step: int
    total: int
    images: int = field(default=1, kw_only=True)

    @property
    def fraction(self) -> float:
        return self.step / max(self.total, 1)


@dataclass(frozen=True)
class StageProgress(Progress):
    """How far a stage of the run has come: `step` of `total` are its own; `number` counts stages from 0."""

    number: int = 0
    name: str = ""


@dataclass(frozen=True)
class Span:
    """The steps of a stage, counted from 0: from `begin` to before `end`."""

    name: str
    begin: int
    end: int


def stage_number(spans: Sequence[Span], step: int) -> int:
    """Return the number of the stage in which a step is trained; beyond the last step it is the last."""
    return next((number for number, span in enumerate(spans) if step < span.end), len(spans) - 1)


@dataclass
class Context:
    """The engine's side of a run, shared by a recipe and its parts.

    Attributes:
        progress: the step under way, counted from 0.
        spans: the steps of each stage of the run; empty: it has one stage.
        critic_steps: turns of a round: critics move at each, the others at the last.
        turn: the turn under way, counted from 0.
        round: the round under way, counted from 0, which is how often the others have moved; a step is one.
        images: how many images a turn takes, over micro-batches and processes.
        notes: sums and counts of the scalars noted since the last log, on the device.
    """

    progress: Progress = Progress(0, 1)
    critic_steps: int = 1
    turn: int = 0
    round: int = 0
    images: int = 0
    notes: dict[str, tuple[Tensor, int]] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()

    @property
    def stage(self) -> StageProgress:
        """The stage under way, which follows from the progress."""
        step, total = self.progress.step, self.progress.total
        if not self.spans:
            return StageProgress(step, total)
        number = stage_number(self.spans, step)
        span = self.spans[number]
        return StageProgress(step - span.begin, span.end - span.begin, number, span.name)

    def is_due(self, critic: bool) -> bool:
        """Return whether a player moves at this turn: critics always, others at the last of a round."""
        return critic or self.turn == self.critic_steps - 1

    def take_turn(self, number: int) -> None:
        """Go to a turn, counted from 0 over all rounds."""
        self.round, self.turn = divmod(number, self.critic_steps)

    def note(self, name: str, value: Tensor | float) -> None:
        """Add a scalar to the log without waiting for the device."""
        value = torch.as_tensor(value).detach().float()
        total, count = self.notes.get(name, (torch.zeros_like(value), 0))
        self.notes[name] = (total + value, count + 1)


class Informed:
    """Something the engine keeps informed: it knows the progress, and may note scalars.

    A network that grows is a `class Grown(Informed, nn.Module)`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.context = Context()

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        return self.context.progress

    @property
    def stage(self) -> StageProgress:
        """The stage of the run, and how far it has come."""
        return self.context.stage

    def note(self, **scalars: Tensor | float) -> None:
        """Log scalars that are no losses."""
        for name, value in scalars.items():
            self.context.note(name, value)
