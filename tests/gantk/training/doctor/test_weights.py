"""Weights that grow without end."""

from gantk.training.doctor.detector import Logged
from gantk.training.doctor.weights import Weights


def found(norms):
    detector = Weights()
    return [one for step, norm in enumerate(norms) for one in detector.logged(Logged(step, 100, norms={"g": norm}))]


def test_weights_that_grow_and_grow_are_said():
    assert {(one.name, one.of) for one in found(1.5**step for step in range(20))} == {("weights explode", "g")}


def test_weights_that_grow_slowly_or_have_settled_are_not():
    assert found(1 + 0.3 * step for step in range(200)) == []
    assert found([1.0] * 5 + [30.0] * 3 + [30.0] * 6) != []
    assert found([1.0, *([30.0] * 40)])[:1] == []
