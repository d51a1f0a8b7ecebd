"""Partners that lie in one folder, told apart by a word of their names."""

import re
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

from gantk.data.partners import WORDS, Naming, Namings, are_known, stem_of

_PARTS = re.compile(r"[^\W_]+|[\W_]+")
"""The words of a name, and what stands between them."""

_MOST = 4
"""Partners of one name at most, such as an input, a result, a truth and a mask."""


def mixed_namings(paths: Sequence[Path]) -> tuple[Namings | None, bool]:
    """Return how two kinds of names in a folder differ where each file has its partner, and whether that is clear.

    It is clear where there are no more than two kinds, and words such as A and B or image and mask tell them apart.
    """
    stems = [stem_of(path) for path in paths]
    if len(stems) < 4:
        return None, False
    found = []
    for words, at_end in ((1, True), (2, True), (1, False), (2, False)):
        kinds = _kinds(stems, words, at_end)
        if len(kinds) > 1:
            namings = _in_order([Naming(suffix=kind) if at_end else Naming(kind) for kind in kinds])
            found.append((namings, len(kinds) == 2 and are_known(namings)))
    if uneven := _uneven(stems):
        found.append((uneven, are_known(uneven)))
    return next((each for each in found if each[1]), found[0] if found else (None, False))


def _uneven(stems: Sequence[str]) -> Namings | None:
    """Return two ends of one and of two words, such as leftImg8bit and gtFine_color, of which each name has one."""
    rests: dict[str, set[str]] = {}
    for stem in stems:
        parts = _PARTS.findall(stem)
        for words in (1, 2):
            if len(parts) > 2 * words:
                end = "".join(parts[-2 * words :])
                rests.setdefault(end, set()).add(stem.removesuffix(end))
    halves = sorted(end for end, found in rests.items() if 2 * len(found) == len(stems))
    for one, other in combinations(halves, 2):
        if rests[one] == rests[other] and not (one.endswith(other) or other.endswith(one)):
            return _in_order([Naming(suffix=one), Naming(suffix=other)])
    return None


def _kinds(stems: Iterable[str], words: int, at_end: bool) -> list[str]:
    """Return what names begin or end with where every name has one of a few such words, and each has each."""
    shared: dict[str, set[str]] = {}
    for stem in stems:
        parts = _PARTS.findall(stem)
        if len(parts) <= 2 * words:
            return []
        kind, rest = (parts[-2 * words :], parts[: -2 * words]) if at_end else (parts[: 2 * words], parts[2 * words :])
        shared.setdefault("".join(rest), set()).add("".join(kind))
    kinds = next(iter(shared.values()))
    same = all(each == kinds for each in shared.values())
    worded = all(any(character.isalpha() for character in kind) for kind in kinds)
    return sorted(kinds) if same and worded and len(shared) > 1 and len(kinds) <= _MOST else []


def _in_order(namings: list[Naming]) -> Namings:
    """Return two of the namings, what is translated first."""
    for source, target in WORDS:
        one = next((naming for naming in namings if source in naming.words), None)
        other = next((naming for naming in namings if target in naming.words), None)
        if one and other:
            return one, other
    return namings[0], namings[1]
