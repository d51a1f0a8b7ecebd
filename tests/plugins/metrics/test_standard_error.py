"""How far a mean over images may be off."""

import pytest
import torch

from gantk_plugins.metrics.nll import EXACT, scores
from gantk_plugins.metrics.standard_error import standard_error


def test_it_is_the_deviation_over_the_root_of_their_number():
    assert standard_error(torch.tensor([1.0, 3.0, 5.0, 7.0])) == pytest.approx((20 / 3) ** 0.5 / 2)


def test_a_single_image_has_none():
    assert standard_error(torch.ones(1)) is None
    assert [score.error for score in scores(torch.ones(1), 4, EXACT, [])] == [None, None]
