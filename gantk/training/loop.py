"""The loop of a training, from its first step to its last, and what happens on its schedule."""

import time
from collections.abc import Callable
from typing import TypeVar

from gantk.data.held_out import holds_out
from gantk.errors import DataError
from gantk.training.announcement import said_at_end, stopped_by
from gantk.training.display import Display
from gantk.training.doctor.doctor import Doctor
from gantk.training.early import EarlyPreviews
from gantk.training.examiner import Examiner
from gantk.training.exhibits import Exhibits
from gantk.training.interrupts import Interrupts
from gantk.training.losslog import NonFiniteLoss, check_weights
from gantk.training.pace import Expected
from gantk.training.processes import is_started_by_torchrun
from gantk.training.shipped import Shipped
from gantk.training.training import Training

Answer = TypeVar("Answer")


def train(training: Training, expected: Expected, examiner: Examiner | None = None, *, shown: bool = True) -> None:
    """Run to the last step, or until a signal, or until the scores no longer improve.

    Raises GantkError; the run's hooks hear of every end.
    """
    hook = training.resolved.plugins.hook
    error: BaseException | None = None
    hook.run_started(run=training.run)
    try:
        _Loop(training, expected, examiner, shown).run()
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

    def __init__(self, training: Training, expected: Expected, examiner: Examiner | None, shown: bool) -> None:
        self.training = training
        self.expected = expected
        self.examiner = examiner
        self.shown = shown
        looked_after = training.resolved.config.doctor and training.world.leads
        self.doctor = Doctor(training, None if looked_after else [])
        self.exhibits = Exhibits(training)
        # Processes must stop at one step; on a GPU asking would wait for the device, and a log waits anyway.
        self.asks_each_step = training.world.size == 1 or training.device.type == "cpu"

    def run(self) -> None:
        training, config = self.training, self.training.resolved.config
        began = time.perf_counter()
        stops = "after this step" if self.asks_each_step else "at the next log"
        display = Display(training, self.expected, stops, shown=self.shown)
        early = EarlyPreviews(config.preview_every)
        torchrun = is_started_by_torchrun()
        stalled, done = "", training.start
        with display, Interrupts(display.progress.stopping, relayed=torchrun) as interrupts:
            if self._lacks_a_score(done):
                stalled = self._examine(done, self._ship(), display)
            for step in range(training.start, training.total if not stalled else 0):
                training.step(step)
                done = step + 1
                display.advance(done)
                last = done == training.total
                logged = last or done % config.log_every == 0
                if logged:
                    values = self._finite(training.log.read)
                    display.log(done, values)
                    display.warn(self.doctor.logged(done, values))
                asked = logged or self.asks_each_step
                stop = asked and training.world.agree(interrupts.received is not None, training.device)
                regular = last or stop or done % config.preview_every == 0
                shows = early.is_due(done, time.perf_counter()) or regular
                examines = not stop and self._examines(done, last=last)
                saves = last or stop or examines or done % config.checkpoint_every == 0
                if shows or saves:
                    before = time.perf_counter()
                    made = self._ship()
                    if shows and made is not None:
                        batch = self.exhibits.batch()
                        display.previewed(done, self.exhibits.preview(done, display.scalars, made, batch))
                        display.warn(self.doctor.shown(done, made, batch))
                    if saves:
                        if display.scalars is not None:
                            display.scalars.sync()
                        self._save(done, made)
                    if examines:
                        stalled = self._examine(done, made, display)
                    del made  # two copies of the recipe
                    self.doctor.rest()
                    if not (regular or saves):
                        display.progress.leave_out(time.perf_counter() - before)
                if stop or stalled:
                    break
            stopped = interrupts.received is not None and done < training.total
            display.end(stopped=stopped, why=stalled)
        took = time.perf_counter() - began
        resolved = training.resolved
        measured = holds_out(resolved.dataset, resolved.kind, training.data.crops.load)
        if stalled:
            training.say(stalled)
        for line in said_at_end(training.run.path, training.start, done, took, stopped=stopped, measured=measured):
            training.say(line)
        if stopped and interrupts.received is not None:
            raise SystemExit(128 + interrupts.received)

    def _ship(self) -> Shipped | None:
        return self.exhibits.ship() if self.training.world.leads else None

    def _examines(self, done: int, *, last: bool) -> bool:
        every = self.training.resolved.config.evaluate_every
        return self.examiner is not None and every is not None and (last or done % every == 0)

    def _lacks_a_score(self, done: int) -> bool:
        """Return whether a run goes on from a checkpoint that it was killed before it measured."""
        training, examiner = self.training, self.examiner
        if not done or examiner is None or not self._examines(done, last=False):
            return False
        return training.world.tell(lambda: examiner.is_lacking(done))

    def _examine(self, done: int, made: Shipped | None, display: Display) -> str:
        """Measure a checkpoint; return why the training ends with it, empty where it goes on."""
        assert self.examiner is not None
        stalled = ""
        if made is not None:
            examined = self.examiner.examine(done, made)
            display.examined(done, examined)
            stalled = examined.stalled
        return self.training.world.tell(lambda: stalled)

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
        spared = self.examiner.spared() if self.examiner is not None and training.world.leads else ()
        path = training.run.checkpoints(training.resolved.config.keep, spared).save(state, training.world)
        if training.world.leads:
            training.resolved.plugins.hook.checkpoint_saved(run=training.run, path=path)
