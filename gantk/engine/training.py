"""One training from its first step to its last: the loop, and what happens on its schedule."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from gantk.data.loading import held_out_batch
from gantk.engine.assemble import (
    OpenedData,
    allows_bf16,
    build_recipe,
    images_a_pass,
    inference_of,
    open_streams,
    total_steps,
)
from gantk.engine.checkpoints import TrainingState, load_weights
from gantk.engine.conductor import Conductor
from gantk.engine.console import TrainingBar, duration, magnitude
from gantk.engine.device import choose_precision, choose_workers
from gantk.engine.interrupts import Interrupts
from gantk.engine.losslog import LossLog, NonFiniteLoss, latest
from gantk.engine.optimizers import Averages, make_movers, schedule_factor, set_learning_rates
from gantk.engine.previews import draw_preview, preview_columns, preview_rows, save_preview
from gantk.engine.processes import World
from gantk.engine.protocol import graphs_of
from gantk.engine.rehearsal import rehearse
from gantk.engine.resolve import Resolved
from gantk.engine.run import Run
from gantk.engine.scalars import ScalarLog
from gantk.engine.shipping import Shipped, shipped, shipped_settled
from gantk.errors import GantkError
from gantk.parts.context import Context, Progress

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
        config, setting = resolved.config, resolved.setting
        self.total = total_steps(resolved, len(data.split), world.size)
        self.context = Context(Progress(0, self.total), setting("critic_steps"))
        self.autocast = choose_precision(config.precision, device, allows_bf16(resolved))
        torch.manual_seed(config.seed)
        self.recipe = build_recipe(resolved, data.images, self.context, self.autocast)
        self.batches = open_streams(resolved, data, self.context, device, world, choose_workers(config.workers, device))
        self._other_batches = open_streams(resolved, data, self.context, device, world, 0)
        self.recipe.to(device)
        self.recipe.prepare(self._other_batches)
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
        self.movers = make_movers(self.recipe, setting)
        self.averages = Averages(self.recipe, setting("ema"))
        self.log = LossLog(self.context)
        self.conductor = Conductor(self.recipe, self.movers, self.log, world=world, accumulate=setting("accumulate"))
        self.data = data
        self.start = 0
        self._warned = False

    def resume(self, folder: Path) -> None:
        """Take everything back from a checkpoint."""
        state = self._state(0)
        state.read(folder, self.world)
        self.start = state.step
        self.batches.load_state(state.positions)

    def start_from(self, folder: Path) -> None:
        """Start from another run's weights alone."""
        load_weights(self.recipe, folder)
        self.averages = Averages(self.recipe, self.resolved.setting("ema"))

    def train(self) -> None:
        """Run to the last step, or until a signal. Raises GantkError; the run's hooks hear of every end."""
        hook = self.resolved.plugins.hook
        error: BaseException | None = None
        hook.run_started(run=self.run)
        try:
            self._train()
        except OSError as failure:
            what = f"{failure.strerror}: {failure.filename or self.run.path}"
            error = GantkError(f"the run stopped: {what}; {self._last_good()}; go on with --resume {self.run.path}")
            raise error from failure
        except BaseException as ended_by:
            error = ended_by
            raise
        finally:
            hook.run_ended(run=self.run, error=error)

    def _train(self) -> None:
        scalars = ScalarLog(self.run.path, self.start) if self.world.leads else None
        began = time.perf_counter()
        bar = TrainingBar(self.start, self.total, self._images_a_step(), self.world.leads)
        with Interrupts() as interrupts, bar:
            for step in range(self.start, self.total):
                self.step(step)
                done = step + 1
                bar.advance()
                last = done == self.total
                logged = last or done % self.resolved.config.log_every == 0
                if logged:
                    self._log(done, scalars, bar)
                # Processes must stop at one step; on a GPU asking would wait for the device, and a log waits anyway.
                asked = logged or self.world.size == 1 or self.device.type == "cpu"
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
        self._say_end(done, time.perf_counter() - began, interrupts.received)
        if interrupts.received is not None and done < self.total:
            raise SystemExit(128 + interrupts.received)

    def step(self, step: int) -> None:
        """Train one step, counted from 0; nothing here waits for the device."""
        self.context.progress = Progress(step, self.total)
        factor = schedule_factor(
            self.resolved.setting("schedule"), self.resolved.setting("decay_from"), self.context.progress.fraction
        )
        set_learning_rates(self.movers, factor)
        losses = self.conductor.step(self.batches)
        self.averages.update()
        self.resolved.plugins.hook.step_ended(run=self.run, step=step + 1, losses=latest(losses))

    def _log(self, step: int, scalars: ScalarLog | None, bar: TrainingBar) -> None:
        values = self._finite(self.log.read)
        if scalars is not None:
            scalars.write(step, values)
            bar.show(values)

    def _finite(self, read: Callable[[], Answer]) -> Answer:
        try:
            return read()
        except NonFiniteLoss as error:
            raise NonFiniteLoss(
                f"{error}; {self._last_good()}. Try a lower learning_rate, or --precision fp32"
            ) from None

    def _check_finite(self) -> None:
        """Raise NonFiniteLoss where a loss or, after the last move, a weight is not finite."""
        self.log.check()
        for name, mover in self.movers.items():
            finite = torch.stack([parameter.detach().isfinite().all() for parameter in mover.parameters])
            if not bool(finite.all()):
                step = self.context.progress.step + 1
                raise NonFiniteLoss(f"a weight of player {name} became NaN or infinite by step {step}")

    def _last_good(self) -> str:
        saved = self.run.checkpoints().all()
        return f"the last good checkpoint is {saved[-1]}" if saved else "no checkpoint had been saved"

    def ship(self) -> Shipped:
        """Return what an export would have as the training stands, and warn once where that is not what is trained."""
        fraction = self.context.progress.fraction
        inference, images = inference_of(self.resolved, fraction), images_a_pass(self.resolved, fraction)
        made = shipped_settled(self.recipe, self.averages, inference, images, self._other_batches)
        self._other_batches.close()
        if made.settled.warning and not self._warned:
            self.say(f"warning: {made.settled.warning}")
            self._warned = True
        return made

    def _preview(self, step: int, scalars: ScalarLog | None, made: Shipped) -> None:
        batch = self._held_out(preview_rows(self.data.crops.size))
        columns = preview_columns(made, batch)
        sheet = draw_preview(columns, batch, f"{self.run.path.name}, step {step}")
        path = self.run.path / "previews" / f"{step:06d}.png"
        save_preview(sheet, path)
        if scalars is not None:
            scalars.show(step, sheet)
        self.resolved.plugins.hook.previewed(run=self.run, step=step, images=path)

    def _held_out(self, rows: int) -> dict[str, Any]:
        return held_out_batch(self.resolved.dataset, self.resolved.kind, self.data.crops, rows, self.device)

    def _save(self, step: int, made: Shipped | None) -> None:
        self._finite(self._check_finite)
        state = self._state(step)
        state.settled = made.settled if made is not None else state.settled
        path = self.run.checkpoints(self.resolved.config.keep).save(state, self.world)
        if self.world.leads:
            self.resolved.plugins.hook.checkpoint_saved(run=self.run, path=path)

    def _state(self, step: int) -> TrainingState:
        return TrainingState(self.recipe, self.movers, self.averages, self.batches.state(), step, self.device)

    def rehearse(self) -> None:
        """Run a step that moves nobody and a preview, and say what will be trained and how long it takes.

        Raises PluginError.
        """
        conductor = Conductor(
            self.recipe,
            self.movers,
            LossLog(self.context),
            accumulate=self.conductor.accumulate,
            rehearsal=True,
        )
        seconds = rehearse(conductor, self._other_batches, self.context)
        self._other_batches.close()
        made = shipped(self.recipe, self.averages, inference_of(self.resolved, 0.0))
        preview_columns(made, self._held_out(2))
        graphs_of(self.recipe, self.data.images)
        self.say(self._announcement(seconds))

    def _images_a_step(self) -> int:
        return self.batches.batch_size() * self.world.size * self.conductor.accumulate

    def _announcement(self, seconds: float) -> str:
        precision = "bf16" if self.autocast is not None else "fp32"
        count = sum(parameter.numel() for parameter in self.recipe.parameters())
        left = self.total - self.start
        several = f" x {self.world.size} processes" if self.world.size > 1 else ""
        start = f"from step {self.start} to {self.total}" if self.start else f"{self.total} steps"
        return (
            f"{self.device}{several}, {precision} · {self.resolved.dataset.summary} · {self.data.crops.size} px, batch "
            f"{self._images_a_step()} · {len(self.recipe.networks())} networks, {magnitude(count)} parameters · "
            f"{start}, about {duration(seconds * left)} · {self.run.path}"
        )

    def _say_end(self, step: int, seconds: float, signal: int | None) -> None:
        done = max(step - self.start, 1)
        speed = f"{done / seconds:.2f} steps/s" if seconds else ""
        if signal is not None and step < self.total:
            self.say(f"stopped after step {step} ({speed}); go on with: gantk train --resume {self.run.path}")
            return
        preview = self.run.path / "previews" / f"{step:06d}.png"
        self.say(f"trained {done} steps in {duration(seconds)} ({speed}) · look at {preview}")
        self.say(f"next: gantk export {self.run.path}")
