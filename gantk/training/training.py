"""One training from its first step to its last: the loop, and what happens on its schedule."""

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch

from gantk.data.held_out import held_out_batch, held_out_rows
from gantk.data.infos import palettes_in
from gantk.data.workers import check_room
from gantk.errors import DataError
from gantk.parts.context import Context, Progress
from gantk.parts.iterated import shortened
from gantk.parts.losses import Losses
from gantk.plan.assemble import (
    START,
    OpenedData,
    allows_bf16,
    build_recipe,
    images_a_pass,
    inference_of,
    open_streams,
    prepare,
    total_steps,
)
from gantk.plan.device import choose_precision, choose_workers
from gantk.plan.exportable import check_exportable
from gantk.plan.resolve import Resolved
from gantk.runs.run import Run
from gantk.runs.scalars import ScalarLog
from gantk.training.announcing import announced, said_at_end, stopped_by
from gantk.training.interrupts import Interrupts
from gantk.training.losslog import LossLog, NonFiniteLoss, check_weights, latest
from gantk.training.optimizers import Averages, make_movers
from gantk.training.previews import draw_preview, preview_columns, preview_rows, save_preview
from gantk.training.processes import World, is_started_by_torchrun
from gantk.training.progress import TrainingProgress
from gantk.training.rehearsal import rehearse
from gantk.training.shipping import Shipped, shipped, shipped_settled
from gantk.training.state import TrainingState, load_weights
from gantk.training.step_runner import StepRunner

Say = Callable[[str], None]
Answer = TypeVar("Answer")


