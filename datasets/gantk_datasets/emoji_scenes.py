"""Scenes of Fluent emoji, drawn by chance, and what stands where in them: a text of relations, and boxes.

`emoji-scenes:3d` names the domain of the emoji, `flat` where nothing is said. A caption holds relations such as
"tree above house; sun left of tree", by which every object of a scene is tied to the others, each called by a name of
its own; they are read off the boxes as Johnson et al. 2018 (arXiv:1804.01622) do it for COCO: by containment, else by
the angle between the centres. A scene is drawn from its number alone; those that are held out have others.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from gantk import DataError, Dataset, Group, Kind, Split, UsageError, hookimpl
from gantk.data.dataset import Array, Column
from gantk_datasets.emoji import DOMAINS, emoji, named
from gantk_datasets.placed_scenes import MOST, Scene, placed

OBJECTS: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("house", "star", "cloud", "fish", "balloon", "mushroom", "umbrella", "rocket")},
        **{name: name for name in ("cactus", "banana", "whale", "sailboat")},
        "sun": "sun with face",
        "tree": "evergreen tree",
        "apple": "red apple",
        "car": "automobile",
    }
)
"""What objects are called, and which emoji they are."""

HELD_OUT = 2**31
"""The number of the first scene that is held out."""
SCENES = Kind("scenes", {"image": "images", "caption": "texts", "boxes": "numbers"}, whole=True)

QUICK: Mapping[str, Any] = MappingProxyType(
    {
        "size": 64,
        "steps": 2500,
        "batch_size": 8,
        "learning_rate": 1e-3,
        # Five layers mix what things are with what stands around them, which few steps do not take apart again.
        "layers": 2,
        "width": 48,
        "hidden": 192,
        "noise": 4,
        "refinement": (64, 64, 48, 32, 16),
        "objects": 32,
        "discriminator.filters": 32,
        "discriminator.layers": 2,
    }
)


def scene(number: int) -> Scene:
    """Return the scene of a number."""
    return placed(number, tuple(OBJECTS))


def drawn(shown: Scene, domain: str, side: int) -> Array:
    """Return a scene's picture, uint8 (side, side, 3): what is large lies behind, all of it on white."""
    from PIL import Image

    canvas = Image.new("RGBA", (side, side), (255, 255, 255, 255))
    for name, box in sorted(zip(shown.names, shown.boxes, strict=True), key=lambda each: each[1][0] - each[1][2]):
        left, top = round(box[0] * side), round(box[1] * side)
        width = max(round(box[2] * side) - left, 1)
        sprite = Image.fromarray(_sprites(domain)[name]).resize((width, width), Image.Resampling.BOX)
        canvas.alpha_composite(sprite, (left, top))
    picture: Array = np.asarray(canvas.convert("RGB"))
    return picture


@dataclass(frozen=True)
class ScenePictures:
    """A column of scenes' pictures, drawn when they are read.

    Attributes:
        scenes: what stands where.
        domain: of the emoji.
        side: height and width in pixels.
    """

    scenes: tuple[Scene, ...]
    domain: str
    side: int
    channels: int = 3
    window: tuple[float, float] = (0.0, 255.0)
    dtype: np.dtype[Any] = field(default=np.dtype(np.uint8))

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> Array:
        return drawn(self.scenes[index], self.domain, self.side)


class EmojiScenes(Dataset):
    """Scenes of emoji with their captions and boxes.

    Args:
        domain: of the emoji.
        count: scenes to train on; a tenth as many are held out.
    """

    name, licence, kinds = "emoji-scenes", "MIT", (SCENES, "captioned")

    def __init__(self, domain: str, count: int) -> None:
        self.domain, self.count = domain, count
        held = len(self._numbers(True))
        self.summary = (
            f"{self.name}: scenes of {len(OBJECTS)} {domain} emoji, 2 to {MOST} in each, with their relations, "
            f"{count:,} to train, {held:,} held out"
        )

    @property
    def objects(self) -> Mapping[str, Array]:
        """The picture of each object on white by its name, uint8 (S, S, 3), to look for it in images."""
        return named(self.domain, OBJECTS)

    def quick(self, kind: str) -> Mapping[str, Any]:
        """Return the scale at which two CPU cores show something within ten minutes."""
        return QUICK if kind == SCENES else {}

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share."""
        if kind not in self.kinds:
            raise DataError(f"{self.name} serves {', '.join(self.kinds)} batches, not {kind} ones")
        shown = self._shown[test]
        columns: dict[str, Column] = {
            "image": ScenePictures(shown, self.domain, load or 64),
            "caption": [one.caption for one in shown],
        }
        boxes = {"boxes": np.stack([one.told for one in shown])} if kind == SCENES else {}
        return Split((Group({**columns, **boxes}),))

    def fingerprint(self) -> str:
        """Return a hash of what the scenes are made of."""
        said = f"{emoji(self.domain).fingerprint()} {self.domain} {self.count} {sorted(OBJECTS.items())}"
        return hashlib.sha256(said.encode()).hexdigest()

    def _numbers(self, test: bool) -> range:
        return range(HELD_OUT, HELD_OUT + max(self.count // 10, 1)) if test else range(self.count)

    @cached_property
    def _shown(self) -> tuple[tuple[Scene, ...], tuple[Scene, ...]]:
        return tuple(map(scene, self._numbers(False))), tuple(map(scene, self._numbers(True)))


def emoji_scenes(argument: str | None, *, scenes: int = 4000) -> EmojiScenes:
    """Open the scenes; the argument names the domain of the emoji, `flat` where it is None.

    Args:
        scenes: how many there are to train on; a tenth as many are held out.

    Raises UsageError where the argument is no domain, or where there are no scenes.
    """
    domain = (argument or "flat").strip()
    if domain not in DOMAINS:
        raise UsageError(f"data emoji-scenes:{argument}: name one of the domains {', '.join(DOMAINS)}")
    if not 1 <= scenes <= 1_000_000:
        raise UsageError(f"data.scenes: {scenes} is not from 1 to 1,000,000")
    return EmojiScenes(domain, scenes)


@hookimpl
def dataset() -> Callable[..., Dataset]:
    """Return what opens the scenes."""
    return emoji_scenes


@cache
def _sprites(domain: str) -> Mapping[str, Array]:
    """Return the objects' emoji, uint8 (S, S, 4), without the white around them."""
    from PIL import Image, ImageDraw

    sprites = {}
    for name, image in named(domain, OBJECTS).items():
        marked, key = Image.fromarray(image), (255, 0, 254)
        last = image.shape[0] - 1
        for corner in ((0, 0), (last, 0), (0, last), (last, last)):
            if marked.getpixel(corner) != key:
                ImageDraw.floodfill(marked, corner, key, thresh=24)
        around = (np.asarray(marked) == key).all(2)
        sprites[name] = np.dstack([image, np.where(around, 0, 255).astype(np.uint8)])
    return sprites
