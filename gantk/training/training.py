"""A run being trained: its recipe, who moves in the present stage, and what is read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from gantk.data.batches import TrainingBatches
from gantk.parts.context import Context, Progress
from gantk.parts.losses import Losses
from gantk.plan.assemble import (
    OpenedData,
    allows_bf16,
    build_recipe,
    open_streams,
    open_training_data,
)
from gantk.plan.averages import averaged, suited
from gantk.plan.course import START, course_of, images_a_pass
from gantk.plan.device import choose_precision, choose_workers
from gantk.plan.resolve import Resolved
from gantk.runs.run import Run
from gantk.training.initial import make_ready
from gantk.training.losslog import LossLog, latest
from gantk.training.optimizers import Averages, Mover, make_movers
from gantk.training.processes import World
from gantk.training.state import TrainingState, load_weights
from gantk.training.step_runner import StepRunner

Say = Callable[[str], None]


class Training:
    """A run being trained, made ready by its constructor and standing in its first stage.

    Attributes:
        data: what the run reads, at its own size.
        stage: the number of the present stage; what follows is the stage's own.
        stage_data: what is read, at the stage's size.
        batches: the batches of steps.
        other_batches: batches that do not count, for rehearsals and averages.
        movers: who moves.
        runner: what runs the recipe's steps.
    """

    def __init__(self, resolved: Resolved, data: OpenedData, run: Run, device: torch.device, world: World, say: Say):
        self.run = run
        self.device = device
        self.world = world
        self.say = say if world.leads else lambda _: None
        config, settings = resolved.config, resolved.settings
        self.context = Context(critic_steps=settings.critic_steps)
        self.turns = self.context.critic_steps if config.steps_are == "rounds" else 1
        self.autocast = choose_precision(settings.precision, device, allows_bf16(resolved))
        torch.manual_seed(config.seed)
        self.recipe = build_recipe(resolved, data.contents, self.context, self.autocast)
        self.resolved = suited(resolved, self.recipe)
        self.course = course_of(resolved, self.recipe, len(data.split), world.size)
        self.total = self.course.total
        self.data = data
        prepared_with = self._streams(data, 0, lambda: images_a_pass(resolved, START))
        make_ready(self.recipe, prepared_with, config, self.autocast, world)
        self.averages = Averages(self.recipe, averaged(self.resolved))
        self.log = LossLog(self.context)
        self.start = 0
        self._opened: dict[int, OpenedData] = {}
        self._enter(0, {}, {})

    def start_from(self, folder: Path) -> None:
        """Start from another run's weights alone."""
        load_weights(self.recipe, folder)
        self.averages = Averages(self.recipe, averaged(self.resolved))

    def enter(self, stage: int) -> None:
        """Go on in a stage: whoever moved before keeps what its optimizer keeps, and the data is read on."""
        positions = self.batches.state()
        self.batches.close()
        self.other_batches.close()
        self._enter(stage, self.movers, positions)

    @contextmanager
    def visiting(self, stage: int) -> Iterator[None]:
        """Stand at the beginning of a stage for a while; afterwards the training stands where it stood."""
        before, movers, positions, progress = self.stage, self.movers, self.batches.state(), self.context.progress
        self._enter(stage, movers, positions)
        yield
        self.other_batches.close()
        self._enter(before, movers, positions)
        self.context.progress = progress

    def _enter(self, stage: int, movers: dict[str, Mover], positions: dict[str, int]) -> None:
        resolved = self.resolved
        self.stage, self.stage_data = stage, self._data_of(stage)
        workers = choose_workers(resolved.config.workers, self.device)
        self.batches = self._streams(self.stage_data, workers, self._images_a_pass)
        self.batches.load_state(positions)
        self.other_batches = self._streams(self.stage_data, 0, self._images_a_pass)
        self.context.progress = self.course.start_of(stage)
        self.movers = make_movers(self.recipe, resolved.settings, movers)
        self._changing = [mover for mover in self.movers.values() if mover.following]
        accumulate = resolved.settings.accumulate
        self.runner = StepRunner(self.recipe, self.movers, self.log, world=self.world, accumulate=accumulate)

    def _data_of(self, stage: int) -> OpenedData:
        """Return what a stage reads; the first process decodes images for all."""
        if self.course.stages[stage].scale == 1:
            return self.data
        if stage not in self._opened:
            if not self.world.leads:
                self.world.wait()
            self._opened[stage] = open_training_data(self.resolved, self.course.stages[stage])
            if self.world.leads:
                self.world.wait()
        return self._opened[stage]

    def _streams(self, data: OpenedData, workers: int, batch_size: Callable[[], int]) -> TrainingBatches:
        return open_streams(self.resolved, data, batch_size, self.device, self.world, workers)

    def _images_a_pass(self) -> int:
        return self.course.images_a_pass(self.context.progress)

    def step(self, step: int) -> None:
        """Train one step, counted from 0; nothing here waits for the device."""
        if (stage := self.course.number_at(step)) != self.stage:
            self.enter(stage)
        self.context.progress = Progress(step, self.total, images=self.images_a_turn() * self.turns)
        self.context.images = self.images_a_turn()
        if step == self.course.spans[self.stage].begin:
            with torch.no_grad():
                self.recipe.begin()
        for mover in self._changing:
            mover.follow(self.context.progress)
        losses: dict[str, Losses] = {}
        for number in range(step * self.turns, (step + 1) * self.turns):
            self.context.take_turn(number)
            losses |= self.runner.run(self.batches)
        self.averages.update(self.context.progress)
        self.resolved.plugins.hook.step_ended(run=self.run, step=step + 1, losses=latest(losses))

    def state(self, step: int) -> TrainingState:
        """Return what a checkpoint of a step holds."""
        return TrainingState(self.recipe, self.movers, self.averages, self.batches.state(), step, self.device)

    def images_a_turn(self) -> int:
        """Return how many images a turn of the critics takes in all processes."""
        return self.batches.batch_size() * self.world.size * self.runner.accumulate
