"""Checks of what importing the plugin's module does, each made in a process that has not imported it."""

from __future__ import annotations

import importlib
import io
import os
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any

from gantk.plugins.modules import import_plugin
from gantk.testing.checked import CheckedPlugin
from gantk.testing.own import OwnCode
from gantk.testing.report import Failure
from gantk.testing.state import changes, snapshot
from gantk.testing.worker import forked


def imports(checked: CheckedPlugin) -> str:
    """Import the plugin, and look at the packages that its own import statements load."""
    plugin = checked.installed
    own = OwnCode(plugin)
    with own.watched() as statements:
        import_plugin(plugin)
    if set(plugin.hooks) == {"dataset"}:
        for statement in statements:
            if "torch" in statement.loaded:
                raise Failure(
                    f"{statement.place} loads torch, which data sets do without: `gantk data` works where torch is not "
                    "installed; import it in the function that uses it"
                )
    suspected = [statement for statement in statements if statement.package in statement.loaded]
    allowed = own.required() if suspected else set()
    for statement in suspected:
        if statement.package not in allowed:
            further = f", or let {plugin.distribution} require it" if plugin.distribution else ""
            raise Failure(
                f"{statement.place} imports {statement.package}, which takes time and may not be installed: import it "
                f"in the function that uses it{further}"
            )
    return "no package beyond those that gantk imports itself"


def import_effects(checked: CheckedPlugin) -> str:
    """Import the plugin, and listen for what Python reports of files, processes and connections."""
    plugin = checked.installed
    own, seen = OwnCode(plugin), list[str]()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if what := _effect(event, arguments):
            seen.append(f"{own.place(sys._getframe(1))}{what}")

    printed, threads = io.StringIO(), threading.active_count()
    # There is no way to take this hook away: the process is for this check alone.
    sys.addaudithook(note)
    with redirect_stdout(printed), redirect_stderr(printed):
        import_plugin(plugin)
    if threading.active_count() > threads:
        seen.append("starts a thread")
    if said := printed.getvalue().strip():
        seen.append(f"prints {said.splitlines()[0]!r}")
    if seen:
        raise Failure(f"{seen[0]} when it is imported: do it in a function")
    return "no file, process, connection, thread or output"


def import_state(checked: CheckedPlugin) -> str:
    """Import the plugin, and compare what the process shares before and after."""
    for name in _foreign(checked):
        # What other packages do to the process when they are imported is not the plugin's doing.
        with suppress(Exception):
            importlib.import_module(name)
    before = snapshot()
    import_plugin(checked.installed)
    if changed := changes(before, snapshot()):
        raise Failure(f"importing it changes what all code shares: {'; '.join(changed)}")
    return "random numbers, default dtype, threads, warnings, environment: all as before"


def _foreign(checked: CheckedPlugin) -> list[str]:
    """Return the modules of other packages that the plugin loads, as another process sees them."""
    if not hasattr(os, "fork"):
        return []
    own = OwnCode(checked.installed)

    def load() -> list[str]:
        before = set(sys.modules)
        import_plugin(checked.installed)
        return [name for name in set(sys.modules) - before if not own.has(name)]

    answer: Any = forked([load], seconds=120)[0]
    return sorted(answer) if isinstance(answer, list) else []


def _effect(event: str, arguments: tuple[Any, ...]) -> str:
    """Return what an event that Python reports does to the world, or nothing."""
    if event == "open":
        path, _, flags = arguments
        writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
        # Python keeps compiled modules in __pycache__; a number is a file that was open before.
        if isinstance(path, str | os.PathLike) and (flags or 0) & writing:
            name = os.fspath(path)
            return "" if "__pycache__" in name or name == os.devnull else f"writes the file {name}"
    if event in ("socket.connect", "socket.getaddrinfo"):
        return "opens a connection"
    if event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.fork"):
        return "starts a process"
    return ""
