"""Two folders whose files belong together by name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gantk.data.scanning import Bad, ImageFile

Sides = tuple[Sequence[Path], Sequence[Path]]
"""The image files of two folders."""

Pair = tuple[ImageFile, ImageFile]


@dataclass(frozen=True)
class Matched:
    """Pairs of files, and the files that have no usable partner."""

    pairs: tuple[Pair, ...]
    bad: Bad


def names_match(sides: Sides) -> bool:
    """Return whether each file has its partner: the same name, whatever the ending."""
    a, b = (sorted(path.stem for path in side) for side in sides)
    return a == b


def most_names_match(sides: Sides) -> bool:
    """Return whether at least half of the files have a partner."""
    a, b = ({path.stem for path in side} for side in sides)
    return 2 * len(a & b) >= max(len(a), len(b))


def most_sizes_agree(shares: Iterable[Sides], found: Mapping[Path, ImageFile]) -> bool:
    """Return whether at least half of the pairs have two sides of one size."""
    agree = []
    for a, b in shares:
        partners = {path.stem: path for path in b}
        for path in a:
            one, other = found.get(path), found.get(partners.get(path.stem, path))
            if one and other:
                agree.append(_size(one) == _size(other))
    return 2 * sum(agree) >= len(agree)


def match(sides: Sides, found: Mapping[Path, ImageFile]) -> Matched:
    """Return the pairs of two folders in the order of their names; files that were not `found` are passed over."""
    pairs: list[Pair] = []
    bad: Bad = {}
    by_name: list[dict[str, Path]] = [{}, {}]
    for side, names in zip(sides, by_name, strict=True):
        for path in side:
            first = names.setdefault(path.stem, path)
            if first != path:
                bad[path] = f"has the same name as {first.name}, so that its partner is not clear"
    a, b = by_name
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            path, other = (a[name], sides[1]) if name in a else (b[name], sides[0])
            bad[path] = f"has no partner of that name in {other[0].parent if other else 'the other folder'}"
            continue
        if a[name] not in found or b[name] not in found:
            continue
        one, other_file = found[a[name]], found[b[name]]
        if _size(one) == _size(other_file):
            pairs.append((one, other_file))
        else:
            bad[one.path] = f"is {_shown(one)} pixels, but its partner {other_file.path} is {_shown(other_file)}"
    return Matched(tuple(pairs), bad)


def _size(file: ImageFile) -> tuple[int, int]:
    return file.facts.height, file.facts.width


def _shown(file: ImageFile) -> str:
    return f"{file.facts.width}x{file.facts.height}"
