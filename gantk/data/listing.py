"""What lies in a folder: images, folders, and what is passed over."""

import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gantk.data.formats.known import SUFFIXES
from gantk.errors import DataError

_SPECIAL = (
    (stat.S_ISFIFO, "named pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)
"""Files that may never end, or change something when they are opened."""

_KINDS = {kind for _, kind in _SPECIAL}

_LITTER = {"thumbs.db", "ehthumbs.db", "desktop.ini"}
"""What Windows leaves in folders and hides there."""

_LONGEST = 10
"""Characters of an ending; longer ones are parts of a name with a dot in it."""


@dataclass(frozen=True)
class Listing:
    """What lies directly in a folder, by name, without what is hidden.

    Attributes:
        images: the files whose endings say that they are images, and that are regular files or broken links.
        folders: the folders.
        passed_over: how many other files there are, by ending (".txt") or by what they are ("named pipe").
    """

    images: tuple[Path, ...]
    folders: tuple[Path, ...]
    passed_over: Mapping[str, int]


def look_into(folder: Path) -> Listing:
    """Return what lies in a folder; no file is opened. Raises DataError where the folder cannot be read.

    A file in place of a folder is all that there is.
    """
    images, folders, passed_over = [], [], Counter[str]()
    try:
        if folder.is_file():
            return Listing((folder,), (), {})
        with os.scandir(folder) as entries:
            shown = [(entry.name, _mode(entry)) for entry in entries if not _is_hidden(entry.name)]
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {(error.strerror or str(error)).lower()}") from None
    for name, mode in sorted(shown):
        path = folder / name
        if stat.S_ISDIR(mode):
            folders.append(path)
        elif special := next((kind for is_kind, kind in _SPECIAL if is_kind(mode)), ""):
            passed_over[special] += 1
        elif path.suffix.lower() in SUFFIXES:
            images.append(path)
        else:
            passed_over[ending_of(path)] += 1
    return Listing(tuple(images), tuple(folders), passed_over)


def images_in(folder: Path) -> list[Path]:
    """Return the image files that lie directly in a folder, by name. Raises DataError where it cannot be read."""
    return list(look_into(folder).images)


def subfolders(folder: Path) -> list[Path]:
    """Return the folders that lie directly in a folder, by name. Raises DataError where it cannot be read."""
    return list(look_into(folder).folders)


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of several counts of files, the most frequent first."""
    summed: Counter[str] = Counter()
    for each in counts:
        summed.update(each)
    return dict(sorted(summed.items(), key=lambda item: (-item[1], item[0])))


def in_words(passed_over: Mapping[str, int]) -> str:
    """Return what is passed over as "passed over: 3 .txt, 1 named pipe"; empty where that is nothing."""
    if not passed_over:
        return ""
    most, rest = list(passed_over.items())[:5], list(passed_over.values())[5:]
    named = [f"{count:,} {kind}{'s' if count > 1 and kind in _KINDS else ''}" for kind, count in most]
    more = f", {sum(rest):,} others" if rest else ""
    return f"passed over: {', '.join(named)}{more}"


def ending_of(path: Path) -> str:
    """Return the ending by which a file that is passed over is counted, or that it has none."""
    ending = path.suffix.lower()
    told = 1 < len(ending) <= _LONGEST and ending.isascii() and ending[1:].isalnum()
    return ending if told else "without an ending that is known" if ending else "without ending"


def _mode(entry: os.DirEntry[str]) -> int:
    """Return what an entry is, links followed; of a link that leads nowhere, that it is a link."""
    try:
        return entry.stat().st_mode
    except OSError:
        return stat.S_IFLNK


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER
