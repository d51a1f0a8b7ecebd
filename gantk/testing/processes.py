"""Processes in which checks are made, so that none sees the traces of another, or leaves some with its caller."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Died(Exception):  # noqa: N818 (it says what happened)
    """A process that ended, or was ended, before it had answered; the message is the reason."""


class Workers:
    """Runs calls, each in a process of its own that has imported what it needs and done nothing else."""

    def __init__(self) -> None:
        # -P: what lies in the current folder must not be taken for a package.
        self._command = [sys.executable, "-P", "-m", "gantk.testing.worker"]
        self._server: subprocess.Popen[str] | None = None

    def call(
        self, function: str, arguments: dict[str, Any], output: Path, seconds: float, modules: Sequence[str] = ()
    ) -> Any:
        """Return what `module:function` returns, which must be JSON; what it prints goes to the end of a file.

        `modules` are imported before, and stay so for later calls. Raises Died where the process ends without an
        answer.
        """
        request = {
            "function": function,
            "arguments": arguments,
            "seconds": seconds,
            "modules": list(modules),
            "output": str(output),
            "path": sys.path,
            "folder": str(Path.cwd()),
        }
        line = json.dumps(request) + "\n"
        said = self._served(line) if hasattr(os, "fork") else self._once(line, seconds)
        if not said:
            self.close()  # the next call starts it anew
            raise Died("the process that makes the checks ended")
        answer = json.loads(said)
        if isinstance(answer, dict) and "died" in answer:
            raise Died(answer["died"])
        return answer

    def close(self) -> None:
        """End the process that serves."""
        if self._server is not None:
            self._server.terminate()
            self._server.communicate()
            self._server = None

    def _served(self, line: str) -> str:
        if self._server is None:
            # In a session of its own: Ctrl-C is for the caller, who closes this.
            self._server = subprocess.Popen(  # noqa: S603 (gantk itself)
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        try:
            self._server.stdin.write(line)
            self._server.stdin.flush()
        except BrokenPipeError:
            return ""
        return self._server.stdout.readline()

    def _once(self, line: str, seconds: float) -> str:
        command = [*self._command, "--once"]
        try:
            done = subprocess.run(  # noqa: S603 (gantk itself)
                command, input=line, stdout=subprocess.PIPE, text=True, encoding="utf-8", timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise Died(f"did not end within {seconds:.0f} s") from None
        return done.stdout
