"""Images that are all alike."""

import torch

from gantk.training.doctor.detector import Shown
from gantk.training.doctor.variety import Variety, variety


def images(count, spread, seed=0):
    drawn = torch.Generator().manual_seed(seed)
    colours = torch.rand(count, 3, 1, 1, generator=drawn) * 2 - 1
    return (spread * colours).expand(-1, -1, 16, 16) + 0.05 * torch.randn(count, 3, 16, 16, generator=drawn)


def found(*spreads, begin=0):
    detector = Variety()
    return [
        one.name
        for step, spread in enumerate(spreads, begin)
        for one in detector.shown(Shown(step, 3300, None, {}, {"g": images(24, spread, 1)}, {"g": images(8, 1.0)}))
    ]


def test_the_variety_of_two_flat_images_is_their_distance():
    pair = torch.stack([torch.zeros(3, 9, 9), torch.full((3, 9, 9), 0.5)])
    assert abs(variety(pair) - 0.5) < 1e-6
    assert variety(pair[:1].expand(4, -1, -1, -1)) < 1e-3


def test_a_fall_of_variety_is_said_twice_seen():
    assert found(1.0, 0.9, 0.05) == []
    assert found(1.0, 0.9, 0.05, 0.05) == ["mode collapse"]
    assert found(1.0, 0.05, 0.9, 0.05, 0.9) == []


def test_a_young_generator_may_know_no_variety_yet():
    assert found(*([0.01] * 6)) == []
    assert found(*([0.01] * 2), begin=1100) == ["mode collapse"]
    assert found(0.2, 0.4, 0.6, begin=1100) == []


def test_points_are_compared_too_and_translations_are_not():
    points = torch.randn(50, 2, 1, 1)
    seen = {"g": torch.zeros(50, 2, 1, 1) + 1e-4 * points}
    detector = Variety()
    shown = Shown(3000, 3300, None, {}, seen, {"g": points})
    assert [*detector.shown(shown), *detector.shown(shown)][0].of == "g"
    translated = Shown(3000, 3300, None, {}, seen, {"g": points}, {"g": points})
    assert [*Variety().shown(translated)] * 2 == []
