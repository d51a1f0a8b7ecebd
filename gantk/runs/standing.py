"""Where a training stands by its own scores: the newest, the best, and how many evaluations came after the best."""

from dataclasses import dataclass

from gantk.runs.run import Run
from gantk.runs.scores import Scored, scores


@dataclass(frozen=True)
class Standing:
    """The scores of one kind that a run's checkpoints have, of which the last says what compares.

    Attributes:
        newest: the last.
        best: the best; of several alike the first.
        stale: how many steps were measured after the best.
    """

    newest: Scored
    best: Scored
    stale: int

    def __str__(self) -> str:
        newest = f"{self.newest.name} {self.newest.value:.4g} at step {self.newest.step}"
        if self.best is self.newest:
            return f"{newest}, the best so far"
        return f"{newest}, best {self.best.value:.4g} at step {self.best.step}"


def standing(run: Run, metric: str, until: int) -> Standing | None:
    """Return where a run stands by a metric's first score up to a step; None where none is recorded.

    Of a step that was measured twice, the later score counts.
    """
    found = [one for one in scores(run) if one.metric == metric and one.step <= until]
    first = [one for one in found if one.name == found[0].name]
    if not first:
        return None
    newest = max(first, key=lambda one: one.step)
    by_step = {one.step: one for one in first if one.protocol == newest.protocol}
    ordered = [by_step[step] for step in sorted(by_step)]
    best = ordered[0]
    for one in ordered:
        best = one if one.is_better_than(best) else best
    return Standing(ordered[-1], best, sum(one.step > best.step for one in ordered))
