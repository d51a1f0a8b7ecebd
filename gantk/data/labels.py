"""The sides that are label maps: their values name classes, and no value may come up that stands between two."""

from collections.abc import Mapping, Sequence
from typing import Literal

from gantk.data.image_file import ImageFile
from gantk.data.kinds import second_sides

Labels = Literal["auto", "none", "a", "b", "both"]
"""Which side holds label maps: the first or the second; `auto` takes a side for such whose images all have palettes."""

SECOND = second_sides()
"""Keys of the second side of two."""


def label_keys(files: Mapping[str, Sequence[ImageFile]], labels: Labels) -> frozenset[str]:
    """Return the keys of the sides that hold label maps, of the files by key."""
    if labels == "auto":
        return frozenset(key for key, side in files.items() if side and all(file.facts.palette for file in side))
    wanted = {"none": (), "a": (False,), "b": (True,), "both": (False, True)}[labels]
    return frozenset(key for key in files if (key in SECOND) in wanted)


def told_of_labels(keys: frozenset[str], labels: Labels) -> list[str]:
    """Return a line on each side that was taken for label maps without being asked for."""
    if labels != "auto":
        return []
    return [
        f"all images of {key} have palettes, so they are resized as label maps, without new colours; "
        "if they are pictures: -s data.labels=none"
        for key in sorted(keys)
    ]
