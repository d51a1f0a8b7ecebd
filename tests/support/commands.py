"""gantk's commands in this process, as a user types them."""

import shutil
import sys
from pathlib import Path

from click.testing import CliRunner

from gantk.cli.main import main

UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
"""The installer: beside this Python, where the README puts it, or on the path."""


def invoke(*arguments: object, status: int = 0) -> str:
    """Run gantk, hold its exit status against the expected one, and return what it printed."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result.output


def refusal(*arguments: object, status: int = 1) -> str:
    """Run gantk, which must end with this exit status and one line of error, and return that line."""
    (line,) = (line for line in invoke(*arguments, status=status).splitlines() if "Error: " in line)
    return line
