"""The wrappers that recipes hold."""

import torch
from torch import nn

from gantk import Network


class Judge(nn.Module):
    """A network of a recipe's own, which scores under a condition."""

    def __init__(self) -> None:
        super().__init__()
        self.passes = 0

    def forward(self, x, condition):
        return self.score(self.features(x, condition))

    def features(self, x, condition):
        self.passes += 1
        return [x * condition]

    def score(self, features):
        return features[-1].sum(1)


def test_conditions_are_filled_in_for_any_network():
    network = Network(Judge(), "judge")
    x, condition = torch.ones(2, 3), torch.tensor([[1.0], [2.0]])
    critic = network.given(condition)
    scores, features = critic.both(x)
    assert scores.tolist() == critic(x).tolist() == critic.eager(x).tolist() == [3.0, 6.0]
    assert torch.equal(features[0], critic.features(x)[0])
    assert network.module.passes == 4
