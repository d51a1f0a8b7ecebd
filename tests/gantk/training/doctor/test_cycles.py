"""Cycles that turn colours over, and that hide what they need."""

import pytest
import torch
from torch import nn

from gantk import Graph, Network
from gantk.training.doctor.cycles import Cycles, correlation, rounded_to_bytes
from gantk.training.doctor.detector import Shown


class Made(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        return self.function(images)


class Form:
    def __init__(self, there, back):
        ways = {"a_to_b": ("a", "b", there), "b_to_a": ("b", "a", back)}
        self._graphs = {
            name: Graph(network=Network(Made(function), "generator"), inputs=(source,), outputs=(target,))
            for name, (source, target, function) in ways.items()
        }

    def graphs(self):
        return self._graphs


IMAGES = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def found(there, back, **batch):
    form, detector = Form(there, back), Cycles()
    batch = {"a": IMAGES, "b": IMAGES, **batch}
    made = {"a_to_b": there(IMAGES), "b_to_a": back(IMAGES)}
    seen = Shown(9, 10, form, batch, made, {}, {"a_to_b": batch["a"], "b_to_a": batch["b"]})
    return {(one.name, one.of) for _ in range(2) for one in detector.shown(seen)}


def test_the_correlation_of_brightness():
    assert correlation(IMAGES, 0.3 * IMAGES + 0.1) == pytest.approx(1, abs=1e-5)
    assert correlation(IMAGES, -IMAGES) == pytest.approx(-1, abs=1e-5)
    assert correlation(IMAGES, torch.zeros_like(IMAGES)) == 0
    assert abs(correlation(IMAGES, IMAGES.flip(0))) < 0.2


def test_bytes_are_what_an_image_is_rounded_to():
    assert rounded_to_bytes(torch.tensor([-2.0, -1.0, 1 / 255, 0.9999])).tolist() == pytest.approx(
        [-1, -1, 1 / 255, 1], rel=1e-4
    )


def test_a_cycle_that_keeps_its_colours_is_passed_over():
    assert found(lambda x: 0.5 * x + 0.2, lambda x: (2 * (x - 0.2)).clamp(-1, 1)) == set()


def test_colours_that_are_turned_over_are_said_unless_the_data_is_so():
    over = ("colours are turned over", "a_to_b"), ("colours are turned over", "b_to_a")
    assert found(lambda x: -x, lambda x: -x) == set(over)
    assert over[0] not in found(lambda x: -x, lambda x: -x, reference=-IMAGES)
    assert over[0] in found(lambda x: -x, lambda x: -x, reference=IMAGES)


def test_a_cycle_that_hides_its_input_in_the_last_bits_is_said():
    # The image between is grey, and carries its input a thousand times weaker.
    hidden = found(lambda x: x / 1000, lambda x: 1000 * x)
    assert ("the cycle hides its input", "a_to_b") in hidden
    assert found(lambda x: x / 4, lambda x: (4 * x).clamp(-1, 1)) == set()
