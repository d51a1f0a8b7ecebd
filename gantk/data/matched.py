"""Two folders whose files belong together by name."""

from collections import Counter
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
    """Pairs of files, and the files that have no usable partner.

    Attributes:
        enlarges: how many times as large each second file is as its first, in height and in width.
    """

    pairs: tuple[Pair, ...]
    bad: Bad
    enlarges: int = 1


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
    """Return the pairs of two folders in the order of their names; files that were not `found` are passed over.

    Partners are of one size or, where most of them are, the second is by one whole number as large as the first.
    """
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
        pairs.append((found[a[name]], found[b[name]]))
    enlarges = _enlargement(pairs)
    for one, other_file in pairs:
        if _size(other_file) != tuple(enlarges * side for side in _size(one)):
            bad[one.path] = _misfit(one, other_file, enlarges)
    return Matched(tuple(pair for pair in pairs if pair[0].path not in bad), bad, enlarges)


def _enlargement(pairs: Sequence[Pair]) -> int:
    """Return the whole number by which most second files are as large as their first; 1 where there is none."""
    found = Counter(_times(one, other) for one, other in pairs)
    times, count = found.most_common(1)[0] if found else (1, 0)
    return times if times > 1 and 2 * count > len(pairs) else 1


def _times(one: ImageFile, other: ImageFile) -> int:
    """Return the whole number by which another file is as large as one, in height and in width; 0 where none is."""
    times = max(round(other.facts.height / one.facts.height), 1)
    return times if _size(other) == tuple(times * side for side in _size(one)) else 0


def _misfit(one: ImageFile, other: ImageFile, enlarges: int) -> str:
    """Return what is wrong with the sizes of two partners."""
    said = f"is {_shown(one)} pixels, but its partner {other.path} is {_shown(other)}"
    if enlarges > 1:
        larger = _size(one) > _size(other)
        return f"{said}: {'a low resolution is not larger' if larger else f'others are {enlarges} times as large'}"
    return f"{said}; of two resolutions the low one is named first" if _times(other, one) > 1 else said


def _shared(side: Sequence[Path], naming: Naming) -> list[str | None]:
    return [naming.shared(stem_of(path)) for path in side]


def _size(file: ImageFile) -> tuple[int, int]:
    return file.facts.height, file.facts.width


def _shown(file: ImageFile) -> str:
    return f"{file.facts.width}x{file.facts.height}"
