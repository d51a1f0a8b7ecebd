"""Errors that a user can mend, each said in one to three lines: what, where, what to do."""

import inspect
import traceback
from pathlib import Path
from typing import Any

from gantk.text import printable


class GantkError(Exception):
    """The work failed; the command ends with exit status 1.

    Each argument is a line of the message. Whatever a line repeats of names and files, it stays one line, and nothing
    in it steers a terminal.
    """

    exit_code = 1

    def __str__(self) -> str:
        return "\n".join(map(printable, self.args))


class UsageError(GantkError):
    """gantk was asked wrongly; the command ends with exit status 2."""

    exit_code = 2


class DataError(GantkError):
    """Images or folders that cannot be used as they are."""


class PluginError(GantkError):
    """A plugin that cannot be found, read or imported, or that breaks the protocol."""


class Unsupported(UsageError):  # noqa: N818 (the plan's word, which reads well after raise)
    """Raised by a part that cannot do what its spec asks; the message is the reason."""


def blamed_line(error: BaseException, file: str = "") -> str:
    """Return "file:line: " of the deepest line that led to an error and stands neither in torch nor in gantk's core.

    Where that is in another file than `file`, the deepest line of `file` comes first.
    """
    frames = traceback.extract_tb(error.__traceback__)
    core = str(Path(__file__).parent)
    own = [frame for frame in frames if not frame.filename.startswith((core, "<")) and "/torch/" not in frame.filename]
    if not own:
        return ""
    within = [frame for frame in own if frame.filename == file and own[-1].filename != file]
    return "in ".join(f"{frame.filename}:{frame.lineno}: " for frame in (*within[-1:], own[-1]))


def called_at() -> str:
    """Return "file:line: " of the innermost line that runs and stands neither in torch nor in gantk's core."""
    core, frame = str(Path(__file__).parent), inspect.currentframe()
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((core, "<")) and "/torch/" not in file:
            return f"{file}:{frame.f_lineno}: "
        frame = frame.f_back
    return ""


def written_at(thing: Any) -> str:
    """Return "file:line: " of where a class or a function is written, or nothing where that is unknown."""
    try:
        thing = inspect.unwrap(thing)
        return f"{inspect.getsourcefile(thing)}:{inspect.getsourcelines(thing)[1]}: "
    except (TypeError, OSError):
        return ""


def without_name(error: GantkError, file: Path) -> str:
    """Return an error's words without the name of the file that they begin with, for whoever names it themselves."""
    return str(error).removeprefix(f"{printable(file)}: ")


def one_line(error: BaseException) -> str:
    """Return an exception as one line."""
    said = str(error.msg if isinstance(error, SyntaxError) else error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
