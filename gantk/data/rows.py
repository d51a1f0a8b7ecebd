"""The files of each share as rows: those of one row belong together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gantk.data.image_file import ImageFile, combined

Item = TypeVar("Item")


@dataclass(frozen=True)
class Rows:
    """Files drawn in one order.

    Attributes:
        files: by batch key; the files at one place belong together.
        labels: the class of each row; empty: there are none.
        captions: the text of each row; empty: there are none.
    """

    files: Mapping[str, tuple[ImageFile, ...]]
    labels: tuple[int, ...] = ()
    captions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.files.values())))

    def kept(self, keep: Sequence[bool]) -> "Rows":
        """Return the rows for which keep is true."""
        files = {key: _kept(files, keep) for key, files in self.files.items()}
        labels = _kept(self.labels, keep) if self.labels else ()
        return Rows(files, labels, _kept(self.captions, keep) if self.captions else ())


def joined(key: str, classes: Iterable[Rows]) -> Rows:
    """Return the rows of several classes, labelled by the classes' order."""
    listed = list(classes)
    files = tuple(file for rows in listed for file in rows.files[key])
    return Rows({key: files}, tuple(label for label, rows in enumerate(listed) for _ in range(len(rows))))


def hold_out(rows: Rows, share: float) -> tuple[Rows, Rows]:
    """Return the rows that are trained on and those held out, chosen by a hash of their files' contents.

    So exact duplicates fall on one side, and a file stays on its side when others are added. Of two different rows or
    more, at least one falls on each side; a share of 0 holds none out.
    """
    digests = [combined(row) for row in zip(*rows.files.values(), strict=True)]
    ordered = sorted(set(digests))
    if share == 0 or len(ordered) < 2:
        chosen: set[str] = set()
    else:
        chosen = {digest for digest in ordered[:-1] if int(digest, 16) < share * 16 ** len(digest)} or {ordered[0]}
    return rows.kept([digest not in chosen for digest in digests]), rows.kept([digest in chosen for digest in digests])


def _kept(items: Sequence[Item], keep: Sequence[bool]) -> tuple[Item, ...]:
    return tuple(item for item, kept in zip(items, keep, strict=True) if kept)
