"""The reading of folders' files: what was asked for, what was found, and what belongs to what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from gantk.data.image_file import Bad, ImageFile
from gantk.data.layouts import Layout, Tree
from gantk.data.matched import Sides
from gantk.data.partners import Namings
from gantk.data.rows import Rows, hold_out

Item = TypeVar("Item")

Direction = Literal["a_to_b", "b_to_a"]
"""Which of two sides is translated into the other."""


@dataclass(frozen=True)
class Asked:
    """How a user wants folders to be read.

    Attributes:
        layout: what they hold; `auto`: what they look like.
        hold_out: the share that is held out where there is no test folder.
        partners: how the names of partners differ; None: as they look.
        direction: which side is translated.
    """

    layout: Layout = "auto"
    hold_out: float = 0.1
    partners: Namings | None = None
    direction: Direction = "a_to_b"


@dataclass(frozen=True)
class Arranged:
    """How the files of some folders are read.

    Attributes:
        kind: the kind of batches that they serve.
        how: the layout in words.
        train: groups of rows.
        test: likewise, with the same keys.
        keys: the batch keys of images.
        parts: images side by side in a file, one for each key.
        turned: whether the second side is translated into the first; then a file's parts go to the keys in reverse.
        classes: names of the labels.
        domains: names of the two sides.
        bad: files that cannot be used, and why.
        total: number of image files.
        enlarges: how many times as large the images of the second key are as those of the first.
    """

    kind: str
    how: str
    train: tuple[Rows, ...]
    test: tuple[Rows, ...]
    bad: Bad
    total: int
    parts: int = 1
    turned: bool = False
    classes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    enlarges: int = 1

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for rows in self.train for key in rows.files)

    @cached_property
    def files(self) -> dict[str, tuple[ImageFile, ...]]:
        """The files of each key, those of the training share first."""
        shares = (*self.train, *self.test)
        return {key: tuple(file for rows in shares for file in rows.files.get(key, ())) for key in self.keys}

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that is read."""
        return tuple(file.path for files in self.files.values() for file in files)

    def shrink_of(self, key: str) -> int:
        """Return how many times smaller a key's images are than the largest of their row."""
        return self.enlarges if key == self.keys[0] else 1

    def part_of(self, key: str) -> int:
        """Return which part of a file a key's image is, from the left."""
        part = self.keys.index(key) if self.parts > 1 else 0
        return self.parts - 1 - part if self.turned else part


@dataclass(frozen=True)
class Found:
    """The image files of a tree, and how they are asked to be read.

    Attributes:
        tree: the folders that are read.
        asked: how.
        listed: the image files of each folder.
        headers: of the files whose header could be read.
        bad: files that cannot be used, and why; more are added as they are found.
    """

    tree: Tree
    asked: Asked
    listed: Mapping[Path, Sequence[Path]]
    headers: Mapping[Path, ImageFile]
    bad: Bad

    @property
    def shares(self) -> list[Mapping[str, Path]]:
        """The folders of the training share, and those of the test share where there are some."""
        return [folders for folders in (self.tree.train, self.tree.test) if folders]

    @property
    def turned(self) -> bool:
        return self.asked.direction == "b_to_a"

    @property
    def total(self) -> int:
        return sum(map(len, self.listed.values()))

    def ordered(self, sides: tuple[Item, Item]) -> tuple[Item, Item]:
        """Return two sides, the one that is translated first."""
        return (sides[1], sides[0]) if self.turned else sides

    def files(self, folder: Path) -> tuple[ImageFile, ...]:
        """Return the usable files of a folder."""
        return tuple(self.headers[path] for path in self.listed[folder] if path in self.headers)

    def sides_of(self, folders: Mapping[str, Path]) -> Sides:
        """Return the files of two folders."""
        a, b = (self.listed[folder] for folder in folders.values())
        return a, b

    def arranged(
        self, kind: str, how: str, groups: list[list[Rows]], domains: tuple[str, ...] = (), parts: int = 1
    ) -> Arranged:
        """Return groups of rows as arranged; without a test share, one is held out."""
        pairs = [tuple(shares) if self.tree.test else hold_out(shares[0], self.asked.hold_out) for shares in groups]
        train, test = (tuple(pair[side] for pair in pairs) for side in (0, 1))
        turned = self.turned and bool(domains)
        return Arranged(kind, how, train, test, self.bad, self.total, parts, turned=turned, domains=domains)
