"""Pictures decoded in processes of their own, each of which is ended where a picture takes it too long."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, BinaryIO, cast

from gantk.data.parallel import cores
from gantk_exports.server import decoder_program
from gantk_exports.server.frames import Message, read_message, write_message
from gantk_exports.server.refusal import Refusal

_COMMAND = (sys.executable, "-P", "-m", decoder_program.__name__)
"""What runs in a process. -P: a folder that somebody else may write to is no place to take modules from."""

_MOST = 8
"""Processes that decode what is decoded soon, where there are so many cores."""

_SOON = 1.0
"""Seconds after which a picture makes room for others that are decoded sooner."""

_SLOW = 4
"""Pictures that may take longer than that at a time; for a further one, the first of them goes."""

_OWN = ("GANTK_TOKEN",)
"""Variables that are the server's own."""


class Decoders:
    """Processes that decode, started as they are needed and kept. Belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        """End a process that has worked on a message for so many seconds."""
        count = min(cores(), _MOST)
        self._seconds = seconds
        self._count = count
        self._places = asyncio.Semaphore(count)
        self._slow: list[asyncio.Future[None]] = []
        self._threads = ThreadPoolExecutor(count + 2 * _SLOW, "gantk-decoders")
        self._idle: list[Process] = []
        self._busy: set[Process] = set()

    def start(self) -> None:
        """Have a process ready that has nothing to do, so that the next picture does not wait for it."""
        self._idle = [process for process in self._idle if process.lives]
        if not self._idle and len(self._busy) < self._count + _SLOW:
            self._idle.append(Process(self._threads))

    async def ask(self, said: Mapping[str, Any], body: bytes) -> Message:
        """Return the answer to a message. Raises Refusal where it takes too long or ends its process."""
        async with self._places:
            process = self._next()
            try:
                await process.ready()
                answer = process.ask({**said, "seconds": self._seconds + 1}, body)
                done, _ = await asyncio.wait({answer}, timeout=_SOON)
            except BaseException:
                self._give_back(process)
                raise
        try:
            if not done:
                await self._answered_slowly(answer)
            return answer.result()
        except (EOFError, OSError) as error:
            raise Refusal(422, "no decoder can read this picture; save it again, or in another format") from error
        finally:
            self._give_back(process, answer)

    def _next(self) -> "Process":
        """Return a process that has nothing to do, and start one for the next picture."""
        self.start()
        process = self._idle.pop() if self._idle else Process(self._threads)
        self._busy.add(process)
        self.start()
        return process

    async def _answered_slowly(self, answer: asyncio.Future[Message]) -> None:
        """Return when there is an answer. Raises Refusal where there is none in time, or others take long too."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slow.append(turn)
        if len(self._slow) > _SLOW:
            self._slow.pop(0).set_result(None)
        try:
            either: set[asyncio.Future[Any]] = {answer, turn}
            await asyncio.wait(either, timeout=self._seconds - _SOON, return_when=asyncio.FIRST_COMPLETED)
            if turn.done() and not answer.done():
                raise Refusal(503, "many send pictures that take long; try again in 5 s", {"Retry-After": "5"})
            if not answer.done():
                raise Refusal(422, f"not decoded within {self._seconds:g} s; save it again, or in another format")
        finally:
            if turn in self._slow:
                self._slow.remove(turn)

    def _give_back(self, process: "Process", answer: asyncio.Future[Message] | None = None) -> None:
        """Keep a process that has answered; end any other."""
        self._busy.discard(process)
        if answer is not None and answer.done() and answer.exception() is None:
            self._idle.append(process)
        else:
            process.end()

    def close(self) -> None:
        """End all processes."""
        for process in (*self._idle, *self._busy):
            process.end()
        self._threads.shutdown(wait=False)


class Process:
    """A process that runs `gantk_exports.server.decoder_program`, which is spoken with in threads."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        # One thread each: there are as many processes as cores, and a thread is memory.
        environment = {name: value for name, value in os.environ.items() if name not in _OWN}
        self._running = subprocess.Popen(  # noqa: S603 (nothing in it is from elsewhere)
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
        )
        self._questions = cast("BinaryIO", self._running.stdin)
        self._answers = cast("BinaryIO", self._running.stdout)
        self._threads = threads
        self._ready = self._later(self._read)

    @property
    def lives(self) -> bool:
        """Whether the process has not ended."""
        return self._running.poll() is None

    async def ready(self) -> None:
        """Return when the process has started. Raises EOFError where it could not."""
        await asyncio.wait({self._ready})
        self._ready.result()

    def ask(self, said: Mapping[str, Any], body: bytes) -> asyncio.Future[Message]:
        """Return the answer to a message, in whatever time it takes. It is an EOFError or OSError where it ends."""

        def work() -> Message:
            write_message(self._questions, said, [body])
            return self._read()

        return self._later(work)

    def end(self) -> None:
        """End the process at once; whoever waits for its answer learns so."""
        with suppress(OSError), self._running:
            self._running.kill()

    def _read(self) -> Message:
        return read_message(self._answers)

    def _later(self, work: Callable[[], Message]) -> asyncio.Future[Message]:
        answer = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # An error is raised where the answer is asked for; where nobody asks, it is not complained of.
        answer.add_done_callback(asyncio.Future.exception)
        return answer
