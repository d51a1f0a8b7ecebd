"""The forms in which folders serve their images besides the one in which they lie: domains, layouts, captions."""

from collections import Counter
from typing import cast

import numpy as np

from gantk.data.arranged import Arranged
from gantk.data.captions import caption_files
from gantk.data.dataset import Group, Images, Split
from gantk.data.joined import JoinedImages, agree
from gantk.data.palettes import LabelMaps, Palette
from gantk.errors import DataError
from gantk.sizes import Sides
from gantk.text import printable


def kinds_of(arranged: Arranged, maps: str) -> tuple[str, ...]:
    """Return the kinds that folders serve: as they lie, and in further forms; `maps` is the side of label maps."""
    further = {
        "labelled": ("domains",),
        "unpaired": ("domains",),
        "paired": ("layout",) if maps else (),
        "images": ("captioned",) if caption_files(arranged.paths) else (),
    }
    return (arranged.kind, *further.get(arranged.kind, ()))


def refuse_single(arranged: Arranged) -> None:
    """Raise DataError where one of several domains is a single image, of which nothing can be learned."""
    counts = Counter[str]()
    for rows in (*arranged.train, *arranged.test):
        numbers = rows.labels or [arranged.keys.index(key) for key in rows.files] * len(rows)
        counts.update((arranged.classes or arranged.domains)[number] for number in numbers)
    if single := [name for name, count in counts.items() if count == 1]:
        raise DataError(f"domain {printable(single[0])} is a single image: add more images to its folder")


def shrunk_load(load: int | Sides | None, shrink: int) -> int | Sides | None:
    """Return the size at which images are loaded that are so many times smaller than others.

    Raises DataError where the others' size is no multiple.
    """
    if load is None or shrink == 1:
        return load
    if any(side % shrink for side in ([load] if isinstance(load, int) else load)):
        raise DataError(
            f"images are loaded at {load} pixels, which is no multiple of {shrink}, by which the low ones are smaller: "
            "say another --size, or -s jitter=1"
        )
    return load // shrink if isinstance(load, int) else Sides(*(side // shrink for side in load))


def as_domains(split: Split) -> Split:
    """Return class folders, or two sides, as images with the number of their folder.

    Raises DataError where two sides do not hold the same.
    """
    columns = split.columns
    if "label" in columns:
        return Split((Group({"image": columns["image"], "domain": columns["label"]}),))
    a, b = (cast(Images, columns[key]) for key in "ab")
    if not agree(a, b):
        raise DataError(
            "the two folders differ in channels, precision or range of values, so they are no domains of one kind: "
            "say -s data.channels, or one range by -s data.window and -s data.window_b"
        )
    numbers = np.repeat(np.arange(2), [len(a), len(b)]).astype(np.int64)
    return Split((Group({"image": JoinedImages(a, b), "domain": numbers}),))


def as_layout(split: Split, maps: str, palette: Palette) -> Split:
    """Return pairs, of which one side holds label maps, as images with their layout."""
    columns = split.columns
    (image,) = columns.keys() - {maps}
    return Split((Group({"image": columns[image], "layout": LabelMaps(cast(Images, columns[maps]), palette)}),))
