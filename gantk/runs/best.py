"""The best checkpoint of a run: what the records of its scores say, of those that are still there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gantk.errors import GantkError, UsageError
from gantk.runs.run import Run, open_run
from gantk.runs.scores import kept_scores
from gantk.text import pasted


@dataclass(frozen=True)
class Best:
    """A checkpoint, and the score by which it is the best.

    Attributes:
        step: the checkpoint's step.
        score: what was measured, such as `kid`.
        value: the number.
        better: whether higher or lower numbers are better.
        compared: the steps of all checkpoints that have such a score.
    """

    step: int
    score: str
    value: float
    better: str
    compared: Sequence[int]

    def __str__(self) -> str:
        steps = ", ".join(map(str, self.compared))
        return f"step {self.step}, the best by {self.score}: {self.value:.4g}, {self.better} is better (of {steps})"


def best_checkpoint(path: Path, metric: str | None = None) -> Best:
    """Return the best checkpoint of a run that is still there, by the scores that `gantk evaluate` recorded.

    `metric` names a metric, or one of its scores; None: the first by which the training was measured while it went on,
    else the one that was measured last. Scores compare that were measured as its last one was: on the same data, at the
    same size, of the same graph. Raises UsageError where the folder is no run, or where nothing is recorded.
    """
    run = open_run(path)
    scored = list(kept_scores(run))
    if metric is None and scored:
        known = {one.metric for one in scored}
        metric = next((name for name in run.config.measured_by if name in known), scored[-1].metric)
    by_name = [one for one in scored if one.name == metric]
    of_metric = [one for one in scored if one.metric == metric]
    found = by_name or [one for one in of_metric if one.name == of_metric[0].name]
    if not found:
        raise UsageError(_nothing(run, metric, sorted({one.metric for one in scored})))
    last = found[-1]
    alike = {one.step: one for one in found if one.protocol == last.protocol}
    sign = 1 if last.better == "higher" else -1
    best = max(alike.values(), key=lambda one: (sign * one.value, one.step))
    return Best(best.step, best.name, best.value, best.better, sorted(alike))


def _nothing(run: Run, metric: str | None, others: Sequence[str]) -> str:
    steps = [int(folder.name) for folder in run.checkpoints().all()]
    if not steps:
        raise GantkError(str(run.checkpoints().newest()))
    record = pasted("gantk", "evaluate", run.path, *(("--metric", metric) if metric else ()), "--step")
    known = f" but by {', '.join(others)}" if others and metric else ""
    return (
        f"no score{f' by {metric}' if metric else ''} is recorded of a checkpoint of {run.path} that is still there"
        f"{known}: record one of each step, {', '.join(map(str, steps))}, with: {record} {steps[-1]}"
    )
