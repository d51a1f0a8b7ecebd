"""Images of your own with landmarks in a text file beside each, such as photographs of faces and caricatures.

`landmarks:FOLDER` reads two folders in it, `photos` and `caricatures` (or `a` and `b`). Beside `1.jpg` lies `1.txt`, a
line `x y` for each landmark, in pixels of the image from its upper left corner; every file has as many, in the same
order. A square around an image's landmarks, wider than them by `margin`, is what is trained on; a tenth of each side is
held out.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gantk import DataError, Dataset, Split, UsageError, hookimpl
from gantk.data.cache import Packing, packed
from gantk.data.dataset import Array
from gantk.data.image_file import ImageFile, combined, refuse, scan
from gantk.data.listing import images_in
from gantk.data.packs import Pack
from gantk.data.resized import at_size
from gantk.documents import quoted, shortened
from gantk_datasets.landmarked import LANDMARKED, landmarked

SIDES = (("photos", "a"), ("caricatures", "b"))
"""What the folders of the two sides are called."""

HELD_OUT = 10
"""Of so many images, one is held out."""


@dataclass(frozen=True, kw_only=True)
class FaceSquares:
    """Squares of images around their landmarks, uint8 (load, load, 3); white where they reach beyond.

    Attributes:
        pack: the decoded images.
        rows: the number of each in the pack.
        squares: left and upper pixel and side of each, whole numbers (N, 3).
        load: height and width in pixels that they are brought to.
    """

    pack: Pack
    rows: Sequence[int]
    squares: Array
    load: int
    channels: int = 3
    window: tuple[float, float] = (0.0, 255.0)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Array:
        image = self.pack[self.rows[index]]
        left, upper, side = (int(value) for value in self.squares[index])
        height, width = image.shape[:2]
        square = np.full((side, side, 3), 255, np.uint8)
        top, bottom, first, last = max(upper, 0), min(upper + side, height), max(left, 0), min(left + side, width)
        if top < bottom and first < last:
            square[top - upper : bottom - upper, first - left : last - left] = image[top:bottom, first:last]
        return at_size(square, self.load)


class Landmarks(Dataset):
    """Images of two sides with their landmarks.

    Attributes:
        files: the images of each side.
        points: their landmarks in pixels, float64 (N, L, 2) of each side.
        margin: what the squares' sides are of the landmarks' larger extent.
    """

    kinds = (LANDMARKED,)

    def __init__(self, folder: Path, files: Sequence[Sequence[ImageFile]], points: Sequence[Array], margin: float):
        self.name, self.argument = folder.resolve().name, str(folder.absolute())
        self.files, self.points, self.margin = files, points, margin
        counts = [len(side) for side in files]
        held = [len(_share(count, True)) for count in counts]
        self.summary = (
            f"landmarks:{self.name}: {' + '.join(str(all_ - out) for all_, out in zip(counts, held, strict=True))} "
            f"images with {points[0].shape[1]} landmarks to train, {held[0]} + {held[1]} held out"
        )

    @cached_property
    def packs(self) -> tuple[Pack, ...]:
        """The decoded images of each side, as large as they are."""
        return tuple(packed(Packing(tuple(files), channels=3, load=None)) for files in self.files)

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share, squares of `load` pixels."""
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves landmarked batches, not {kind} ones")
        sides: list[tuple[FaceSquares, Array]] = []
        for pack, points in zip(self.packs, self.points, strict=True):
            rows = _share(len(points), test)
            squares = squares_around(points[rows], self.margin)
            images = FaceSquares(pack=pack, rows=rows, squares=squares, load=load or int(squares[:, 2].max(initial=1)))
            sides.append((images, within(points[rows], squares)))
        return landmarked(*sides[0], *sides[1])

    def fingerprint(self) -> str:
        """Return a hash of the files, of their landmarks and of what is cut."""
        told = hashlib.sha256(b"".join(points.tobytes() for points in self.points)).hexdigest()
        return f"{'-'.join(map(combined, self.files))}-{told}-{self.margin}"


def squares_around(points: Array, margin: float) -> Array:
    """Return left and upper pixel and side of the square around landmarks (N, L, 2), whole numbers (N, 3)."""
    low, high = points.min(1), points.max(1)
    side = np.maximum(np.round((high - low).max(1) * margin), 1)
    corner = np.round((low + high) / 2 - side[:, None] / 2)
    return np.concatenate([corner, side[:, None]], 1).astype(np.int64)


def within(points: Array, squares: Array) -> Array:
    """Return landmarks (N, L, 2) with a square's edges at -1 and 1, float32."""
    placed: Array = 2 * (points - squares[:, None, :2]) / squares[:, None, 2:] - 1
    return placed.astype(np.float32)


def landmarks(argument: str | None, *, margin: float = 1.4) -> Landmarks:
    """Open images with landmarks; the argument names their folder.

    Args:
        margin: what the side of the square that is cut around landmarks is of their larger extent.

    Raises UsageError without a folder, DataError where a folder, an image or a landmark is missing.
    """
    if argument is None:
        raise UsageError("data landmarks names a folder: --data landmarks:FOLDER, with photos and caricatures in it")
    if not 1 <= margin <= 10:
        raise UsageError(f"data.margin {margin:g}: wanted 1 to 10 times the landmarks' extent")
    folder = Path(argument).expanduser()
    found = [_side(folder, names) for names in SIDES]
    counts = {points.shape[1]: files[0].path for files, points in found}
    if len(counts) > 1:
        (one, first), (two, second) = counts.items()
        raise DataError(f"{first} has {one} landmarks, and {second} {two}: give every image as many")
    return Landmarks(folder, [files for files, _ in found], [points for _, points in found], margin)


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens images with landmarks."""
    return landmarks


def _side(folder: Path, names: tuple[str, ...]) -> tuple[list[ImageFile], Array]:
    place = next((folder / name for name in names if (folder / name).is_dir()), None)
    if place is None:
        raise DataError(f"data landmarks:{folder} has no folder {' or '.join(names)}")
    paths = images_in(place)
    if len(paths) < 2:
        raise DataError(f"{place} holds {len(paths)} images: two at least are needed")
    points = [_points(path) for path in paths]
    for path, own in zip(paths, points, strict=True):
        if len(own) != len(points[0]):
            raise DataError(
                f"{path.with_suffix('.txt')} has {len(own)} landmarks, and {paths[0].with_suffix('.txt')} "
                f"{len(points[0])}: give every image as many"
            )
    headers, bad = scan(paths)
    if bad:
        raise refuse(bad, len(paths))
    return [headers[path] for path in paths], np.array(points)


def _points(image: Path) -> Array:
    """Return the landmarks of an image, float64 (L, 2)."""
    path = image.with_suffix(".txt")
    if not path.is_file():
        raise DataError(f"{image} has no landmarks: write a line `x y` for each, in pixels, to {path}")
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as text: {shortened(error)}") from error
    points = [_point(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len(points) < 3:
        raise DataError(f"{path} has {len(points)} landmarks: there are 3 at least, a line `x y` for each, in pixels")
    return np.array(points)


def _point(path: Path, number: int, line: str) -> tuple[float, float]:
    """Return the landmark that a line of a file says."""
    try:
        x, y = map(float, line.replace(",", " ").split())
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise DataError(f"{path}, line {number}: wanted two numbers, x and y in pixels, not {quoted(line.strip())}")
    return x, y


def _share(count: int, test: bool) -> list[int]:
    """Return the rows of a share: every tenth is held out, and one at least."""
    held = set(range(HELD_OUT - 1, count, HELD_OUT)) or {count - 1}
    return [row for row in range(count) if (row in held) == test]
