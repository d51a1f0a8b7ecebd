"""Two folders whose files belong together by name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gantk.data.image_file import Bad, ImageFile
from gantk.data.partners import ALIKE, Naming, Namings, are_known, recognised_namings, stem_of

Sides = tuple[Sequence[Path], Sequence[Path]]
"""The image files of two folders."""

Pair = tuple[ImageFile, ImageFile]


@dataclass(frozen=True)
class Matched:
    """Pairs of files, and the files that have no usable partner."""

    pairs: tuple[Pair, ...]
    bad: Bad


def names_match(sides: Sides, namings: Namings = ALIKE) -> bool:
    """Return whether each file has its partner by name, whatever the ending."""
    a, b = (_shared(side, naming) for side, naming in zip(sides, namings, strict=True))
    return None not in a and sorted(map(str, a)) == sorted(map(str, b))


def most_names_match(sides: Sides, namings: Namings = ALIKE) -> bool:
    """Return whether at least half of the files have a partner."""
    a, b = (set(_shared(side, naming)) for side, naming in zip(sides, namings, strict=True))
    return 2 * len((a & b) - {None}) >= max(len(a), len(b))


def how_paired(shares: Sequence[Sides], found: Mapping[Path, ImageFile], *, named: bool) -> tuple[Namings | None, str]:
    """Return how the partners in two folders are named, or None where they are no pairs; with a hint in words.

    `named` says that the folders' names make them the two sides of pairs.
    """
    namings = recognised_namings(shares[0])
    if named:
        return (namings if most_names_match(shares[0], namings) else None), ""
    if not all(names_match(sides, namings) for sides in shares):
        return None, ""
    if namings != ALIKE and not are_known(namings):
        return None, f" (names agree but for {namings[0]} and {namings[1]}: -s data.layout=paired reads them as pairs)"
    if not _most_sizes_agree(shares, found, namings):
        return None, " (names agree but sizes differ: -s data.layout=paired forces pairs)"
    return namings, ""


def _most_sizes_agree(shares: Iterable[Sides], found: Mapping[Path, ImageFile], namings: Namings) -> bool:
    """Return whether at least half of the pairs have two sides of one size."""
    agree = []
    for sides in shares:
        a, b = (
            {naming.shared(stem_of(path)): path for path in side} for side, naming in zip(sides, namings, strict=True)
        )
        for shared in a.keys() & b.keys() - {None}:
            one, other = found.get(a[shared]), found.get(b[shared])
            if one and other:
                agree.append(_size(one) == _size(other))
    return 2 * sum(agree) >= len(agree)


def match(sides: Sides, found: Mapping[Path, ImageFile], namings: Namings = ALIKE) -> Matched:
    """Return the pairs of two folders in the order of their names; files that were not `found` are passed over."""
    pairs: list[Pair] = []
    bad: Bad = {}
    by_name: list[dict[str, Path]] = [{}, {}]
    for side, names, naming in zip(sides, by_name, namings, strict=True):
        for path in side:
            shared = naming.shared(stem_of(path))
            if shared is None:
                bad[path] = f"is not named {naming}, so that its partner is not clear"
                continue
            first = names.setdefault(shared, path)
            if first != path:
                bad[path] = f"has the same name as {first.name}, so that its partner is not clear"
    a, b = by_name
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            path, other, wanted = (a[name], sides[1], namings[1]) if name in a else (b[name], sides[0], namings[0])
            called = "of that name" if namings == ALIKE else f"called {wanted.named(name)}"
            bad[path] = f"has no partner {called} in {other[0].parent if other else 'the other folder'}"
            continue
        if a[name] not in found or b[name] not in found:
            continue
        one, other_file = found[a[name]], found[b[name]]
        if _size(one) == _size(other_file):
            pairs.append((one, other_file))
        else:
            bad[one.path] = f"is {_shown(one)} pixels, but its partner {other_file.path} is {_shown(other_file)}"
    return Matched(tuple(pairs), bad)


def _shared(side: Sequence[Path], naming: Naming) -> list[str | None]:
    return [naming.shared(stem_of(path)) for path in side]


def _size(file: ImageFile) -> tuple[int, int]:
    return file.facts.height, file.facts.width


def _shown(file: ImageFile) -> str:
    return f"{file.facts.width}x{file.facts.height}"
