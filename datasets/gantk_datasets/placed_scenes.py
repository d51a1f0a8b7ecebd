"""Objects placed by chance, and the relations that hold between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gantk.data.dataset import Array

MOST, RELATIONS = 4, 4
"""Objects of a scene, and relations that are told of it, at most."""
SIDES, LARGE, SMALL = (0.24, 0.38), (0.6, 0.72), (0.18, 0.24)
"""Sides of objects as shares of the scene's: of most, of one that surrounds another, and of what lies in that."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge as shares of the scene's side, from its left and its top."""


@dataclass(frozen=True)
class Scene:
    """What stands where.

    Attributes:
        names: of the objects.
        boxes: where each lies.
        relations: subject and object by their numbers; each object is in one at least.
    """

    names: tuple[str, ...]
    boxes: tuple[Box, ...]
    relations: tuple[tuple[int, int], ...]

    @property
    def caption(self) -> str:
        """The relations in words."""
        return "; ".join(
            f"{self.names[one]} {relation(self.boxes[one], self.boxes[other])} {self.names[other]}"
            for one, other in self.relations
        )

    @property
    def told(self) -> Array:
        """The box of each object that the caption names, in its order, float32 (2 RELATIONS, 4); zeros fill up."""
        boxes = np.zeros((2 * RELATIONS, 4), np.float32)
        for place, number in enumerate(number for pair in self.relations for number in pair):
            boxes[place] = self.boxes[number]
        return boxes


def relation(one: Box, other: Box) -> str:
    """Return where one box is of another: surrounding, inside, above, below, left of or right of it."""
    if one[0] < other[0] and one[1] < other[1] and one[2] > other[2] and one[3] > other[3]:
        return "surrounding"
    if one[0] > other[0] and one[1] > other[1] and one[2] < other[2] and one[3] < other[3]:
        return "inside"
    across, down = (one[axis] + one[axis + 2] - other[axis] - other[axis + 2] for axis in (0, 1))
    quarter = math.floor((math.atan2(down, across) + math.pi / 4) / (math.pi / 2)) % 4
    return ("right of", "below", "left of", "above")[quarter]


def placed(number: int, objects: Sequence[str]) -> Scene:
    """Return the scene of a number, of some of the objects."""
    random = np.random.default_rng([20180404, number])
    count = int(random.integers(2, MOST + 1))
    names = random.permutation(list(objects))[:count]
    boxes: list[Box] = []
    if random.random() < 0.25:
        outer = _box(random, LARGE, (0.0, 0.0, 1.0, 1.0))
        middle = [edge + (outer[axis + 2] - outer[axis]) * 0.25 * way for edge, axis, way in _edges(outer)]
        boxes = [outer, _box(random, SMALL, (middle[0], middle[1], middle[2], middle[3]))]
    for _ in range(200):
        if len(boxes) == count:
            break
        box = _box(random, SIDES, (0.0, 0.0, 1.0, 1.0))
        if not any(_overlap(box, other) for other in boxes):
            boxes.append(box)
    order = random.permutation(len(boxes))
    relations = [(int(order[place]), int(order[random.integers(place)])) for place in range(1, len(boxes))]
    others = [(a, b) for a in range(len(boxes)) for b in range(a) if {(a, b), (b, a)}.isdisjoint(relations)]
    if others and len(relations) < RELATIONS and random.random() < 0.5:
        relations.append(others[random.integers(len(others))])
    turned = tuple(pair if random.random() < 0.5 else pair[::-1] for pair in relations)
    return Scene(tuple(map(str, names[: len(boxes)])), tuple(boxes), turned)


def _box(random: np.random.Generator, sides: tuple[float, float], room: Box) -> Box:
    """Return a square box somewhere in a room, whose side is between two."""
    side = float(random.uniform(*sides))
    left, top = (room[axis] + float(random.random()) * max(room[axis + 2] - room[axis] - side, 0) for axis in (0, 1))
    return left, top, left + side, top + side


def _edges(box: Box) -> list[tuple[float, int, int]]:
    """Return each edge of a box, its axis, and the way in: 1, or -1."""
    return [(box[0], 0, 1), (box[1], 1, 1), (box[2], 0, -1), (box[3], 1, -1)]


def _overlap(one: Box, other: Box) -> bool:
    return all(one[axis] < other[axis + 2] and other[axis] < one[axis + 2] for axis in (0, 1))
