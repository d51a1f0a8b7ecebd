"""Requests that wait together run together."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from gantk.data.dataset import Array

Values = tuple[Array, ...]

_LOOK = 0.5
"""Seconds after which it is seen whether anybody still waits for what runs."""

_NEWEST = 0.2
"""Weight of the newest batch in the mean time of a sample."""


@dataclass(eq=False)
class Waiting:
    """Input tensors that wait for their turn, what they cost, and where their outputs go."""

    values: Values
    cost: int
    answer: "asyncio.Future[Values]"

    @property
    def samples(self) -> int:
        """How many samples they hold."""
        return len(self.values[0])

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of one sample."""
        return tuple(value.shape[1:] for value in self.values)


class Batcher:
    """Runs a function of tensors in one thread, in batches of whatever waits when the thread becomes free.

    It never waits for more to come: a request that finds the thread idle runs at once. Belongs to one event loop.

    Attributes:
        seconds: mean time of a sample lately.
    """

    def __init__(
        self, run: Callable[..., Values], size: int, most: int, stop: Callable[[], None] = lambda: None
    ) -> None:
        """Run batches by `run(*tensors)`, of up to `size` samples that cost up to `most` together, or of one alone.

        `stop` makes a run end early, with an exception: it is called where nobody waits for a batch any more.
        """
        self.seconds = 0.0
        self._run = run
        self._stop = stop
        self._size = size
        self._most = most
        self._waiting: deque[Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, "gantk-model")
        self._work: asyncio.Task[None] | None = None

    async def submit(self, values: Values, cost: int = 0) -> Values:
        """Return the outputs for input tensors of up to `size` samples. Raises what running them raises."""
        loop = asyncio.get_running_loop()
        waiting = Waiting(values, cost, loop.create_future())
        self._waiting.append(waiting)
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._work_off())
        return await waiting.answer

    def close(self) -> None:
        """Let the thread end, without what it does now."""
        self._stop()
        self._thread.shutdown(wait=False)

    async def _work_off(self) -> None:
        while batch := self._next():
            running = asyncio.get_running_loop().run_in_executor(self._thread, self._answers, batch)
            while not (await asyncio.wait({running}, timeout=_LOOK))[0]:
                if all(waiting.answer.done() for waiting in batch):
                    self._stop()
            for waiting, answer in zip(batch, running.result(), strict=True):
                if waiting.answer.done():
                    continue
                if isinstance(answer, Exception):
                    waiting.answer.set_exception(answer)
                else:
                    waiting.answer.set_result(answer)

    def _next(self) -> list[Waiting]:
        """Take the next batch: what waits longest, and what has its shapes; what nobody waits for any more is gone."""
        batch: list[Waiting] = []
        others: deque[Waiting] = deque()
        samples = cost = 0
        for waiting in self._waiting:
            if waiting.answer.done():
                continue
            fits = samples + waiting.samples <= self._size and cost + waiting.cost <= self._most
            if not batch or (fits and waiting.shapes == batch[0].shapes):
                batch.append(waiting)
                samples, cost = samples + waiting.samples, cost + waiting.cost
            else:
                others.append(waiting)
        self._waiting = others
        return batch

    def _answers(self, batch: Sequence[Waiting]) -> list[Values | Exception]:
        """Run a batch, in the thread. Where it fails, each request is run alone, so that none fails for another's."""
        began = perf_counter()
        try:
            joined = [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in _columns(batch)]
            ends = np.cumsum([waiting.samples for waiting in batch])[:-1]
            split = zip(*(np.split(output, ends) for output in self._run(*joined)), strict=True)
            answers: list[Values | Exception] = list(split)
        except Exception as error:
            if len(batch) == 1:
                return [error]
            return [error if waiting.answer.done() else self._answers([waiting])[0] for waiting in batch]
        seconds = (perf_counter() - began) / sum(waiting.samples for waiting in batch)
        self.seconds = seconds if not self.seconds else (1 - _NEWEST) * self.seconds + _NEWEST * seconds
        return answers


def _columns(batch: Sequence[Waiting]) -> list[Values]:
    """Return each input's tensors of all requests."""
    return list(zip(*(waiting.values for waiting in batch), strict=True))
