"""Drawn faces with 63 landmarks: shaded ones, and line drawings whose proportions are exaggerated by a known factor.

No real face is among them. A face is ten numbers from N(0, 1), its proportions; all of zero is the mean face. Side
`a` draws faces softly lit, side `b` other faces in flat colours with bold lines, of which each proportion is `factor`
times what was drawn. So what a network that exaggerates should do is known: go `factor` times as far from the mean
face, in the same direction. Each drawing has one of `looks` looks, its colours and how thick its lines are, so that
what a face is in another style is known as well.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from gantk import ArrayImages, DataError, Dataset, Split, UsageError, hookimpl
from gantk.data.dataset import Array
from gantk_datasets.landmarked import LANDMARKED, landmarked

NUMBERS = 10
"""Proportions of a face."""

PARTS: Mapping[str, int] = MappingProxyType({"outline": 21, "brows": 10, "eyes": 12, "nose": 8, "mouth": 12})
"""Landmarks of each part of a face, in their order."""

_OVERSAMPLED = 3

Colour = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Look:
    """The colours that a face is drawn with.

    Attributes:
        line: of the lines; None: there are none.
        thick: how many times as thick they are.
    """

    ground: Colour = (255, 255, 255)
    skin: Colour = (236, 188, 154)
    nose: Colour = (222, 166, 132)
    lips: Colour = (176, 72, 72)
    hair: Colour = (84, 58, 40)
    eyes: Colour = (255, 255, 255)
    pupils: Colour = (30, 30, 60)
    line: Colour | None = (0, 0, 0)
    thick: int = 1


SHADED = Look(eyes=(248, 248, 248), line=None)
"""The look of photographs, before they are lit."""

LOOKS: tuple[Look, ...] = (
    Look(),
    Look(
        ground=(255, 214, 60),
        skin=(250, 246, 236),
        nose=(255, 170, 150),
        lips=(220, 30, 40),
        hair=(20, 40, 120),
        line=(20, 40, 120),
        thick=2,
    ),
    Look(
        ground=(24, 44, 92),
        skin=(90, 150, 200),
        nose=(70, 120, 180),
        lips=(240, 120, 150),
        hair=(240, 240, 255),
        line=(240, 240, 255),
    ),
    Look(
        ground=(214, 236, 206),
        skin=(166, 206, 120),
        nose=(130, 176, 90),
        lips=(120, 60, 140),
        hair=(60, 30, 80),
        line=(60, 30, 80),
        thick=2,
    ),
)
"""The looks of line drawings: ink; and a bold one, one by night, and one in green."""

QUICK: Mapping[str, Any] = MappingProxyType(
    {
        "size": 64,
        "steps": 2000,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "components": 12,
        # Images cost much more than landmarks.
        "style_batch": 0.125,
        "style_filters": 16,
        "blocks": 1,
        "scales": 1,
        "discriminator.filters": 32,
        "discriminator.layers": 2,
    }
)


def landmarks_of(proportions: Array) -> Array:
    """Return the landmarks (..., 63, 2) of faces by their proportions (..., 10); the image's edges are at -1 and 1."""
    wide, high, jaw, apart, large, raised, long, broad, smile, lips = np.moveaxis(np.asarray(proportions), -1, 0)
    ring = np.linspace(0, 2 * np.pi, PARTS["outline"], endpoint=False)
    narrowing = 1 + 0.07 * jaw[..., None] * np.clip(np.sin(ring), 0, None)
    outline = _points(
        (0.56 + 0.04 * wide)[..., None] * np.cos(ring) * narrowing, (0.68 + 0.03 * high)[..., None] * np.sin(ring)
    )
    middle, level = 0.22 + 0.025 * apart, -0.14 + 0.025 * raised
    size = 0.085 + 0.013 * large
    bow, turn = np.linspace(-1, 1, 5), np.linspace(0, 2 * np.pi, 6, endpoint=False)
    brows = [
        _points((side * middle)[..., None] + 0.13 * bow, (level - 1.9 * size)[..., None] + 0.03 * (bow**2) - 0.02)
        for side in (-1, 1)
    ]
    eyes = [
        _points(
            (side * middle)[..., None] + (1.3 * size)[..., None] * np.cos(turn),
            level[..., None] + (0.75 * size)[..., None] * np.sin(turn),
        )
        for side in (-1, 1)
    ]
    tip, wing = 0.16 + 0.03 * long, 0.10 + 0.015 * broad
    down = np.array([0.0, 0.35, 0.7, 0.9, 1.0, 0.9, 0.7, 0.35])
    across = np.array([0.0, -0.25, -0.5, -1.0, 0.0, 1.0, 0.5, 0.25])
    nose = _points(wing[..., None] * across, level[..., None] + 0.05 + (tip - level - 0.05)[..., None] * down)
    around = np.linspace(0, 2 * np.pi, PARTS["mouth"], endpoint=False)
    mouth = _points(
        0.2 * (1 + 0.08 * lips)[..., None] * np.cos(around),
        0.38
        + (0.065 + 0.008 * lips)[..., None] * np.sin(around)
        - (0.05 * smile)[..., None] * (np.cos(around) ** 2 - 0.5),
    )
    return np.concatenate([outline, *brows, *eyes, nose, mouth], -2).astype(np.float32)


