"""The entry points of installed packages, of which a damaged one is passed over."""

import importlib.metadata
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from pathlib import Path
from typing import Any

GROUPS = ("gantk", "gantk.commands", "gantk.defaults")
"""Where packages say what they bring for gantk."""


def entries(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of one of gantk's groups; each has its package, `dist`."""
    return tuple(entry for entry in _read(_where())[0] if entry.group == group)


@lru_cache(maxsize=256)
def name_and_version(package: Distribution) -> tuple[str, str]:
    """Return what a package is called, and its version; read only where it is asked for, since it takes time."""
    return package.name, package.version


def damaged() -> tuple[str, ...]:
    """Return a line for each package, and for each entry point of gantk's groups, that cannot be read."""
    return _read(_where())[1]


def hide_damaged() -> tuple[str, ...]:
    """Hide packages whose entry points cannot be read from everybody in this process, and return what `damaged` does.

    For a program to call at its start: torch and pydantic read every package's entry points when they are imported,
    and end at the first that is damaged.
    """
    notes = damaged()
    if notes and any(not _is_readable(package) for package in distributions()):
        every = distributions

        def readable(**context: Any) -> Iterator[Distribution]:
            return (package for package in every(**context) if _is_readable(package))

        importlib.metadata.distributions = readable
        # In processes that this one starts, they must not look.
        os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    return notes


def _is_readable(package: Distribution) -> bool:
    try:
        package.entry_points  # noqa: B018 (it is read for what reading it raises)
    except Exception:
        return False
    return True


def _where() -> tuple[tuple[str, int], ...]:
    return tuple((folder, _changed(folder)) for folder in sys.path)


def _changed(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=16)
def _read(_where: tuple[tuple[str, int], ...]) -> tuple[tuple[EntryPoint, ...], tuple[str, ...]]:
    # Kept while the folders on the path stay as they are: a training asks often, and every package's files are read.
    notes: list[str] = []
    kept = []
    for entry in _found(notes):
        if entry.dist is None:
            continue
        if EntryPoint.pattern.match(entry.value):
            kept.append(entry)
        else:
            notes.append(f"{entry.name} of package {entry.dist.name} is passed over: {entry.value!r} names no module")
    return tuple(kept), tuple(notes)


def _found(notes: list[str]) -> Iterable[EntryPoint]:
    """Return the entry points of gantk's groups; where a package spoils them all, those of the others."""
    try:
        every = entry_points()
        return [entry for group in GROUPS for entry in every.select(group=group)]
    except Exception:
        return _one_by_one(notes)


def _one_by_one(notes: list[str]) -> list[EntryPoint]:
    """Return what packages bring, each read by itself, and note which cannot be read."""
    found: list[EntryPoint] = []
    seen = set()
    for distribution in distributions():
        try:
            # The first on the path hides others of its name.
            if distribution.name in seen:
                continue
            seen.add(distribution.name)
            found += [entry for group in GROUPS for entry in distribution.entry_points.select(group=group)]
        except Exception as error:
            notes.append(f"package {_called(distribution)} is passed over: its entry_points.txt is damaged ({error})")
    return found


def _called(distribution: Distribution) -> str:
    try:
        return f"{distribution.name} in {distribution.locate_file('')}"
    except Exception:
        return f"in {distribution.locate_file('')}"
