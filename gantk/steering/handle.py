"""A run in a program's hands: looked at, measured, exported, gone on with; and the training of a new one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gantk.errors import UsageError
from gantk.plugins.kinds import CHOSEN, KINDS
from gantk.runs import run as runs
from gantk.runs.best import best_checkpoint
from gantk.runs.config import Config, check_config
from gantk.runs.page import previews_in
from gantk.runs.scores import Scored, scores

if TYPE_CHECKING:
    from PIL import Image

    from gantk.runtime.model import Model

EXPORTER = "gantk.exporter"
"""The entry-point group of what writes a run's graphs as models."""


class Run(runs.Run):
    """A training and its folder; `gantk.Run("runs/cyclegan-emoji")` is one that is there.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(runs.open_run(Path(path)).path)

    @property
    def step(self) -> int:
        """How many steps the newest checkpoint has been trained. Raises GantkError where there is none."""
        return int(self.checkpoints().newest().name)

    def preview(self, step: int | None = None) -> Image.Image:
        """Return the preview of a step, or the newest. Raises UsageError where there is none."""
        from PIL import Image

        there = sorted(previews_in(self.path / "previews"))
        if not there or (step is not None and step not in there):
            known = f"there are those of steps {', '.join(map(str, there))}" if there else "there is none yet"
            raise UsageError(f"{self.path} has no preview{f' of step {step}' if step is not None else ''}: {known}")
        with Image.open(self.path / "previews" / f"{there[-1] if step is None else step:06d}.png") as image:
            return image.convert("RGB")

    def scores(self) -> list[Scored]:
        """Return all scores that are recorded of its checkpoints, in the order of their measurement."""
        return list(scores(self))

    def evaluate(self, *metrics: str, step: int | str | None = None, **request: Any) -> list[Scored]:
        """Measure a checkpoint as `gantk evaluate` does, by these metrics or all that apply; return the scores.

        `request` says more, as the options of that command: `data`, `graph`, `seed`, `options`. Raises GantkError.
        """
        if not all(isinstance(name, str) for name in metrics):
            raise UsageError('metrics are named one by one: run.evaluate("l1", "ssim")')
        from gantk.evaluation.evaluation import Measured, evaluate, keep
        from gantk.evaluation.target import EvaluationRequest, open_target

        wanted = EvaluationRequest(target=self.path, metrics=metrics, step=self._step(step), **request)
        opened = open_target(wanted, _nothing)
        found: list[Scored] = []
        for _, outcome in evaluate(wanted, opened, _nothing):
            if isinstance(outcome, Measured):
                keep(outcome, wanted, opened)
                found += [Scored.model_validate(record) for record in outcome.records if record["value"] is not None]
        return found

    def export(self, *graphs: str, out: str | Path | None = None, step: int | str | None = None) -> list[Model]:
        """Write graphs, or all, as models that run without PyTorch, and return them: each is called with images.

        Raises GantkError, also where a model does not agree with what was trained.
        """
        (found,) = entry_points(group=EXPORTER)
        models: list[Model] = found.load()(self.path, graphs, None if out is None else Path(out), self._step(step))
        return models

    def resume(
        self,
        steps: int | None = None,
        *,
        step: int | str | None = None,
        callbacks: Sequence[object] = (),
        quiet: bool = False,
        **changes: Any,
    ) -> Run:
        """Go on to a last step, from a checkpoint or the newest; `changes` are what `--resume` takes anew.

        Returns the run itself. Raises GantkError, and KeyboardInterrupt where Ctrl-C has stopped it in order.
        """
        from gantk.steering.start import go_on
        from gantk.training.launch import Again

        changed = changes if steps is None else {**changes, "steps": steps}
        again = Again(changes=changed, step=self._step(step))
        say = _nothing if quiet else _say
        _in_order(lambda: go_on(self.path, again, say, say, callbacks, shown=not quiet))
        return self

    def _step(self, said: int | str | None) -> int | None:
        if not isinstance(said, str):
            return said
        name, _, metric = said.partition(":")
        if name != "best":
            raise UsageError(f"step {said!r}: say a number, best, or best:METRIC")
        return best_checkpoint(self.path, metric or None).step


def train(
    plugin: str | Path | Sequence[str | Path],
    *,
    data: str | Path | Sequence[str | Path] = (),
    steps: int | None = None,
    out: str | Path | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 (as in a configuration)
    callbacks: Sequence[object] = (),
    quiet: bool = False,
    **options: Any,
) -> Run:
    """Train a recipe, as `gantk train` does, and return the run.

    Args:
        plugin: what to train, a name or a .py file; of several, the first leads.
        data: a data set's name, or folders; none: the images that ship with gantk.
        steps: length of the run.
        out: its folder; None: a new one under runs/.
        set: options and settings whose names have a dot, such as {"generator.filters": 32}, and any others.
        callbacks: objects whose methods bear names of hooks (`step_ended`, `previewed`, ...), and take those
            of the hook's arguments that they need.
        quiet: whether nothing is said on standard error.
        options: whatever else a configuration or `-s` says: device="cpu", loss="hinge", learning_rate=1e-4.

    Raises GantkError; KeyboardInterrupt where Ctrl-C has stopped the training, after a checkpoint was saved.
    """
    from gantk.steering.start import start

    config = configuration(plugin, data, {**options, **({} if steps is None else {"steps": steps})}, set or {})
    say = _nothing if quiet else _say
    folder = None if out is None else Path(out)
    made: list[Path] = []
    _in_order(lambda: made.append(start(config, folder, say, say, callbacks, shown=not quiet)))
    return Run(made[0])


def configuration(
    plugin: str | Path | Sequence[str | Path],
    data: str | Path | Sequence[str | Path],
    options: Mapping[str, Any],
    further: Mapping[str, Any],
) -> Config:
    """Return what is said in Python as a configuration. Raises UsageError."""
    fields = {name: value for name, value in options.items() if name in Config.model_fields}
    settings = {name: value for name, value in options.items() if name not in fields}
    for kind in CHOSEN:
        if KINDS[kind].by_role and isinstance(fields.get(kind), str):
            fields[kind] = {"": fields[kind]}
    if isinstance(fields.get("metrics"), str):
        fields["metrics"] = fields["metrics"].split(",")
    if isinstance(settings.get("size"), tuple):
        settings["size"] = "x".join(map(str, settings["size"]))
    return check_config(
        {**fields, "plugins": _listed(plugin), "data": _listed(data), "set": {**settings, **further}}, "gantk.train"
    )


def _listed(said: str | Path | Sequence[str | Path]) -> list[str]:
    return [str(one) for one in ([said] if isinstance(said, str | Path) else said)]


def _in_order(work: Callable[[], object]) -> None:
    """Do what may be stopped by a signal; an exit of the process becomes what a program can catch."""
    try:
        work()
    except SystemExit as stopped:
        raise KeyboardInterrupt(f"stopped, exit status {stopped.code}") from stopped


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _nothing(_said: object) -> None:
    """Say nothing."""
