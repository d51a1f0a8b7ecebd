"""The loop of a training, from its first step to its last, and what happens on its schedule."""

import time
from collections.abc import Callable
from typing import TypeVar

from gantk.data.held_out import holds_out
from gantk.errors import DataError
from gantk.training.announcement import said_at_end, stopped_by
from gantk.training.display import Display
from gantk.training.early import EarlyPreviews
from gantk.training.exhibits import Exhibits
from gantk.training.interrupts import Interrupts
from gantk.training.losslog import NonFiniteLoss, check_weights
from gantk.training.pace import Expected
from gantk.training.processes import is_started_by_torchrun
from gantk.training.shipped import Shipped
from gantk.training.training import Training

Answer = TypeVar("Answer")


def train(training: Training, expected: Expected) -> None:
    """Run to the last step, or until a signal. Raises GantkError; the run's hooks hear of every end."""
    hook = training.resolved.plugins.hook
    error: BaseException | None = None
    hook.run_started(run=training.run)
    try:
        _Loop(training, expected).run()
    except (OSError, DataError) as failure:
        error = stopped_by(failure, training.run.path, training.run.checkpoints().last_good)
        raise error from failure
    except BaseException as ended_by:
        error = ended_by
        raise
    finally:
        hook.run_ended(run=training.run, error=error)


class _Loop:
    """The steps that are left, with their logs, previews and checkpoints."""

    def __init__(self, training: Training, expected: Expected) -> None:
        self.training = training
        self.expected = expected
        self.exhibits = Exhibits(training)
        # Processes must stop at one step; on a GPU asking would wait for the device, and a log waits anyway.
        self.asks_each_step = training.world.size == 1 or training.device.type == "cpu"

    def run(self) -> None:
        training, config = self.training, self.training.resolved.config
        began = time.perf_counter()
        display = Display(training, self.expected, "after this step" if self.asks_each_step else "at the next log")
        early = EarlyPreviews(config.preview_every)
        torchrun = is_started_by_torchrun()
        with display, Interrupts(display.progress.stopping, relayed=torchrun) as interrupts:
            for step in range(training.start, training.total):
                training.step(step)
                done = step + 1
                display.advance(done)
                last = done == training.total
                logged = last or done % config.log_every == 0
                if logged:
                    display.log(done, self._finite(training.log.read))
                asked = logged or self.asks_each_step
                stop = asked and training.world.agree(interrupts.received is not None, training.device)
                regular = last or stop or done % config.preview_every == 0
                shows = early.is_due(done, time.perf_counter()) or regular
                saves = last or stop or done % config.checkpoint_every == 0
                if shows or saves:
                    before = time.perf_counter()
                    made = self.exhibits.ship() if training.world.leads else None
                    if shows and made is not None:
                        display.previewed(done, self.exhibits.preview(done, display.scalars, made))
                    if saves:
                        if display.scalars is not None:
                            display.scalars.sync()
                        self._save(done, made)
                    del made  # two copies of the recipe
                    if not (regular or saves):
                        display.progress.leave_out(time.perf_counter() - before)
                if stop:
                    break
            stopped = interrupts.received is not None and done < training.total
            display.end(stopped=stopped)
        took = time.perf_counter() - began
        resolved = training.resolved
        measured = holds_out(resolved.dataset, resolved.kind, training.data.crops.load)
        for line in said_at_end(training.run.path, training.start, done, took, stopped=stopped, measured=measured):
            training.say(line)
        if stopped and interrupts.received is not None:
            raise SystemExit(128 + interrupts.received)

    def _finite(self, read: Callable[[], Answer]) -> Answer:
        try:
            return read()
        except NonFiniteLoss as error:
            on = self.training.run.checkpoints().after_failing_from(self.training.start)
            raise NonFiniteLoss(f"{error}; {on}. Try --precision fp32, or a new run at a lower learning_rate") from None

    def _save(self, step: int, made: Shipped | None) -> None:
        training = self.training
        self._finite(training.log.check)
        self._finite(lambda: check_weights(training.movers, step))
        state = training.state(step)
        state.settled = made.settled if made is not None else state.settled
        path = training.run.checkpoints(training.resolved.config.keep).save(state, training.world)
        if training.world.leads:
            training.resolved.plugins.hook.checkpoint_saved(run=training.run, path=path)