class Training:
    """A run being trained. Made ready by its constructor; `train` does the rest."""

    def __init__(self, resolved: Resolved, data: OpenedData, run: Run, device: torch.device, world: World, say: Say):
        self.resolved = resolved
        self.run = run
        self.device = device
        self.world = world
        self.say = say if world.leads else lambda _: None
        config, settings = resolved.config, resolved.settings
        self.total = total_steps(resolved, len(data.split), world.size)
        self.context = Context(Progress(0, self.total), settings.critic_steps)
        self.turns = self.context.critic_steps if config.steps_are == "rounds" else 1
        self.autocast = choose_precision(config.precision, device, allows_bf16(resolved))
        torch.manual_seed(config.seed)
        self.recipe = build_recipe(resolved, data.images, self.context, self.autocast)
        self.batches = open_streams(resolved, data, self.context, device, world, choose_workers(config.workers, device))
        self.other_batches = open_streams(resolved, data, self.context, device, world, 0)
        self.recipe.to(device)
        prepare(self.recipe, self.other_batches)
        self.recipe.to(device)
        # Measured: faster in bf16, slower in float32.
        if self.autocast is not None if config.channels_last is None else config.channels_last:
            self.recipe.to(memory_format=torch.channels_last)
        world.share(self.recipe)
        if config.compile:
            for network in self.recipe.networks().values():
                network.compile_forward()
        # Every process draws its own noise; initial weights were drawn alike.
        torch.manual_seed(config.seed + 1 + world.rank)
        self.movers = make_movers(self.recipe, settings)
        self.changing = [mover for mover in self.movers.values() if mover.following]
        self.averages = Averages(self.recipe, settings.ema)
        self.log = LossLog(self.context)
        self.runner = StepRunner(self.recipe, self.movers, self.log, world=world, accumulate=settings.accumulate)
        self.data = data
        self.start = 0
        self._warned = False
        self._expected = 0.0

    def start_from(self, folder: Path) -> None:
        """Start from another run's weights alone."""
        load_weights(self.recipe, folder)
        self.averages = Averages(self.recipe, self.resolved.settings.ema)

    def train(self) -> None:
        """Run to the last step, or until a signal. Raises GantkError; the run's hooks hear of every end."""
        hook = self.resolved.plugins.hook
        error: BaseException | None = None
        hook.run_started(run=self.run)
        try:
            self._train()
        except (OSError, DataError) as failure:
            error = stopped_by(failure, self.run.path, self.run.checkpoints().last_good)
            raise error from failure
        except BaseException as ended_by:
            error = ended_by
            raise
        finally:
            hook.run_ended(run=self.run, error=error)

    def _train(self) -> None:
        scalars = ScalarLog(self.run.path, self.start) if self.world.leads else None
        began = time.perf_counter()
        bar = TrainingProgress(
            self.start,
            self.total,
            self.images_a_turn() * self.turns,
            shown=self.world.leads,
            expected=self._expected,
            stops="after this step" if self._asks_each_step else "at the next log",
        )
        with bar, Interrupts(bar.stopping, relayed=is_started_by_torchrun()) as interrupts:
            for step in range(self.start, self.total):
                self.step(step)
                done = step + 1
                bar.advance()
                last = done == self.total
                logged = last or done % self.resolved.config.log_every == 0
                if logged:
                    self._log(done, scalars, bar)
                asked = logged or self._asks_each_step
                stop = asked and self.world.agree(interrupts.received is not None, self.device)
                shows = last or stop or done % self.resolved.config.preview_every == 0
                saves = last or stop or done % self.resolved.config.checkpoint_every == 0
                if shows or saves:
                    made = self.ship() if self.world.leads else None
                    if shows and made is not None:
                        self._preview(done, scalars, made)
                    if saves:
                        self._save(done, made)
                    del made  # two copies of the recipe
                if stop:
                    break
        if scalars is not None:
            scalars.close()
        stopped = interrupts.received is not None and done < self.total
        for line in said_at_end(self.run.path, self.start, done, time.perf_counter() - began, stopped=stopped):
            self.say(line)
        if stopped and interrupts.received is not None:
            raise SystemExit(128 + interrupts.received)

    @property
    def _asks_each_step(self) -> bool:
        """Whether every step asks if a signal came.

        Processes must stop at one step; on a GPU asking would wait for the device, and a log waits anyway.
        """
        return self.world.size == 1 or self.device.type == "cpu"

    def step(self, step: int) -> None:
        """Train one step, counted from 0; nothing here waits for the device."""
        self.context.progress = Progress(step, self.total)
        for mover in self.changing:
            mover.follow(self.context.progress)
        losses: dict[str, Losses] = {}
        for number in range(step * self.turns, (step + 1) * self.turns):
            self.context.take_turn(number)
            losses |= self.runner.run(self.batches)
        self.averages.update(self.context.progress)
        self.resolved.plugins.hook.step_ended(run=self.run, step=step + 1, losses=latest(losses))

    def _log(self, step: int, scalars: ScalarLog | None, bar: TrainingProgress) -> None:
        values = self._finite(self.log.read)
        if scalars is not None:
            scalars.write(step, values)
            bar.show(values)

    def _finite(self, read: Callable[[], Answer]) -> Answer:
        try:
            return read()
        except NonFiniteLoss as error:
            on = self.run.checkpoints().after_failing_from(self.start)
            raise NonFiniteLoss(f"{error}; {on}. Try --precision fp32, or a new run at a lower learning_rate") from None

    def ship(self) -> Shipped:
        """Return what an export would have as the training stands, and warn once where that is not what is trained."""
        progress = self.context.progress
        inference, images = inference_of(self.resolved, progress), images_a_pass(self.resolved, progress)
        palettes = palettes_in(self.data.images)
        made = shipped_settled(self.recipe, self.averages, inference, images, self.other_batches, palettes)
        self.other_batches.close()
        if made.settled.warning and not self._warned:
            self.say(f"warning: {made.settled.warning}")
            self._warned = True
        return made

    def _preview(self, step: int, scalars: ScalarLog | None, made: Shipped) -> None:
        batch = self._held_out(self._shown)
        columns = preview_columns(made, batch, palettes_in(self.data.images))
        sheet = draw_preview(columns, batch, f"{self.run.path.name}, step {step}", self._shown)
        path = self.run.path / "previews" / f"{step:06d}.png"
        save_preview(sheet, path)
        if scalars is not None:
            scalars.show(step, sheet)
        self.resolved.plugins.hook.previewed(run=self.run, step=step, images=path)

    def _held_out(self, rows: list[int]) -> dict[str, Any]:
        return held_out_batch(self.resolved.dataset, self.resolved.kind, self.data.crops, rows, self.device)

    @cached_property
    def _shown(self) -> list[int]:
        """The held-out rows that previews show."""
        wanted = self.resolved.config.preview_images or preview_rows(self.data.crops.size)
        return held_out_rows(self.resolved.dataset, self.resolved.kind, self.data.crops, wanted)

    def _save(self, step: int, made: Shipped | None) -> None:
        self._finite(self.log.check)
        self._finite(lambda: check_weights(self.movers, step))
        state = self.state(step)
        state.settled = made.settled if made is not None else state.settled
        path = self.run.checkpoints(self.resolved.config.keep).save(state, self.world)
        if self.world.leads:
            self.resolved.plugins.hook.checkpoint_saved(run=self.run, path=path)

    def state(self, step: int) -> TrainingState:
        """Return what a checkpoint of a step holds."""
        return TrainingState(self.recipe, self.movers, self.averages, self.batches.state(), step, self.device)

    def rehearse(self) -> None:
        """Run a step that moves nobody and a preview, and say what will be trained and how long it takes.

        Raises PluginError.
        """
        self._expected = rehearse(self.runner, self.other_batches, self.context).seconds * self.turns
        check_room(self.other_batches.batch_bytes, self.batches.workers)
        self.other_batches.close()
        made = shipped(self.recipe, self.averages, inference_of(self.resolved, START))
        with shortened():
            preview_columns(made, self._held_out(self._shown[:2]), palettes_in(self.data.images))
        notes = check_exportable(made.form, self.data.images, self.resolved.dataset.classes, self.data.crops.size)
        for line in (*notes, *announced(self, self._expected)):
            self.say(line)

    def images_a_turn(self) -> int:
        """Return how many images a turn of the critics takes in all processes."""
        return self.batches.batch_size() * self.world.size * self.runner.accumulate