class Faces(Dataset):
    """Drawn faces of two sides.

    Attributes:
        factor: how many times as far from the mean face those of side `b` are.
        count: faces of each side to train on; a tenth as many are held out.
        seed: what they are drawn from.
        looks: how many of `LOOKS` line drawings have.
    """

    name = "faces"
    kinds = (LANDMARKED,)
    licence = "CC0-1.0"

    def __init__(self, factor: float, count: int, seed: int, looks: int) -> None:
        self.factor, self.count, self.seed, self.looks = factor, count, seed, looks
        several = f" in {looks} looks" if looks > 1 else ""
        self.summary = (
            f"faces: drawn faces with {sum(PARTS.values())} landmarks, shaded -> line drawings{several} "
            f"{factor:g} times as far from the mean face; {count} + {count} to train, "
            f"{self._held_out} + {self._held_out} held out"
        )

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return the scale at which a CPU core shows something within minutes."""
        return QUICK

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share, of images of `load` pixels."""
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves landmarked batches, not {kind} ones")
        count = self._held_out if test else self.count
        a, b = (
            _drawn(count, (self.seed, int(test)), factor, looks, load or 64)
            for factor, looks in ((1.0, 0), (self.factor, self.looks))
        )
        return landmarked(*a, *b)

    def fingerprint(self) -> str:
        """Return a hash of what the faces are drawn from."""
        return hashlib.sha256(repr((self.factor, self.count, self.seed, self.looks)).encode()).hexdigest()

    @property
    def _held_out(self) -> int:
        return max(1, self.count // 10)


def faces(argument: str | None, *, factor: float = 1.7, count: int = 400, seed: int = 0, looks: int = 4) -> Faces:
    """Open the drawn faces.

    Args:
        argument: none is taken.
        factor: how many times as far from the mean face the line drawings are.
        count: faces of each side to train on; a tenth as many are held out.
        seed: what they are drawn from.
        looks: in how many looks line drawings come, 1 to 4: colours and how thick their lines are.

    Raises UsageError for an argument, and for numbers out of range.
    """
    if argument is not None:
        raise UsageError(f"data faces:{argument}: faces take no argument; of images of your own: landmarks:FOLDER")
    if not 0 < factor <= 3 or not 1 <= count <= 100_000 or seed < 0 or not 1 <= looks <= len(LOOKS):
        raise UsageError(
            f"data.factor={factor:g}, data.count={count}, data.seed={seed}, data.looks={looks}: wanted a factor above "
            f"0 up to 3, 1 to 100,000 faces, a seed of at least 0, and 1 to {len(LOOKS)} looks"
        )
    return Faces(factor, count, seed, looks)


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the drawn faces."""
    return faces


def _points(x: Array, y: Array) -> Array:
    return np.stack(np.broadcast_arrays(x, y), -1)


@lru_cache(maxsize=8)
def _drawn(count: int, seed: tuple[int, int], factor: float, looks: int, size: int) -> tuple[ArrayImages, Array]:
    """Return faces and their landmarks, in so many looks; with none they are shaded."""
    rng = np.random.default_rng((*seed, int(looks > 0)))
    points = landmarks_of(factor * rng.standard_normal((count, NUMBERS)).clip(-2, 2))
    if not looks:
        return ArrayImages(np.stack([_shaded(face, size) for face in points])), points
    which = rng.integers(looks, size=count)
    return ArrayImages(
        np.stack([painted(face, size, LOOKS[look]) for face, look in zip(points, which, strict=True)])
    ), points


def _shaded(points: Array, size: int) -> Array:
    """Return a face lit from the upper left."""
    flat = painted(points, size, SHADED).astype(np.float32)
    place = np.linspace(-1, 1, size)
    light = 1.08 - 0.22 * ((place[:, None] + 0.4) ** 2 + (place[None] + 0.4) ** 2)
    lit: Array = (flat * np.where(flat.min(2) < 250, light, 1.0)[..., None]).clip(0, 255).astype(np.uint8)
    return lit


def painted(points: Array, size: int, look: Look) -> Array:
    """Return the face of landmarks (63, 2) in a look, uint8 (size, size, 3)."""
    from PIL import Image, ImageDraw

    whole = _OVERSAMPLED * size
    image = Image.new("RGB", (whole, whole), look.ground)
    draw = ImageDraw.Draw(image)
    places = [tuple(place) for place in ((points + 1) * whole / 2).tolist()]
    ends = np.cumsum(list(PARTS.values())).tolist()
    parts = [places[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    thick = max(whole // 90, 1)

    def fill(shape: list[Any], colour: Colour) -> None:
        draw.polygon(shape, fill=colour)
        if look.line is not None:
            draw.line([*shape, shape[0]], fill=look.line, width=thick * look.thick)

    outline, brows, eyes, nose, mouth = parts
    fill(outline, look.skin)
    for brow in (brows[:5], brows[5:]):
        draw.line(brow, fill=look.hair, width=3 * thick)
    for eye in (eyes[:6], eyes[6:]):
        fill(eye, look.eyes)
        x, y = np.mean(eye, 0)
        pupil = abs(eye[0][0] - eye[3][0]) / 6
        draw.ellipse([x - pupil, y - pupil, x + pupil, y + pupil], fill=look.pupils)
    fill(nose, look.nose)
    fill(mouth, look.lips)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))
