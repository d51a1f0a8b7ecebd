"""Processes that try cases: each tries many, and is replaced when it hangs or crashes."""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cases import Case

CASES_A_PROCESS = 400
"""Cases after which a process is replaced, so that what one leaves behind in it is bounded."""


READY = "ready"
"""What a process says when it has imported what it needs."""


@dataclass(frozen=True)
class Answer:
    """What became of a case.

    Attributes:
        outcome: "fine", "clear error", "traceback", "hang", "crash", "silence" (failed without a word) or "escape" (a
            control character on the terminal).
        said: what the command wrote.
        command: the arguments of gantk.
    """

    outcome: str
    said: str = ""
    command: list[str] = field(default_factory=list)


class Worker:
    """A process that answers cases, one line of JSON each."""

    def __init__(self, material: Path, scratch: Path) -> None:
        self.place = Path(tempfile.mkdtemp(dir=scratch))
        self.answered = 0
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py")), str(material), str(self.place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1", "NO_ALBUMENTATIONS_UPDATE": "1"},
            text=True,
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != READY:
            sys.exit("a process could not start; try: python benchmarks/fuzz/worker.py FOLDER FOLDER")

    def answer(self, case: Case, deadline: float) -> Answer:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Event()
        timer = threading.Timer(deadline, lambda: (late.set(), self.process.kill()))
        timer.start()
        try:
            self.process.stdin.write(json.dumps(asdict(case)) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        self.answered += 1
        if line:
            return Answer(**json.loads(line))
        code = self.process.wait()
        return Answer("hang", f"over {deadline:g} s") if late.is_set() else Answer("crash", f"exit status {code}")

    def stop(self) -> None:
        with suppress(BrokenPipeError):
            self.process.communicate("")
        shutil.rmtree(self.place, ignore_errors=True)


class Pool:
    """As many processes as threads that ask."""

    def __init__(self, material: Path, scratch: Path, keep: Path | None, deadline: float) -> None:
        self.material = material
        self.scratch = scratch
        self.keep = keep
        self.deadline = deadline
        self.idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()

    def answer(self, case: Case) -> Answer:
        """Try a case in an idle process."""
        try:
            worker = self.idle.get_nowait()
        except queue.Empty:
            worker = Worker(self.material, self.scratch)
        answer = worker.answer(case, self.deadline)
        if self.keep is not None and answer.outcome not in ("fine", "clear error"):
            shutil.copytree(worker.place / "case", self.keep / f"{case.kind}-{case.number}", dirs_exist_ok=True)
        if worker.process.poll() is None and worker.answered < CASES_A_PROCESS:
            self.idle.put(worker)
        else:
            worker.stop()
        return answer

    def close(self) -> None:
        """End all processes."""
        while not self.idle.empty():
            self.idle.get().stop()
