"""Photographs under free licences, from packages of Debian: mountains, woods, water, flowers, insects, things.

The packages hold backgrounds of desktops and jigsaw puzzles; what is drawn, rendered, or without colours is left out.
`photographs` reads the installed packages, `photographs:FOLDER` those that were unpacked into a folder. Who took each,
and under which licence it is, stands in `photographs.json`; a photograph is known by its content, so that no other
picture passes for it. Each is brought to 768 pixels and cut into overlapping squares; whole photographs are held out,
so that no square shows what is trained on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gantk import DataError, Dataset, Group, Split, UsageError, hookimpl
from gantk.data.cache import Packing, packed
from gantk.data.dataset import Array
from gantk.data.image_file import ImageFile, combined
from gantk.data.kinds import kind_called
from gantk.data.packs import Pack
from gantk_datasets.photograph_packages import Photograph, chosen, files_of
from gantk_datasets.scales import SINGLE, translation
from gantk_datasets.squares import Squares

HEIGHT = 768
"""Pixels that a photograph's shorter side is brought to: a half of most, so that traces of the JPEG are gone."""

DETAIL = 2
"""Levels between neighbours that a square has on average, or it shows blur or sky alone."""


@dataclass(frozen=True, kw_only=True)
class PhotographSquares(Squares):
    """Squares of photographs; the first number of a place is the photograph's.

    Attributes:
        pack: the decoded photographs; of it, other processes get the path alone.
    """

    pack: Pack

    def whole(self, index: int) -> Array:
        """Return the photograph that a square lies on."""
        return self.pack[int(self.places[index][0])]


class Photographs(Dataset):
    """Squares of photographs, decoded once into gantk's cache.

    Args:
        photographs: which they are.
        files: theirs, in the same order.
        side: height and width in pixels of a square on a photograph.
        folder: where the packages were unpacked; None: they are installed.
    """

    name = "photographs"
    kinds = ("images",)

    def __init__(
        self, photographs: Sequence[Photograph], files: Sequence[ImageFile], side: int, folder: Path | None
    ) -> None:
        self.photographs, self.files, self.side = photographs, tuple(files), side
        self.licence = " AND ".join(sorted({one.licence for one in photographs}))
        self.argument = None if folder is None else str(folder.absolute())

    @property
    def summary(self) -> str:  # type: ignore[override]
        """What was found and how it is read, in one line."""
        test = sum(one.held_out for one in self.photographs)
        train = len(self.photographs) - test
        squares, held_out = map(len, self._places)
        packages = ", ".join(dict.fromkeys(one.package for one in self.photographs))
        return (
            f"{self.name}: {train + test} photographs of {packages}, at {HEIGHT} px in squares of {self.side} px; "
            f"{squares:,} of {train} to train, {held_out:,} of {test} held out"
        )

    @property
    def credits(self) -> Sequence[str]:
        """The authors, one line a licence."""
        authors: dict[str, set[str]] = {}
        for one in self.photographs:
            authors.setdefault(one.licence, set()).update(one.authors)
        return [f"{licence}: {', '.join(sorted(authors[licence]))}" for licence in sorted(authors)]

    @cached_property
    def pack(self) -> Pack:
        """The decoded photographs, uint8 (H, W, 3), of which the shorter side has HEIGHT pixels."""
        return packed(Packing(self.files, channels=3, load=HEIGHT))

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return the scale at which two CPU cores show something within ten minutes."""
        return translation(kind) if kind_called(kind).translates else SINGLE

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the squares of the photographs to train on or of those that are held out, at `load` pixels."""
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves images batches, not {kind} ones")
        places = self._places[test]
        squares = PhotographSquares(pack=self.pack, places=places, side=self.side, load=load or self.side)
        return Split((Group({"image": squares}),))

    def fingerprint(self) -> str:
        """Return a hash of the files and of where they are cut."""
        return f"{combined(self.files)}-{HEIGHT}-{self.side}"

    @cached_property
    def _places(self) -> tuple[Array, Array]:
        """Where the squares of both shares lie, int64 (N, 3): a quarter apart, and with something to see."""
        shares: tuple[list[Array], list[Array]] = ([], [])
        for number, one in enumerate(self.photographs):
            corners = _corners(self.pack[number], self.side)
            shares[one.held_out].append(np.insert(corners, 0, number, axis=1))
        train, test = (np.concatenate([np.empty((0, 3), np.int64), *places]) for places in shares)
        return train, test


def photographs(argument: str | None, *, side: int = 384, packages: str | None = None) -> Photographs:
    """Open the photographs; the argument names the folder of unpacked packages, None the installed ones.

    Args:
        side: height and width in pixels of a square on a photograph, whose shorter side has 768.
        packages: those to read, such as mate-backgrounds,palapeli-data; unsaid: all.

    Raises UsageError where the side or a package is wrong, DataError where photographs are missing or other ones.
    """
    if not 32 <= side <= HEIGHT:
        raise UsageError(
            f"data.side {side}: squares have 32 to {HEIGHT} pixels, as many as a photograph's shorter side"
        )
    folder = None if argument is None else Path(argument).expanduser()
    if folder is not None and not folder.is_dir():
        raise DataError(f"data photographs:{folder}: there is no such folder")
    taken = chosen(packages)
    return Photographs(taken, files_of(taken, folder), side, folder)


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the photographs."""
    return photographs


def _corners(photograph: Array, side: int) -> Array:
    """Return left and upper pixel of a photograph's squares, int64 (N, 2)."""
    green = photograph[..., 1].astype(np.int16)
    # Every fourth pixel of every fourth row tells as much, in a fraction of the time.
    some = green[1::4, 1::4]
    change = np.abs(some - green[:-1:4, 1::4]) + np.abs(some - green[1::4, :-1:4])
    height, width = green.shape
    corners = [
        (left, upper)
        for upper in range(0, height - side + 1, side // 4)
        for left in range(0, width - side + 1, side // 4)
        if change[upper // 4 : (upper + side) // 4, left // 4 : (left + side) // 4].mean() >= DETAIL
    ]
    return np.array(corners, np.int64).reshape(-1, 2)
