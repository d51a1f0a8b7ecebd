"""What lies in and below folders and is not read, in words."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from os.path import commonpath
from pathlib import Path

from gantk.data.formats.known import SHOWN
from gantk.data.layouts import Tree
from gantk.data.listing import ending_of, in_words, look_into, subfolders, total
from gantk.errors import DataError
from gantk.text import pasted

_LOOKED_INTO = 2000
"""Folders that are looked into for images at most: a hint should not take long."""


def other_folders(paths: Sequence[Path], tree: Tree) -> str:
    """Return which folders hold images that are not read, in words; empty where there are none."""
    looked = dict.fromkeys([*paths, *(sub for path in paths for sub in subfolders(path)), *tree.folders])
    counts: dict[Path, int] = {}
    for folder in looked:
        # A folder that is not read need not be readable.
        with suppress(DataError):
            for candidate in (folder, *subfolders(folder)):
                counts[candidate] = 0 if candidate in tree.folders else len(look_into(candidate).images)
    named = [f"{count} in {folder}" for folder, count in counts.items() if count]
    more = f" and {len(named) - 3} more folders" if len(named) > 3 else ""
    return f"not read: {', '.join(named[:3])}{more}" if named else ""


def nothing_in(folder: Path) -> str:
    """Return that a folder holds no images, what it holds instead, and which folder to name."""
    passed = in_words(look_into(folder).passed_over)
    said = f"{folder} holds no images ({', '.join(SHOWN)})"
    return "; ".join(part for part in (said, passed, _where_instead(folder)) if part)


def _where_instead(folder: Path) -> str:
    """Return what to name instead of a folder without images; empty where there are none below it."""
    holding = dict(_holding_images(folder))
    if not holding:
        return ""
    shared = Path(commonpath(holding))
    if len(holding) == 1:
        return f"name {pasted(shared)}, which holds {holding[shared]}"
    if shared != folder:
        return f"name {pasted(shared)}, in whose folders images are"
    shown = ", ".join(f"{count} in {pasted(path)}" for path, count in list(holding.items())[:3])
    return f"name one of its folders, or two for two domains: {shown}{', ...' if len(holding) > 3 else ''}"


def _holding_images(root: Path) -> Iterator[tuple[Path, int]]:
    """Yield the nearest folders below a root that hold images, and how many; links are not followed."""
    queue = deque([root])
    for _ in range(_LOOKED_INTO):
        if not queue:
            return
        folder = queue.popleft()
        with suppress(DataError):
            listing = look_into(folder)
            if listing.images:
                yield folder, len(listing.images)
            else:
                queue.extend(inner for inner in listing.folders if not inner.is_symlink())


def passed_over(paths: Iterable[Path], tree: Tree, read: Iterable[Path] = ()) -> dict[str, int]:
    """Return how many files are passed over in the folders that were named and in those that are read, by ending.

    `read` are files in these folders that are no images and are read all the same.
    """
    counts = Counter(total(look_into(folder).passed_over for folder in dict.fromkeys([*paths, *tree.folders])))
    counts.subtract(map(ending_of, read))
    return total([+counts])
