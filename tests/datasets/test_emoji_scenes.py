"""Scenes of emoji: their relations are true of their boxes, and each follows from its number alone."""

import re

import numpy as np
import pytest

from gantk import DataError, UsageError
from gantk_datasets.emoji_scenes import HELD_OUT, OBJECTS, drawn, emoji_scenes, scene
from gantk_datasets.placed_scenes import MOST, RELATIONS, relation

BOX = (0.4, 0.4, 0.6, 0.6)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ((0.7, 0.4, 0.9, 0.6), "left of"),
        ((0.1, 0.45, 0.3, 0.65), "right of"),
        ((0.45, 0.7, 0.65, 0.9), "above"),
        ((0.35, 0.1, 0.55, 0.3), "below"),
        ((0.3, 0.3, 0.7, 0.7), "inside"),
        ((0.45, 0.45, 0.55, 0.55), "surrounding"),
        ((0.6, 0.62, 0.8, 0.82), "above"),
    ],
)
def test_relations_are_those_of_the_boxes(other, said):
    assert relation(BOX, other) == said


def test_scenes_hold_what_they_tell():
    for number in range(200):
        one = scene(number)
        assert 2 <= len(one.names) <= MOST
        assert len(set(one.names)) == len(one.names) == len(one.boxes)
        assert len(one.relations) <= RELATIONS
        assert {name for pair in one.relations for name in pair} == set(range(len(one.names)))
        assert all(0 <= edge <= 1 for box in one.boxes for edge in box)
        parts = [re.fullmatch(r"(\w+) ([a-z ]+) (\w+)", said).groups() for said in one.caption.split("; ")]
        for place, (subject, said, target) in enumerate(parts):
            boxes = [one.boxes[one.names.index(name)] for name in (subject, target)]
            assert relation(*boxes) == said
            assert np.allclose(one.told[2 * place : 2 * place + 2], boxes)
        assert not one.told[2 * len(parts) :].any()


def test_a_scene_follows_from_its_number_and_held_out_ones_have_others():
    assert scene(7) == scene(7) != scene(8)
    data = emoji_scenes("flat", scenes=20)
    train, test = (data.split("scenes", held, 32).columns["caption"] for held in (False, True))
    assert (len(train), len(test)) == (20, 2)
    assert test == [scene(HELD_OUT).caption, scene(HELD_OUT + 1).caption]


def test_objects_lie_in_their_boxes_on_white():
    for number in range(20):
        one = scene(number)
        covered = np.zeros((64, 64), bool)
        for left, top, right, bottom in one.boxes:
            covered[int(top * 64) : int(bottom * 64) + 2, int(left * 64) : int(right * 64) + 2] = True
        picture = drawn(one, "flat", 64)
        assert (picture[~covered] == 255).all()
        assert (picture[covered] != 255).any()


def test_objects_can_be_looked_for():
    objects = emoji_scenes("3d", scenes=1).objects
    assert objects.keys() == OBJECTS.keys()
    assert all(picture.shape == (64, 64, 3) for picture in objects.values())


def test_what_there_is_not_is_one_line():
    with pytest.raises(UsageError, match="emoji-scenes:round: name one of the domains line, flat, 3d"):
        emoji_scenes("round")
    with pytest.raises(UsageError, match=r"data\.scenes: 0 is not from 1"):
        emoji_scenes(None, scenes=0)
    with pytest.raises(DataError, match="emoji-scenes serves scenes, captioned batches, not labelled ones"):
        emoji_scenes(None, scenes=1).split("labelled", False, 32)
