"""Losses that run away, stand still, or are too small: from values that are made so."""

import math
import random

import pytest

from gantk.training.doctor.detector import Logged
from gantk.training.doctor.losses import LAST, Losses

JUDGE = frozenset({"discriminator"})


def names(course, *, name="discriminator/game", judging=JUDGE):
    detector, found = Losses(), []
    for step, value in enumerate(course):
        found += detector.logged(Logged(step=step, steps=1000, losses={name: value}, judging=judging))
    return {one.name for one in found}


def noisy(*values):
    draw = random.Random(0)
    return [value * draw.uniform(0.9, 1.1) for value in values]


@pytest.mark.parametrize(
    "course",
    [
        noisy(*([0.69] * 20), *(0.69 - 0.005 * step for step in range(60))),
        noisy(*(0.69 * math.exp(-step / 30) for step in range(60))),
        noisy(*([1.0] * 30), *([0.01] * (LAST // 2)), *([0.6] * 30)),
        noisy(*([1.0] * 30), 500, 400, *([1.0] * 30)),
        [0.0] * 60,
        [0.25] * 60,
    ],
)
def test_healthy_courses_are_passed_over(course):
    assert names(course) == set()


def test_a_discriminator_near_zero_for_long_is_too_sure():
    course = noisy(*([1.386] * 20), *([0.004] * 40))
    assert names(course) == {"the discriminator is too sure"}
    # A critic whose scores mean nothing by themselves, a generator, and another loss are not.
    assert names(course, judging=frozenset()) == set()
    assert names(course, name="generator/game") == set()
    assert names(course, name="discriminator/r1") == set()
    assert names(noisy(*([1.386] * 20), *([-0.004] * 40))) == set()


def test_a_few_spikes_make_it_no_less_sure():
    course = noisy(*([1.0] * 20), *([0.01, 0.01, 0.01, 0.01, 0.01, 0.3] * 8))
    assert names(course) == {"the discriminator is too sure"}


def test_a_loss_that_stays_a_hundred_times_beyond_is_said_to_run_away():
    assert names(noisy(*([0.7] * 30), 90, 200, 400, 800)) == {"a loss runs away"}
    assert names(noisy(*([-0.7] * 30), -90, -200, -400, -800), judging=frozenset()) == {"a loss runs away"}


def test_a_loss_that_moved_and_stands_still_is_said():
    moved = noisy(*(2 - 0.02 * step for step in range(40)))
    assert names([*moved, *([1.25] * 30)], name="generator/game") == {"a loss no longer moves"}
    assert names([*moved, *noisy(*([1.25] * 30))], name="generator/game") == set()
