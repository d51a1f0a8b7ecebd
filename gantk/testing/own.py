"""Which code is the plugin's own, and which import statements of it run."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from types import FrameType
from typing import Any

from gantk.packages import entries
from gantk.plugins.entrypoints import InstalledPlugin


@dataclass(frozen=True)
class Statement:
    """An import statement that ran: where it stands, the package it names, and the packages that it loaded first."""

    place: str
    package: str
    loaded: frozenset[str]


class OwnCode:
    """Tells a plugin's own modules, and those of other plugins that it may build on, from everybody else's."""

    def __init__(self, plugin: InstalledPlugin) -> None:
        self._folder = plugin.path.parent if plugin.path else None
        self._packages = {_top(entry.module) for entry in entries("gantk")} - {"gantk"}
        if plugin.path is None:
            self._packages.add(_top(plugin.module))
        self._distribution = plugin.distribution

    def has(self, module: str, file: str | None = None) -> bool:
        """Return whether a module is own code; `file` is its file, of an imported one found by itself."""
        if file is None:
            file = str(getattr(sys.modules.get(module), "__file__", None) or "")
        beside = self._folder is not None and bool(file) and Path(file).parent == self._folder
        return beside or _top(module) in self._packages

    def place(self, frame: FrameType | None) -> str:
        """Return "file:line: " of the innermost own line that is running, or nothing."""
        while frame is not None:
            if self.has(frame.f_globals.get("__name__", ""), frame.f_code.co_filename):
                return f"{frame.f_code.co_filename}:{frame.f_lineno}: "
            frame = frame.f_back
        return ""

    def required(self) -> set[str]:
        """Return the packages of the plugin's distribution, and those that it always brings; none of a file."""
        if not self._distribution:
            return set()
        wanted = _names(
            [self._distribution, *(one for one in requires(self._distribution) or [] if "extra" not in one)]
        )
        return {package for package, brought_by in packages_distributions().items() if wanted & _names(brought_by)}

    @contextmanager
    def watched(self) -> Iterator[list[Statement]]:
        """Note every own import statement that runs, inner ones before those that led to them."""
        statements: list[Statement] = []
        real = builtins.__import__

        def watching(name: str, *further: Any, **named: Any) -> Any:
            frame = sys._getframe(1)
            if not self.has(frame.f_globals.get("__name__", ""), frame.f_code.co_filename):
                return real(name, *further, **named)
            before = _loaded()
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            try:
                return real(name, *further, **named)
            finally:
                inner = frozenset[str]().union(*(statement.loaded for statement in statements))
                loaded = {one for one in _loaded() - before - inner if not self.has(one)}
                statements.append(Statement(place, _top(name), frozenset(loaded)))

        builtins.__import__ = watching
        try:
            yield statements
        finally:
            builtins.__import__ = real


def _top(module: str) -> str:
    return module.partition(".")[0]


def _loaded() -> set[str]:
    return {_top(module) for module in sys.modules} - sys.stdlib_module_names


def _names(requirements: Iterable[str]) -> set[str]:
    """Return the names of distributions as they compare, of requirements such as `PyYAML>=6`."""
    found = (re.match(r"[\w.-]+", one) for one in requirements)
    return {re.sub(r"[-_.]+", "-", one[0]).lower() for one in found if one}
