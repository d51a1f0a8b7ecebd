"""What a training shows of itself while it goes on: its progress, its scalars, and the page of its run."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from gantk.runs.page import Page
from gantk.runs.scalars import ScalarLog
from gantk.text import link
from gantk.training.examiner import Examined
from gantk.training.pace import Expected
from gantk.training.progress import TrainingProgress
from gantk.training.training import Training


class Display:
    """Everything that the first process shows of a training; of several, the others show nothing.

    Attributes:
        progress: what standard error shows.
        scalars: the scalars; None in other processes.
    """

    def __init__(self, training: Training, expected: Expected, stops: str, *, shown: bool = True) -> None:
        self.training = training
        leads, run = training.world.leads, training.run
        self.scalars = ScalarLog(run.path, training.start) if leads else None
        self._page = Page(run, training.start, training.total) if leads else None
        if self._page is not None:
            training.say(f"see it:  {link(self._page.path)}")
        self._logged = time.perf_counter(), training.start
        self.progress = TrainingProgress(
            training.start, training.total, self._images(), shown=leads and shown, expected=expected, stops=stops
        )

    def __enter__(self) -> "Display":
        self.progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.__exit__(kind, error, trace)
        if self.scalars is not None:
            self.scalars.close()
        if self._page is not None and error is not None:
            with suppress(OSError):  # such as the full disk that stopped it
                self._page.end("stopped", str(error))

    def advance(self, done: int) -> None:
        """Count a step; so many are done now."""
        self.progress.advance()
        if self._page is not None:
            self._page.advance(done)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Show the losses and notes that were logged after a step."""
        if self.scalars is not None and self._page is not None:
            written = {**values, **self._pace(step)}
            self.scalars.write(step, written)
            self._page.log(step, written)
            self.progress.show(values)
            self.progress.images_a_step = self._images()

    def previewed(self, step: int, path: Path) -> None:
        """Show which preview is the newest."""
        self.progress.previewed(path)
        if self._page is not None:
            self._page.show(step)

    def examined(self, step: int, examined: Examined) -> None:
        """Show what was measured of a checkpoint."""
        self.progress.examined(examined.line, examined.seconds)
        for note in examined.notes:
            self.training.say(note)
        if self.scalars is not None and self._page is not None:
            self.scalars.score(step, examined.values)
            self._page.score()

    def warn(self, warnings: Sequence[str]) -> None:
        """Say what looks wrong."""
        for text in warnings:
            self.training.say(text)
        if warnings and self._page is not None:
            self._page.warn()

    def end(self, *, stopped: bool, why: str = "") -> None:
        """Say on the page that the last step is done, or that the training was stopped before it, and why."""
        if self._page is not None:
            self._page.end("stopped" if stopped else "trained", why)

    def _pace(self, step: int) -> dict[str, float]:
        """Return the learning rates that follow the progress, and steps a second since the last log."""
        then, before = self._logged
        self._logged = now, _ = time.perf_counter(), step
        movers = self.training.movers.items()
        rates = {
            f"rate/{name}": float(mover.optimizer.param_groups[0]["lr"]) for name, mover in movers if mover.following
        }
        return {**rates, "speed/steps a second": (step - before) / max(now - then, 1e-9)}

    def _images(self) -> int:
        return self.training.images_a_turn() * self.training.turns
