"""Fluent emoji at 64 px in three aligned domains: line drawings, flat colour, and 3D.

`emoji:line,flat` names a source and a target; `emoji` alone is flat to 3d. Batches of single images show the last-named
domain. Label maps are the flat emoji in fifteen colours, where they are the source. Images: Microsoft's Fluent emoji
(https://github.com/microsoft/fluentui-emoji, MIT), the 3D ones by way of LobeHub
(https://github.com/lobehub/fluent-emoji, MIT). Names and groups: Unicode.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from gantk import DataError, Dataset, Group, Palette, Split, hookimpl
from gantk.data.dataset import Array, ArrayImages, Column
from gantk.data.kinds import kind_called
from gantk.data.resized import resized
from gantk.plan import quick
from gantk_datasets.aligned import Aligned, named_domains
from gantk_datasets.scales import SINGLE, translation

DOMAINS = ("line", "flat", "3d")
SHIPPED = Path(__file__).with_name("emoji_images")
# Chosen by measuring. The light of the 3D emoji falls from one side, so that mirrored ones would teach another light.
OWN: Mapping[str, Any] = MappingProxyType({"jitter": 1.0, "flip": False})

# The middles of fifteen groups of the flat emoji's colours.
COLOURS = Palette.read(
    (
        "0xffffff white",
        "0xededf0 pearl",
        "0xdac3c8 rose",
        "0xa19da3 grey",
        "0x695350 brown",
        "0x271a2b black",
        "0xfcba33 yellow",
        "0xe2b961 sand",
        "0xf5562e orange",
        "0xe92367 crimson",
        "0x8460bc purple",
        "0x51bdf8 sky",
        "0x02a6eb blue",
        "0x0e70ca navy",
        "0x03c369 green",
    )
)

# In so few steps a generator that begins as doing nothing keeps details, and one without instance norm, which takes
# them out of each image, keeps colours; a discriminator with it sees light and shade.
OWN_UNPAIRED: Mapping[str, Any] = MappingProxyType(
    {
        **OWN,
        "cycle": 5.0,
        "identity": 0.2,
        "generator.skips": True,
        "generator.adds_input": True,
        "normalization.generator": "none",
    }
)


class Emoji(Aligned):
    """The emoji as uint8 RGB on white; a row stands for the same emoji in every domain.

    Labels are Unicode's groups, captions its names. Emoji that nearly look alike, or that differ in gender alone, are
    all trained on or all held out.
    """

    name = "emoji"
    licence = "MIT"
    domains = DOMAINS
    palettes = MappingProxyType({"flat": COLOURS})

    def __init__(self, *shown: str) -> None:
        super().__init__(shown)
        self.kinds = (*self.kinds, "labelled", "captioned")
        listed = _index()["emoji"]
        self.classes = tuple(dict.fromkeys(one["group"] for one in listed))
        test = sum(one["split"] == "test" for one in listed)
        self.summary = (
            f"{self.name}: {len(listed):,} Fluent emoji at {_index()['size']} px, {' -> '.join(shown)}, "
            f"{len(listed) - test:,} to train, {test:,} held out"
        )

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return the scale at which two CPU cores show something within ten minutes."""
        if kind == "captioned":
            return {**quick.CAPTIONED, **OWN}
        if not kind_called(kind).translates:
            return {**SINGLE, "jitter": 1.0}
        if kind == "unpaired":
            return translation(kind, OWN_UNPAIRED)
        if kind == "domains":
            return translation(kind, OWN)
        # A drawing's colours and those of its 3D emoji are close, a line's are not; enlarged, colours stay.
        alike = kind == "scaled" or (kind == "paired" and "line" not in self.shown)
        return translation(kind, {**OWN, "generator.adds_input": alike})

    def images(self, domain: str, test: bool, load: int | None) -> ArrayImages:
        """Return a domain's emoji of the training or the test share."""
        return resized(_tiles(domain)[_rows(test)], load)

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share; images are brought to `load` pixels when read."""
        if kind not in ("labelled", "captioned"):
            return super().split(kind, test, load)
        listed = [_index()["emoji"][row] for row in _rows(test)]
        further: dict[str, Column] = (
            {"label": np.array([self.classes.index(one["group"]) for one in listed], np.int64)}
            if kind == "labelled"
            else {"caption": [one["name"] for one in listed]}
        )
        return Split((Group({"image": self.images(self.shown[-1], test, load), **further}),))

    def fingerprint(self) -> str:
        """Return the SHA-256 of the shipped files."""
        digest = hashlib.sha256()
        for file in ("index.json", *(f"{domain}.webp" for domain in DOMAINS)):
            digest.update(_read(file))
        return digest.hexdigest()


def emoji(argument: str | None) -> Emoji:
    """Open the emoji; the argument names a source and a target domain, `flat,3d` where it is None.

    Raises UsageError where it names none of the domains, one twice, or more than two.
    """
    return Emoji(*named_domains("emoji", argument, DOMAINS, "flat,3d"))


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the emoji."""
    return emoji


def named(domain: str, names: Mapping[str, str]) -> dict[str, Array]:
    """Return the images of a domain, uint8 (S, S, 3), of emoji that Unicode calls as the values say, by the keys."""
    rows = {one["name"]: row for row, one in enumerate(_index()["emoji"])}
    return {key: _tiles(domain)[rows[name]] for key, name in names.items()}


def _rows(test: bool) -> Array:
    """Return the rows of the training or the test share."""
    return np.array([row for row, one in enumerate(_index()["emoji"]) if (one["split"] == "test") == test])


@cache
def _tiles(domain: str) -> Array:
    """Return a domain's images, uint8 (N, S, S, 3), in the index's order."""
    from PIL import Image

    sheet = np.asarray(Image.open(BytesIO(_read(f"{domain}.webp")), formats=["WEBP"]).convert("RGB"))
    size, columns = _index()["size"], _index()["columns"]
    grid = sheet.reshape(-1, size, columns, size, 3).swapaxes(1, 2)
    return grid.reshape(-1, size, size, 3)[: len(_index()["emoji"])]


@cache
def _index() -> dict[str, Any]:
    """Return what the sheets hold: `size` of a tile, `columns` of tiles, and `emoji` in the tiles' order."""
    index: dict[str, Any] = json.loads(_read("index.json"))
    return index


def _read(file: str) -> bytes:
    try:
        return (SHIPPED / file).read_bytes()
    except OSError as error:
        raise DataError(f"{SHIPPED / file}, which ships with gantk, cannot be read: install gantk again") from error
