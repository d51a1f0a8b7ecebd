"""The names that belong together: those that are alike, or alike but for words around what they share."""

import re
import unicodedata
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from gantk.errors import UsageError

WORDS = (
    ("a", "b"),
    ("x", "y"),
    ("source", "target"),
    ("src", "dst"),
    ("input", "target"),
    ("input", "output"),
    ("inputs", "targets"),
    ("inputs", "outputs"),
    ("in", "out"),
    ("before", "after"),
    ("low", "high"),
    ("lr", "hr"),
    *((label, image) for label in ("label", "labels") for image in ("img", "imgs", "image", "images", "photos")),
    *((image, mask) for image in ("img", "imgs", "image", "images", "photos") for mask in ("mask", "masks")),
)
"""What the two sides of a translation are called, what is translated first: labels into images, images into masks."""

_FURTHER_WORDS = (("real", "fake"), ("leftimg8bit", "gtfine"), ("leftimg8bit", "gtcoarse"), ("sat", "map"))
"""What the names of partners bear besides."""

_ALONE = {"mask", "label", "labels", "target", "gt", "seg", "segmentation", "groundtruth"}
"""What one partner's name may bear where the other's bears nothing."""

_PROBES = 5
"""Names that are looked for before all are."""

_MOST = 6
"""Places at an end of a name where it is cut at most."""


@dataclass(frozen=True)
class Naming:
    """What the names of one side bear around what partners share: `prefix*suffix`."""

    prefix: str = ""
    suffix: str = ""

    def shared(self, stem: str) -> str | None:
        """Return what a file's name shares with its partner's, or None where it is named otherwise."""
        room = len(stem) > len(self.prefix) + len(self.suffix)
        if not (room and stem.startswith(self.prefix) and stem.endswith(self.suffix)):
            return None
        return stem[len(self.prefix) : len(stem) - len(self.suffix)]

    def named(self, shared: str) -> str:
        """Return the name, without its ending, of the file that shares this with its partner."""
        return f"{self.prefix}{shared}{self.suffix}"

    def __str__(self) -> str:
        return self.named("*")

    @property
    def words(self) -> set[str]:
        return {word for word in re.split(r"[\W_]+", f"{self.prefix} {self.suffix}".lower()) if word}


Namings = tuple[Naming, Naming]
"""How the files of two sides are named."""

ALIKE: Namings = (Naming(), Naming())
"""Partners bear the same name."""


def said_namings(said: str) -> Namings:
    """Return what `*_a,*_b` says. Raises UsageError where it says something else."""
    patterns = [pattern.strip() for pattern in unicodedata.normalize("NFC", said).split(",")]
    if len(patterns) != 2 or any(pattern.count("*") != 1 for pattern in patterns) or patterns[0] == patterns[1]:
        raise UsageError(
            f"data.partners: {said} does not say how partners are named: write it like '*_photo,*_drawing', "
            "with a * for what their names share"
        )
    first, second = (Naming(*pattern.split("*")) for pattern in patterns)
    return first, second


def recognised_namings(sides: tuple[Sequence[Path], Sequence[Path]]) -> Namings:
    """Return how partners are named: alike, unless more of them are found by cutting words off the ends of names."""
    one, other = ([stem_of(path) for path in side] for side in sides)
    there = set(other)
    best, most = ALIKE, len(there.intersection(one))
    if not one or not other or 2 * most >= min(len(one), len(other)):
        return ALIKE
    probes = one[:: max(1, len(one) // _PROBES)]
    for namings in _candidates(one, other):
        if _partners(namings, probes, there):
            found = _partners(namings, one, there)
            if found > most:
                best, most = namings, found
    return best


def _candidates(one: Sequence[str], other: Sequence[str]) -> list[Namings]:
    """Return what may tell the names of two sides apart, the shortest first: ends that all names of a side have."""
    starts = [(a, b) for a, b in product(_starts(one), _starts(other)) if a != b or not a]
    ends = [
        (a[::-1], b[::-1])
        for a, b in product(*(_starts([stem[::-1] for stem in side]) for side in (one, other)))
        if a != b or not a
    ]
    found = [(Naming(p, s), Naming(q, t)) for (p, q), (s, t) in product(starts, ends)]
    return sorted(found, key=lambda namings: sum(len(naming.prefix) + len(naming.suffix) for naming in namings))


def _starts(stems: Sequence[str]) -> list[str]:
    """Return what all names begin with, cut where a word ends; the first is empty."""
    least, greatest = min(stems), max(stems)
    shared = next((place for place, (a, b) in enumerate(zip(least, greatest, strict=False)) if a != b), len(least))
    common = least[:shared]
    # What follows differs from name to name at the last place alone.
    cuts = [place for place in range(1, shared) if _ends_word(least, place)]
    cuts += [shared] * (shared > 0 and all(_ends_word(stem, shared) for stem in stems))
    return ["", *(common[:end] for end in cuts[:_MOST])]


def _ends_word(stem: str, end: int) -> bool:
    """Return whether letters, digits or what stands between words end at a place, and another word begins."""
    return end < len(stem) and stem[end].isalnum() and _kind(stem[end - 1]) != _kind(stem[end])


def _kind(character: str) -> str:
    return "digit" if character.isdigit() else "letter" if character.isalpha() else "between"


def _partners(namings: Namings, stems: Iterable[str], there: Container[str]) -> int:
    shared = (namings[0].shared(stem) for stem in stems)
    return sum(part is not None and namings[1].named(part) in there for part in shared)


def are_known(namings: Namings) -> bool:
    """Return whether the words that tell partners apart say that they are partners, such as `*_image`, `*_mask`."""
    first, second = (naming.words for naming in namings)
    if not first or not second:
        return namings == ALIKE or bool((first | second) & _ALONE)
    return any(
        (one in first and other in second) or (one in second and other in first)
        for one, other in (*WORDS, *_FURTHER_WORDS)
    )


def stem_of(path: Path) -> str:
    """Return a file's name without its ending; accents are part of their letters, which macOS writes apart."""
    return unicodedata.normalize("NFC", path.stem)
