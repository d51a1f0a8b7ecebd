"""What a detector sees of a training, and what it finds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from gantk.recipe.recipe import Recipe


@dataclass(frozen=True)
class Logged:
    """What is known after a log, without asking the device for more.

    Attributes:
        step: the step.
        steps: the last step of the run.
        losses: means since the log before, as `player/loss`.
        critics: the players that judge.
        judging: those of them whose scores say what is taken for real, so that a loss near zero means certainty.
        norms: the length of all weights of each player.
        waiting: the share of the time since the log before that was spent on waiting for data; None: unknown.
        workers: the processes that load images.
    """

    step: int
    steps: int
    losses: Mapping[str, float] = field(default_factory=dict)
    critics: frozenset[str] = frozenset()
    judging: frozenset[str] = frozenset()
    norms: Mapping[str, float] = field(default_factory=dict)
    waiting: float | None = None
    workers: int = 0


YOUNG = 1000
"""Steps that a generator is given, and a third of the run, before its images are judged."""


@dataclass(frozen=True)
class Shown:
    """What is known at a preview.

    Attributes:
        step: the step.
        steps: the last step of the run.
        form: the recipe as it would be shipped.
        batch: held-out samples, by batch key.
        made: images (N, C, H, W) in [-1, 1] that each graph makes, of noise or of the batch, by the graph's name.
        real: images of the same kind from the batch, by the graph's name; where there are none, it is left out.
        source: images that they were made of, of graphs that translate, likewise.
    """

    step: int
    steps: int
    form: Recipe
    batch: Mapping[str, object]
    made: Mapping[str, Tensor] = field(default_factory=dict)
    real: Mapping[str, Tensor] = field(default_factory=dict)
    source: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def young(self) -> bool:
        """Whether images may not be judged yet."""
        return self.step < max(YOUNG, self.steps / 3)


@dataclass(frozen=True)
class Finding:
    """Something that goes wrong.

    Attributes:
        name: what it is, in two or three words; said once of each `of`.
        of: of whom, such as a player or a graph.
        evidence: what was seen.
        advice: what to try.
    """

    name: str
    of: str
    evidence: str
    advice: str


class Detector:
    """Looks for one group of faults; whoever it is asked of, nothing of the training is touched."""

    def logged(self, seen: Logged) -> Iterator[Finding]:
        """Yield what a log shows."""
        yield from ()

    def shown(self, seen: Shown) -> Iterator[Finding]:
        """Yield what a preview shows."""
        yield from ()
