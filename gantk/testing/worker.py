"""A process that runs calls, each in a fork of itself: `python -m gantk.testing.worker`.

It reads calls, a line of JSON each, imports the modules that a call names, and answers by a line. So a fork has these
imported and nothing else done: calls neither see each other's traces nor wait for imports. `--once` takes one call
without forking, for systems that cannot.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> None:
    """Serve until standard input ends."""
    once = arguments == ["--once"]
    # Nothing but answers goes to the one who calls, whatever modules print.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    caller = sys.stdin.fileno()
    for line in sys.stdin:
        call = json.loads(line)
        for module in call["modules"]:
            import_module(module)
        # What is there for good need not be looked through, and so not be copied, by each fork.
        gc.freeze()
        answer = _performed(call) if once else forked([partial(_performed, call)], call["seconds"], caller)[0]
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        if once:
            break


def forked(functions: list[Callable[[], Any]], seconds: float, caller: int | None = None) -> list[Any]:
    """Run functions side by side, each in a fork of this process; return what each returned, in order.

    An answer is what a function returned, which must be JSON, or `{"died": reason}`. `caller` is a pipe that ends with
    the one who waits for the answers; this process then ends too.
    """
    children = [_fork(function) for function in functions]
    deadline = time.monotonic() + seconds
    try:
        return [_awaited(child, reading, deadline, seconds, caller) for child, reading in children]
    finally:
        for child, reading in children:
            os.close(reading)
            _end(child)


def _fork(function: Callable[[], Any]) -> tuple[int, int]:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.close(reading)
        said = json.dumps(function()).encode()
        while said:
            said = said[os.write(writing, said) :]
        status = 0
    finally:
        sys.stdout.flush()
        # Neither atexit nor the caller's own code may run in the child.
        os._exit(status)


def _awaited(child: int, reading: int, deadline: float, seconds: float, caller: int | None) -> Any:
    said = b""
    while True:
        watched = [reading] if caller is None else [reading, caller]
        ready, _, _ = select.select(watched, [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return {"died": f"did not end within {seconds:.0f} s"}
        if reading not in ready:
            # The caller says nothing while it waits: its pipe has ended.
            sys.exit(1)
        piece = os.read(reading, 65536)
        if not piece:
            break
        said += piece
    # The pipe ends with the process.
    _, status = os.waitpid(child, 0)
    if said:
        return json.loads(said)
    code = os.waitstatus_to_exitcode(status)
    ended = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit status {code}"
    return {"died": f"the process ended {ended}"}


def _end(child: int) -> None:
    """Kill a child that still runs; its own children end with it, since it takes SIGTERM for itself and for them."""
    with suppress(ChildProcessError):
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        os.kill(child, signal.SIGTERM)
        for _ in range(20):
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _performed(call: dict[str, Any]) -> Any:
    """Run a call, its output going to a file, its input being empty."""
    sys.path[:] = call["path"]
    os.chdir(call["folder"])
    with Path(call["output"]).open("ab") as output, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    module, function = call["function"].split(":")
    return getattr(import_module(module), function)(**call["arguments"])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    finally:
        # All is said: taking apart what was imported would keep the caller waiting.
        sys.stderr.flush()
        os._exit(0)
