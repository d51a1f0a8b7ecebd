"""A process that tries cases: it makes each input, runs the command within itself, and says how that ended."""

import contextlib
import json
import os
import re
import resource
import shutil
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cases import Case
from pool import READY, Answer

import gantk.training.launch  # noqa: F401 (so that no case waits for torch)
from gantk.cli.main import main

MEMORY = 12 * 2**30
"""Bytes of address space; what takes more ends in MemoryError, so that the machine goes on."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def tried(command: list[str], log: Path) -> Answer:
    """Run gantk in this process, with both of its outputs in a file, and judge how it ended."""
    code: Any = 0
    failed = ""
    with log.open("w+b") as file, _outputs_to(file.fileno()):
        try:
            main(command, prog_name="gantk")
        except SystemExit as ended:
            code = ended.code
        except BaseException:  # Whatever escapes is what is looked for.
            failed = traceback.format_exc()
    said = log.read_text("utf-8", "replace") + failed
    return Answer(_outcome(code, said, failed), said, command)


def _outcome(code: Any, said: str, failed: str) -> str:
    if failed or "Traceback (most recent call last)" in said:
        return "traceback"
    if _CONTROL.search(said):
        return "escape"
    if code in (0, None):
        return "fine"
    return "clear error" if said.strip() else "silence"


@contextlib.contextmanager
def _outputs_to(descriptor: int) -> Any:
    kept = [os.dup(1), os.dup(2)]
    for number in (1, 2):
        os.dup2(descriptor, number)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, old in zip((1, 2), kept, strict=True):
            os.dup2(old, number)
            os.close(old)


def serve() -> None:
    """Answer the cases on standard input until it ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    material, place = Path(sys.argv[1]), Path(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    os.chdir(place)
    print(READY, file=answers, flush=True)
    for line in sys.stdin:
        case = Case(**json.loads(line))
        shutil.rmtree(place / "case", ignore_errors=True)
        (place / "case").mkdir()
        answer = tried(case.prepare(material, place / "case"), place / "said.txt")
        print(json.dumps(asdict(answer)), file=answers, flush=True)


if __name__ == "__main__":
    serve()
