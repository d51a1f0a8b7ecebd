"""Fluent emoji at 64 px in three aligned domains: line drawings, flat colour, and 3D.

`emoji:line,flat` names a source and a target; `emoji` alone is flat to 3d. Batches of single images show the last-named
domain. Images: Microsoft's Fluent emoji (https://github.com/microsoft/fluentui-emoji, MIT), the 3D ones by way of
LobeHub (https://github.com/lobehub/fluent-emoji, MIT). Names and groups: Unicode.
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

from gantk import DataError, Dataset, Group, Split, UsageError, hookimpl
from gantk.data.dataset import Array, Column
from gantk.data.resized import resized

DOMAINS = ("line", "flat", "3d")
SHIPPED = Path(__file__).with_name("emoji_images")
# Chosen by measuring on two CPU cores, where a run should be looked at within ten minutes. So small a step is bound by
# the number of calls, so batches of one make the most of the time. In so few steps the higher rate and the stronger
# identity loss (CycleGAN's code: 2e-4 and 0.5) keep the colours, and so, less well, do the stronger contrasts of CUT,
# whose paper has 1. The light of the 3D emoji falls from one side, so that mirrored ones would teach another light.
QUICK: Mapping[str, Any] = MappingProxyType(
    {
        "size": 64,
        "steps": 3000,
        "batch_size": 1,
        "learning_rate": 4e-4,
        "jitter": 1.0,
        "flip": False,
        "identity": 2.5,
        "nce": 10.0,
        "nce_identity": 10.0,
        "generator.filters": 24,
        "generator.blocks": 3,
        "generator.upsampling": "resize",
        "discriminator.filters": 32,
        "discriminator.layers": 2,
    }
)

QUICK_SINGLE: Mapping[str, Any] = MappingProxyType({"size": 32, "steps": 3000, "batch_size": 32})


class Emoji(Dataset):
    """The emoji as uint8 RGB on white; a row stands for the same emoji in every domain.

    Labels are Unicode's groups, captions its names. Emoji that nearly look alike, or that differ in gender alone, are
    all trained on or all held out.

    Attributes:
        shown: a source and a target domain, or one domain, which then serves no pairs.
    """

    name = "emoji"
    licence = "MIT"
    domains = DOMAINS

    def __init__(self, *shown: str) -> None:
        self.shown = shown
        pairs = ("paired", "unpaired") if len(shown) == 2 else ()
        self.kinds = (*pairs, "images", "labelled", "captioned", "domains")
        listed = _index()["emoji"]
        self.classes = tuple(dict.fromkeys(one["group"] for one in listed))
        test = sum(one["split"] == "test" for one in listed)
        self.summary = (
            f"{self.name}: {len(listed):,} Fluent emoji at {_index()['size']} px, {' -> '.join(shown)}, "
            f"{len(listed) - test:,} to train, {test:,} held out"
        )

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return the scale at which two CPU cores show something within ten minutes."""
        return QUICK if kind in ("paired", "unpaired") else QUICK_SINGLE

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share; images are brought to `load` pixels when read."""
        if kind not in self.kinds:
            named = f"{self.name}:{','.join(self.shown)}"
            raise DataError(f"{named} serves {', '.join(self.kinds)} batches, not {kind} ones")
        listed = _index()["emoji"]
        rows = np.array([row for row, one in enumerate(listed) if (one["split"] == "test") == test])
        groups: tuple[dict[str, Column], ...]
        if kind == "domains":
            everything = np.concatenate([_tiles(domain)[rows] for domain in DOMAINS])
            domain_of = np.repeat(np.arange(len(DOMAINS)), len(rows)).astype(np.int64)
            groups = ({"image": resized(everything, load), "domain": domain_of},)
        elif kind in ("paired", "unpaired"):
            first, second = (resized(_tiles(domain)[rows], load) for domain in self.shown)
            groups = ({"source": first, "target": second},) if kind == "paired" else ({"a": first}, {"b": second})
        else:
            further: dict[str, dict[str, Column]] = {
                "images": {},
                "labelled": {"label": np.array([self.classes.index(listed[row]["group"]) for row in rows], np.int64)},
                "captioned": {"caption": [listed[row]["name"] for row in rows]},
            }
            groups = ({"image": resized(_tiles(self.shown[-1])[rows], load), **further[kind]},)
        return Split(tuple(Group(columns) for columns in groups))

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
    shown = [domain.strip() for domain in (argument or "flat,3d").split(",")]
    if len(shown) > 2 or len(set(shown)) < len(shown) or not set(shown) <= set(DOMAINS):
        raise UsageError(
            f"data emoji:{argument}: name one or two of the domains {', '.join(DOMAINS)}, such as emoji:line,flat"
        )
    return Emoji(*shown)


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the emoji."""
    return emoji


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
