"""Share of the relations of a text that hold in the image made of it (after Johnson et al. 2018, arXiv:1804.01622).

The paper asks people whether images fit their graphs (section 4.5). Where the data say what their objects look like,
each object that a text names can be looked for: it is where its picture, in one of several sizes, is most alike. A
relation holds where it is that of the two places: inside and surrounding by the middle of the smaller one, all others
by the angle between the middles, a quarter of the circle each. The same is measured of the true images, as the bound.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

from gantk import Metric, Score, Subject, Unsupported, UsageError, from_window, hookimpl

SIDES = (0.2, 0.24, 0.28, 0.32, 0.37, 0.6, 0.66, 0.72)
"""Sides at which an object is looked for, as shares of the image's."""
LENGTH = 48
"""Height and width in pixels to which images are brought for it."""
RELATION = re.compile(r"(\w+) (above|below|left of|right of|inside|surrounding) (\w+)")
WAYS = {"right of": (1, 0), "below": (0, 1), "left of": (-1, 0), "above": (0, -1)}

Place = tuple[float, float, float]
"""The middle of an object, to the right and down, and its side, in pixels."""


class SceneRelations(Metric):
    """Measures how many relations of the texts of held-out scenes hold in the images that are made of them.

    Args:
        count: images at most.
    """

    def __init__(self, *, count: int = 200) -> None:
        if count < 1:
            raise UsageError(f"scene-relations.count must be at least 1, not {count}")
        self.count = count

    def measure(self, subject: Subject) -> Sequence[Score]:
        """Return `relations` (%)."""
        pictures: Mapping[str, Any] | None = getattr(subject.dataset, "objects", None)
        if pictures is None:
            raise Unsupported("needs scenes whose data set shows its `objects`, as emoji-scenes does")
        count = min(self.count, subject.count("image", test=True))
        made = subject.generated(count)
        shown = {
            name: from_window(torch.from_numpy(picture).permute(2, 0, 1).float(), (0.0, 255.0))
            for name, picture in pictures.items()
        }
        columns = subject.dataset.split("captioned", True, made.shape[2]).columns
        texts = [str(columns["caption"][row]) for row in range(count)]
        real = subject.images("image", test=True, rows=slice(count))
        held, total = kept(made, texts, shown)
        bound, _ = kept(real, texts, shown)
        share = held / total
        return [
            Score(
                name="relations",
                value=100 * share,
                better="higher",
                unit="%",
                error=100 * math.sqrt(share * (1 - share) / total),
                protocol=f"{total:,} relations of {count:,} held-out texts, between the places where pictures of the "
                f"objects fit best, in {len(SIDES)} sizes",
                details={"true images": 100 * bound / total},
            )
        ]


def kept(images: Tensor, texts: Sequence[str], shown: Mapping[str, Tensor]) -> tuple[int, int]:
    """Return how many relations of texts hold in images (N, 3, H, W) in [-1, 1], and how many there are."""
    held = total = 0
    for image, text in zip(images, texts, strict=True):
        relations = RELATION.findall(text)
        places = {name: place(image, shown[name]) for one, _, other in relations for name in (one, other)}
        held += sum(holds(places[one], relation, places[other]) for one, relation, other in relations)
        total += len(relations)
    return held, total


def holds(one: Place, relation: str, other: Place) -> bool:
    """Return whether a relation is that of two places."""
    if relation == "surrounding":
        return holds(other, "inside", one)
    across, down = one[0] - other[0], one[1] - other[1]
    if relation == "inside":
        return one[2] < other[2] and max(abs(across), abs(down)) < other[2] / 2
    way = WAYS[relation]
    along, beside = way[0] * across + way[1] * down, abs(way[1] * across) + abs(way[0] * down)
    return 0 < along >= beside


def place(image: Tensor, picture: Tensor) -> Place:
    """Return where a picture (3, S, S) on white fits best in an image, both in [-1, 1]."""
    best, found = -math.inf, (0.0, 0.0, 0.0)
    seen = interpolate(image[None], (LENGTH, LENGTH), mode="area")
    for share in SIDES:
        side = round(share * LENGTH)
        colours = interpolate(picture[None], (side, side), mode="area")
        # The cosine between what is not white in both; nearly white places are like nothing.
        drawn = 1 - colours
        weight = drawn.square().sum()
        there = conv2d((1 - seen).square(), torch.ones_like(drawn))
        alike = conv2d(1 - seen, drawn) / (weight * (there + weight / 10)).sqrt()
        value, index = alike.flatten().max(0)
        if float(value) > best:
            best = float(value)
            row, column = divmod(int(index), alike.shape[3])
            found = (column + side / 2, row + side / 2, float(side))
    return found


@hookimpl
def metric() -> type[Metric]:
    """Return the share of relations that hold."""
    return SceneRelations
