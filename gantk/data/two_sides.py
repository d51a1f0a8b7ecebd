"""Images of two sides: in two folders, in one, or in two halves of one image."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gantk.data.arranged import Arranged, Found
from gantk.data.image_file import ImageFile
from gantk.data.matched import Matched, Sides, how_paired, match
from gantk.data.partners import ALIKE, Naming, Namings, recognised_namings, stem_of
from gantk.data.rows import Rows
from gantk.errors import DataError
from gantk.text import printable


def read_sides(found: Found) -> Arranged:
    """Read two folders as pairs, or as unpaired images."""
    found = _in_the_order_said(found)
    shares = [found.sides_of(folders) for folders in found.shares]
    a, b = (printable(folder.resolve().name) for folder in found.tree.train.values())
    namings, hint = _namings(found, shares)
    if namings:
        differing = "" if namings == ALIKE else f" ({namings[0]} with {namings[1]})"
        return _pairs(found, f"pairs by name{differing}", shares, namings, (a, b))
    source, target = found.ordered(("a", "b"))
    groups = [
        [Rows({key: found.files(folders[side])}) for folders in found.shares]
        for key, side in (("a", source), ("b", target))
    ]
    first, second = found.ordered((a, b))
    return found.arranged("unpaired", f"unpaired images in {first} and {second}{hint}", groups, (first, second))


def read_mixed(found: Found, namings: Namings) -> Arranged:
    """Read one folder whose files bear two kinds of names as pairs. Raises DataError where a kind is missing."""
    shares: list[Sides] = []
    for folders in found.shares:
        listed = found.listed[folders["image"]]
        a, b = ([path for path in listed if naming.shared(stem_of(path)) is not None] for naming in namings)
        for side, naming in zip((a, b), namings, strict=True):
            if not side:
                raise DataError(f"{folders['image']} holds no image whose name is {naming}")
        shares.append((a, b))
    others = found.total - sum(len(side) for sides in shares for side in sides)
    notes = [f"{others} of other names not read"] if others else []
    if not found.asked.partners:
        notes.append("-s data.layout=plain reads them as single images")
    how = f"pairs by name in one folder{f' ({joined})' if (joined := '; '.join(notes)) else ''}"
    return _pairs(found, how, shares, namings, (str(namings[0]), str(namings[1])))


def read_side_by_side(found: Found, shares: Sequence[Sequence[ImageFile]]) -> Arranged:
    """Read images whose left half belongs to their right half."""
    guessed = found.asked.layout == "auto"
    for file in (file for share in shares for file in share):
        width, height = file.facts.width, file.facts.height
        if width % 2 or (guessed and width != 2 * height):
            found.bad[file.path] = f"is {width}x{height} pixels: its two sides would differ in size"
    whole = [tuple(file for file in share if file.path not in found.bad) for share in shares]
    rows = [Rows({"source": share, "target": share}) for share in whole]
    source, target = found.ordered(("left", "right"))
    why = " (all twice as wide as high: -s data.layout=plain reads them whole)" if guessed else ""
    return found.arranged("paired", f"side-by-side pairs, {source} -> {target}{why}", [rows], (source, target), parts=2)


def _namings(found: Found, shares: Sequence[Sides]) -> tuple[Namings | None, str]:
    """Return how the partners of two sides are named, None where they are no pairs, and a hint in words."""
    if found.asked.partners or found.asked.layout == "paired":
        return found.asked.partners or recognised_namings(shares[0]), ""
    if found.asked.layout == "unpaired":
        return None, ""
    return how_paired(shares, found.headers, named=found.tree.pairs)


def _in_the_order_said(found: Found) -> Found:
    """Return the two sides as the names of partners were said: first the folder whose files bear the first name."""
    if found.asked.partners is None:
        return found
    one, other = found.sides_of(found.tree.train)
    first, second = found.asked.partners
    if _named(one, first) + _named(other, second) >= _named(other, first) + _named(one, second):
        return found
    tree = found.tree
    train, test = ({"a": side["b"], "b": side["a"]} if side else side for side in (tree.train, tree.test))
    return replace(found, tree=replace(tree, train=train, test=test))


def _named(files: Sequence[Path], naming: Naming) -> int:
    return sum(naming.shared(stem_of(path)) is not None for path in files)


def _pairs(found: Found, how: str, shares: Sequence[Sides], namings: Namings, names: tuple[str, str]) -> Arranged:
    every = [match(sides, found.headers, namings) for sides in shares]
    for matched in every:
        found.bad.update(matched.bad)
    if every[0].enlarges > 1:
        return _scaled(found, how, every, names)
    rows = []
    for matched in every:
        files = tuple(tuple(pair[side] for pair in matched.pairs) for side in (0, 1))
        rows.append(Rows(dict(zip(("source", "target"), found.ordered((files[0], files[1])), strict=True))))
    source, target = found.ordered(names)
    return found.arranged("paired", f"{how}, {source} -> {target}", [rows], (source, target))


def _scaled(found: Found, how: str, every: Sequence[Matched], names: tuple[str, str]) -> Arranged:
    """Return pairs whose second image is the larger one. Raises DataError where they are to be turned, or differ."""
    low, high = names
    times = every[0].enlarges
    if found.turned:
        raise DataError(f"{low} is {times} times smaller than {high}, so it is no target: leave --direction b_to_a out")
    if any(matched.enlarges != times for matched in every):
        raise DataError(
            f"{high} is {times} times as large as {low} to train on, and {every[1].enlarges} times held out: the same "
            "is needed"
        )
    rows = [
        Rows({key: tuple(pair[side] for pair in matched.pairs) for side, key in enumerate(("low", "high"))})
        for matched in every
    ]
    arranged = found.arranged("scaled", f"{how}, {low} -> {high}, {times} times as large", [rows])
    return replace(arranged, enlarges=times)
