"""The entry points of installed packages, of which a damaged one is passed over."""

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from pathlib import Path
from typing import Any

from gantk.documents import regular_file

GROUPS = ("gantk", "gantk.commands", "gantk.defaults")
"""Where packages say what they bring for gantk."""

_LISTED = "entry_points.txt"

_HEADER = re.compile(r"[^\w=#]*gantk(?:\.commands|\.defaults)?[^\w=#]*", re.IGNORECASE)
"""What is taken for the header of a group of gantk's, whole or broken."""


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
        _check_regular(package)
        package.entry_points  # noqa: B018 (it is read for what reading it raises)
    except Exception:
        return False
    return True


def _check_regular(package: Distribution) -> None:
    """Raise ValueError where a package's entry points are no file: a pipe would be waited for without end."""
    folder = getattr(package, "_path", None)
    if isinstance(folder, Path) and (listed := folder / _LISTED).exists():
        regular_file(listed)


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
    whole = _look_over(notes)
    for entry in _found(notes) if whole else _one_by_one(notes):
        if entry.dist is None:
            continue
        if EntryPoint.pattern.match(entry.value):
            kept.append(entry)
        else:
            notes.append(f"{entry.name} of package {entry.dist.name} is passed over: {entry.value!r} names no module")
    return tuple(kept), tuple(notes)


def _look_over(notes: list[str]) -> bool:
    """Return whether the entry points of all packages are files; note headers that nearly name a group of gantk's."""
    whole = True
    for folder in dict.fromkeys(sys.path):
        for listed in sorted(Path(folder).glob(f"*-info/{_LISTED}")):
            try:
                regular_file(listed)
                text = listed.read_bytes()
            except (OSError, ValueError):
                whole = False
                continue
            # Nearly every file speaks of other things.
            for line in text.decode("utf-8", "replace").split("\n") if b"gantk" in text else ():
                said = line.strip()
                if _HEADER.fullmatch(said) and not (said[0] + said[-1] == "[]" and said.strip("[]") in GROUPS):
                    notes.append(f"what follows {said!r} in {listed} is passed over: a group's name stands in brackets")
    return whole


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
            _check_regular(distribution)
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
