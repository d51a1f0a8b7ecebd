"""The entry points of installed packages, of which a damaged one is passed over."""

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gantk.documents import regular_file

GROUPS = ("gantk", "gantk.commands", "gantk.defaults", "gantk.models", "gantk.preloaded")
"""Where packages say what they bring for gantk."""

_LISTED = "entry_points.txt"

_HEADER = re.compile(rf"[^\w=#]*(?:{'|'.join(map(re.escape, GROUPS))})[^\w=#]*", re.IGNORECASE)
"""What is taken for the header of a group of gantk's, whole or broken."""


def entries(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of one of gantk's groups; each has its package, `dist`."""
    return tuple(entry for entry in _read(_where())[0] if entry.group == group)


@lru_cache(maxsize=256)
def name_and_version(package: Distribution) -> tuple[str, str]:
    """Return what a package is called, and its version; read only where it is asked for, since it takes time."""
    return package.name, package.version


def find_module(module: str) -> ModuleSpec | None:
    """Return a module's spec. Unlike find_spec, it never imports the packages that the module lies in."""
    package, *inner = module.split(".")
    try:
        spec = find_spec(package)
    except ValueError:
        return None
    for name in inner:
        if spec is None or spec.submodule_search_locations is None:
            return None
        package = f"{package}.{name}"
        spec = PathFinder.find_spec(package, list(spec.submodule_search_locations))
    return spec


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


def _check_regular(package: Distribution) -> Path | None:
    """Return the file of a package's entry points, if it has one.

    Raises ValueError where that is no file: a pipe would be waited for without end.
    """
    folder = _folder(package)
    listed = folder / _LISTED if folder is not None else None
    if listed is None or not listed.exists():
        return None
    regular_file(listed)
    return listed


def _folder(package: Distribution) -> Path | None:
    """Return the folder that describes a package; None of one in an archive."""
    folder = getattr(package, "_path", None)
    return folder if isinstance(folder, Path) else None


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
    kept: list[EntryPoint] = []
    notes: list[str] = []
    seen: set[str] = set()
    for package in distributions():
        try:
            folder = _folder(package)
            called = folder.name.partition("-")[0].lower() if folder is not None else package.name
            # The first on the path hides others of its name.
            if called in seen:
                continue
            seen.add(called)
            if listed := _check_regular(package):
                notes += _broken_headers(listed)
            found = [entry for entry in package.entry_points if entry.group in GROUPS]
        except Exception as error:
            notes.append(f"package {_called(package)} is passed over: its entry_points.txt is damaged ({error})")
            continue
        for entry in found:
            if EntryPoint.pattern.match(entry.value):
                kept.append(entry)
            else:
                notes.append(f"{entry.name} of package {package.name} is passed over: {entry.value!r} names no module")
    return tuple(kept), tuple(notes)


def _broken_headers(listed: Path) -> Iterator[str]:
    """Yield a line for each header that nearly names a group of gantk's."""
    text = listed.read_bytes()
    # Nearly every file speaks of other things.
    for line in text.decode("utf-8", "replace").split("\n") if b"gantk" in text else ():
        said = line.strip()
        if _HEADER.fullmatch(said) and not (said[0] + said[-1] == "[]" and said.strip("[]") in GROUPS):
            yield f"what follows {said!r} in {listed} is passed over: a group's name stands in brackets"


def _called(distribution: Distribution) -> str:
    try:
        return f"{distribution.name} in {distribution.locate_file('')}"
    except Exception:
        return f"in {distribution.locate_file('')}"
