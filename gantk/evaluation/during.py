"""Scores of a training while it goes on: of what would be shipped at a checkpoint, on the held-out images.

They are recorded as those of `gantk evaluate` are, whose measuring this is, on fewer images.
"""

import random
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np
import torch

from gantk.data.infos import palettes_in
from gantk.errors import GantkError, Unsupported, UsageError
from gantk.evaluation.evaluation import Measured, measure, sources_of
from gantk.evaluation.functions import RunFunction
from gantk.evaluation.target import EvaluationRequest, OpenedTarget, scaled_as
from gantk.plan.course import sides_in
from gantk.plan.protocol import graphs_of
from gantk.plugins.entrypoints import find
from gantk.plugins.manager import load_plugins
from gantk.plugins.option_names import owner_of, prefix_of
from gantk.plugins.options import options_of
from gantk.runs.records import NAME, append
from gantk.runs.scores import scores
from gantk.runs.standing import standing
from gantk.text import pasted
from gantk.training.console import duration
from gantk.training.examiner import Examined
from gantk.training.shipped import Shipped, shipped
from gantk.training.training import Training

FEW = 8
"""Images of the measuring that shows before step 1 whether a metric applies."""

IMAGES = "images"
"""What metrics call the option that says how many images they make."""


class DuringTraining:
    """Measures a training by the metrics of its configuration, of which the first says what is the best.

    Raises UsageError where a name is no metric's, or where a metric has no such option.
    """

    def __init__(self, training: Training) -> None:
        config = training.resolved.config
        self.training = training
        self.images = config.evaluate_images
        self.patience = config.patience
        named = config.measured_by
        options = {name: str(value) for name, value in config.set.items() if owner_of(name) in named}
        self.request = EvaluationRequest(target=training.run.path, metrics=named, options=options, seed=config.seed)
        self.metrics = sources_of(self.request, config.plugins)
        self.first = next(iter(self.metrics))
        self._fingerprint = ""
        self._slow = False
        self._since: float | None = None

    def rehearse(self) -> None:
        """Measure a few images of the training as it stands. Raises GantkError where a metric does not apply."""
        training = self.training
        made = shipped(training.recipe, training.averages, training.course.inference(training.context.progress))
        with apart_from_training():
            for name, source in self.metrics.items():
                opened = self._opened(0, made, FEW)
                try:
                    measure(replace(self.request, options=self._options(name, source, FEW)), opened, source)
                except Unsupported as reason:
                    raise UsageError(f"--metric {name} cannot measure this training: it {reason}") from None

    def examine(self, step: int, made: Shipped) -> Examined:
        """Measure a checkpoint, which has been saved, by every metric; one that fails is named and passed over."""
        began = time.perf_counter()
        opened = self._opened(step, made, self.images)
        values: dict[str, float] = {}
        notes: list[str] = []
        for name, source in self.metrics.items():
            request = replace(self.request, options=self._options(name, source, self.images))
            try:
                with apart_from_training():
                    measured = measure(request, opened, source)
                self._keep(measured, step)
            except GantkError as error:
                notes.append(f"warning: step {step} is not measured by {name}: {error}")
                continue
            values |= {score.name: float(score.value) for score in measured.scores}
        seconds = time.perf_counter() - began
        return Examined(self._line(step, values), seconds, values, self._stalled(step), (*notes, *self._pace(seconds)))

    def is_lacking(self, step: int) -> bool:
        """Return whether no score of a step is recorded."""
        return all(one.step != step or one.metric != self.first for one in scores(self.training.run))

    def spared(self) -> Collection[int]:
        """Return the step of the best checkpoint so far."""
        stands = standing(self.training.run, self.first, self.training.total)
        return (stands.best.step,) if stands is not None else ()

    def _opened(self, step: int, made: Shipped, most: int) -> OpenedTarget:
        training = self.training
        resolved, images = training.resolved, training.data.images
        progress = training.context.progress
        sides = sides_in(resolved, training.course.stage_at(progress))
        self._fingerprint = self._fingerprint or resolved.dataset.fingerprint()
        return OpenedTarget(
            functions={
                name: RunFunction(name, graph, sides, training.device, palettes_in(images))
                for name, graph in graphs_of(made.form, images).items()
            },
            dataset=resolved.dataset,
            fingerprint=self._fingerprint,
            size=sides.size,
            channels={key: info.channels for key, info in images.items()},
            device=training.device,
            scaled=scaled_as(resolved.config, images),
            run=training.run,
            step=step,
            most=most,
        )

    def _options(self, name: str, source: str, most: int) -> Mapping[str, str]:
        """Return the options of a metric: those that were said, and how many images it makes at most."""
        said, factory = self.request.options, load_plugins([source]).factory(source, "metric")
        known = options_of(factory) if factory is not None else {}
        own = f"{prefix_of('metric', find(source).name)}{IMAGES}"
        usual = known[IMAGES].default if IMAGES in known else None
        if not isinstance(usual, int):
            return said
        wanted = usual
        with suppress(KeyError, ValueError):
            wanted = int(said[own])
        return {**said, own: str(min(wanted, most))}

    def _keep(self, measured: Measured, step: int) -> None:
        run = self.training.run
        append(run.own(NAME), measured.records)
        self.training.resolved.plugins.hook.evaluated(run=run, step=step, scores=measured.scores)

    def _line(self, step: int, values: Mapping[str, float]) -> str:
        stands = standing(self.training.run, self.first, step)
        others = [f"{name} {value:.4g}" for name, value in values.items() if not stands or name != stands.newest.name]
        told = str(stands) if stands is not None and stands.newest.step == step else f"step {step} has no {self.first}"
        return ", ".join([told, *others])

    def _stalled(self, step: int) -> str:
        stands = standing(self.training.run, self.first, step)
        if self.patience is None or stands is None or stands.stale < self.patience:
            return ""
        best = f"{stands.best.name} {stands.best.value:.4g}"
        again = pasted("gantk", "train", "--resume", self.training.run.path, "--patience", stands.stale + self.patience)
        ship = pasted("gantk", "export", self.training.run.path, "--step", "best")
        return (
            f"ended after step {step}: of {stands.stale} evaluations none was better than {best} at step "
            f"{stands.best.step}; that checkpoint: {ship}; to go on all the same: {again}"
        )

    def _pace(self, seconds: float) -> Sequence[str]:
        """Return a note, once, where measuring takes longer than what is measured."""
        every = self.training.resolved.config.evaluate_every or 1
        now, since = time.perf_counter(), self._since
        self._since = now
        if self._slow or since is None or now - since - seconds >= seconds:
            return ()
        self._slow = True
        return (
            f"note: evaluating takes {duration(seconds)}, longer than the {every} steps between: say a larger "
            f"--evaluate-every, or a smaller --evaluate-images than {self.images}",
        )


@contextmanager
def apart_from_training() -> Iterator[None]:
    """While entered, let whatever is drawn leave the random numbers of the training as they were, on all devices."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
