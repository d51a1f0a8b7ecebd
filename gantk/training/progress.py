"""The progress of a training: on a terminal lines that renew themselves, elsewhere a plain line every so often."""

import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gantk.text import pasted, printable
from gantk.training.console import duration, short_names
from gantk.training.pace import Expected, Pace
from gantk.training.phases import is_live

FIRST, EVERY, TENTH = 10.0, 60.0, 5.0
"""Without a terminal: seconds until the first line, between two, and at least before one for a tenth of the way."""

NARROW, WIDE = 50, 110
"""Columns of a terminal below which there is no bar, and from which on images a second are shown."""


class TrainingProgress:
    """Counts steps and shows them on standard error, with the losses of the last log.

    Attributes:
        expected: the time that was announced; where the first steps take another, that is said.
        stops: when the training ends that was asked to.
    """

    def __init__(
        self,
        start: int,
        total: int,
        images_a_step: int,
        *,
        shown: bool,
        expected: Expected,
        stops: str = "after this step",
    ) -> None:
        self.start = start
        self.total = total
        self.images_a_step = images_a_step
        self.expected = expected
        self.stops = stops
        self._shown = shown
        self._step = start
        self._losses: Mapping[str, float] = {}
        self._preview = self._score = ""
        self._state = ""
        self._began = self._said = time.perf_counter()
        self._pace = Pace(start, self._began)
        self._compared = False
        self._console = Console(stderr=True)
        self._live = None
        if shown and is_live():
            self._live = Live(
                console=self._console,
                get_renderable=self._lines,
                refresh_per_second=4,
                # What a plugin prints stands above the bar, but stays out of it where it goes to a file.
                redirect_stdout=sys.stdout.isatty(),
            )

    def __enter__(self) -> "TrainingProgress":
        self._began = self._said = time.perf_counter()
        self._pace = Pace(self.start, self._began)
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def advance(self) -> None:
        """Count a step."""
        self._step += 1
        if not self._shown:
            return
        now = time.perf_counter()
        if self._step == self.start + 1:
            # The first one waits for processes to start, and for what torch does once.
            self._pace = Pace(self._step, now)
        self._pace.mark(self._step, now)
        if not self._compared and now - self._began >= FIRST and self._step - self.start > 2:
            self._compare(now)
        if self._live is None and self._is_due(now):
            self._said = now
            self._say(self._plain(now))

    def show(self, scalars: Mapping[str, float]) -> None:
        """Show the losses of the last log."""
        self._losses = scalars

    def previewed(self, path: Path) -> None:
        """Show which preview is the newest."""
        self._preview = f"newest preview: {pasted(path)}"
        if self._shown and self._live is None:
            self._say(self._preview)

    def examined(self, line: str, seconds: float) -> None:
        """Show the newest score and the best, and how long measuring took."""
        self._score = f"{line} (measured in {duration(seconds)})"
        self.leave_out(seconds)
        if self._shown and self._live is None:
            self._say(self._score)

    def leave_out(self, seconds: float) -> None:
        """Leave seconds out of the pace that just passed with what comes but once."""
        self._pace.leave_out(seconds)

    def stopping(self, number: int) -> None:
        """Say at once that a signal was heard; called by its handler, so nothing here waits for a lock."""
        again = " (Ctrl-C again: at once, without saving)" if number == signal.SIGINT else ""
        self._state = text = f"stopping {self.stops}{again}"
        if self._shown and self._live is None:
            # A stream that is being written to cannot be written to again by a handler; its file can.
            with suppress(OSError, ValueError):
                os.write(sys.stderr.fileno(), f"{text}\n".encode())

    def _is_due(self, now: float) -> bool:
        if self._step >= self.total:
            return False
        since = now - self._said
        first = self._said == self._began
        tenth = self._step * 10 // self.total > (self._step - 1) * 10 // self.total
        return since >= (FIRST if first else EVERY) or (tenth and since >= TENTH)

    def _compare(self, now: float) -> None:
        """Say what the first steps tell of the time, where it is not what was announced."""
        self._compared = True
        speed = self._pace.at(self._step, now)
        if speed and not 1 / 1.5 < speed * self.expected.of_a_step(self._step) < 1.5:
            left, announced = duration(self._seconds_left(speed)), duration(self.expected.left(self._step))
            self._say(f"note: at the pace of the first steps {left} are left, not {announced}")

    def _seconds_left(self, speed: float) -> float:
        """Return how long it still takes at so many steps a second now, where later stages may be slower or faster."""
        here = self.expected.of_a_step(self._step)
        steps = self.expected.left(self._step) / here if here else self.total - self._step
        return steps / speed

    def _say(self, line: str) -> None:
        if self._live:
            self._console.print(Text(line))
        else:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def _facts(self, now: float) -> tuple[str, str, str, float | None]:
        """Return how many steps are done, the share, what time is left, and steps a second."""
        speed = self._pace.at(self._step, now)
        left = f"{duration(self._seconds_left(speed))} left" if speed else "? left"
        return f"{self._step}/{self.total}", f"{self._step * 100 // max(self.total, 1)}%", left, speed

    def _told_losses(self) -> str:
        names = short_names(self._losses)
        told = zip(names, self._losses.values(), strict=True)
        return printable("  ".join(f"{name} {value:.3g}" for name, value in told))

    def _plain(self, now: float) -> str:
        done, share, left, speed = self._facts(now)
        losses = self._told_losses()
        return f"step {done} ({share}), {_rate(speed)}, {left}{': ' if losses else ''}{losses}"

    def _lines(self) -> Group:
        done, share, left, speed = self._facts(time.perf_counter())
        width = self._console.width
        facts = [done, share, _rate(speed), left]
        if width >= WIDE and speed:
            facts[2] += f", {speed * self.images_a_step:.3g} images/s"
        row: list[Text | ProgressBar] = [Text(fact) for fact in facts]
        table = Table.grid(padding=(0, 1), expand=width >= NARROW)
        for number in range(len(facts)):
            if number == 2 and width >= NARROW:
                table.add_column(ratio=1)
                row.insert(2, ProgressBar(total=self.total, completed=self._step))
            table.add_column(no_wrap=True)
        table.add_row(*row)
        below = [
            Text(self._told_losses(), no_wrap=True, overflow="ellipsis"),
            Text(self._score, no_wrap=True, overflow="ellipsis"),
            Text(self._preview, overflow="fold"),
            Text(self._state, no_wrap=True, overflow="ellipsis"),
        ]
        return Group(table, *(line for line in below if line))


def _rate(speed: float | None) -> str:
    return f"{speed:.3g} steps/s" if speed else "? steps/s"
