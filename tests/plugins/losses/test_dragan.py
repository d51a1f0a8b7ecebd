"""DRAGAN's game and its penalty against closed forms."""

import pytest
import torch
from torch.nn.functional import softplus

from gantk.parts.networks import Critic


class Linear(Critic):
    """A critic of a constant slope."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, *points):
        return (points[0] * self.slope).flatten(1).sum(1)

    eager = __call__
    mixes_samples = False


def test_a_linear_critic_pays_for_its_slope_wherever_the_points_are(factory):
    slope = torch.tensor([2.0, -1.0, 2.0, 0.0]).view(1, 1, 2, 2)
    game = factory("dragan", "loss")(slope=1.5, weight=4.0)
    real, fake = torch.randn(3, 1, 2, 2), torch.randn(3, 1, 2, 2)
    losses = game.judge(Linear(slope), real, fake)
    assert losses["gradient_penalty"].item() == pytest.approx(4 * (3 - 1.5) ** 2)
    scores = Linear(slope)(real), Linear(slope)(fake)
    torch.testing.assert_close(losses["game"], softplus(-scores[0]).mean() + softplus(scores[1]).mean())


def test_points_lie_above_real_ones_within_half_a_deviation(factory):
    seen = []

    class Seeing(Linear):
        def eager(self, *points):
            seen.extend(points)
            return self(*points)

    real = torch.randn(64, 1, 4, 4)
    factory("dragan", "loss")().penalty(Seeing(torch.ones(1, 1, 4, 4)), real, torch.zeros_like(real))
    more = (seen[0] - real) / real.std(correction=0)
    assert more.min() >= -1e-6
    assert 0.35 < more.max() <= 0.5


def test_a_norm_over_the_batch_is_refused(factory):
    critic = Linear(torch.ones(1, 1, 2, 2))
    critic.mixes_samples = True
    with pytest.raises(Exception, match="holds the slope at each sample by itself"):
        factory("dragan", "loss")().judge(critic, torch.zeros(2, 1, 2, 2), torch.zeros(2, 1, 2, 2))
