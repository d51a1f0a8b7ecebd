"""Patterns that repeat every few pixels."""

import pytest
import torch
from torch.nn.functional import interpolate

from gantk.training.doctor.detector import Shown
from gantk.training.doctor.patterns import Patterns, peak


def smooth(count=8, side=32, seed=0):
    """Images of soft shapes with a little grain, as photographs have."""
    drawn = torch.Generator().manual_seed(seed)
    soft = interpolate(torch.randn(count, 3, 4, 4, generator=drawn), (side, side), mode="bicubic")
    return (0.4 * soft + 0.02 * torch.randn(count, 3, side, side, generator=drawn)).clamp(-1, 1)


def striped(images, period, amplitude):
    columns = torch.arange(images.shape[3])
    return images + amplitude * torch.cos(2 * torch.pi * columns / period)


def found(made, steps=(1500, 1600)):
    detector = Patterns()
    return [
        one for step in steps for one in detector.shown(Shown(step, 3000, None, {}, {"g": made}, {"g": smooth(seed=9)}))
    ]


@pytest.mark.parametrize("period", [2, 4])
def test_the_amplitude_of_a_pattern_is_found(period):
    assert peak(striped(torch.zeros(2, 1, 32, 32), period, 0.25), period)[1] == pytest.approx(0.25, abs=1e-5)
    assert peak(striped(torch.zeros(2, 1, 32, 32), period, 0.25).mT, period)[1] == pytest.approx(0.25, abs=1e-5)


@pytest.mark.parametrize("period", [2, 4])
def test_a_pattern_that_can_be_seen_is_said(period):
    (one,) = found(striped(smooth(), period, 0.08))
    assert f"repeats every {period} pixels" in one.evidence
    assert "upsampling=resize" in one.advice


def test_images_without_one_small_ones_and_young_ones_are_passed_over():
    assert found(smooth()) == found(striped(smooth(), 2, 0.002)) == []
    assert found(striped(smooth(side=8), 2, 0.2)) == []
    assert found(striped(smooth(), 2, 0.2), steps=(200, 900)) == []
    assert found(striped(smooth(), 5, 0.2)) == []
    sharp = (torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(3)) > 0.5) * 2.0 - 1
    assert found(sharp) == []
