"""A wrapper around a network: what goes in and comes out is changed, and nothing else is lost."""

import copy

import pytest
import torch
from torch import nn

from gantk import Discriminator, Wrapper


class Scorer(nn.Module):
    """Scores an image under a number."""

    depth = 2

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2, bias=False)

    def forward(self, image, number):
        return self.score(self.features(image, number))

    def features(self, image, number):
        return [self.layer(image) + number]

    def score(self, features):
        return features[-1].sum(1)


class Doubled(Wrapper):
    def before(self, image):
        return 2 * image


class Halved(Wrapper):
    def after(self, answer):
        return answer / 2


def test_what_goes_in_is_changed_for_the_answer_and_for_the_features():
    inside = Scorer()
    image, number = torch.randn(3, 2), torch.tensor(5.0)
    wrapped = Discriminator(Doubled(inside), "discriminator")
    torch.testing.assert_close(wrapped(image, number), inside(2 * image, number))
    torch.testing.assert_close(wrapped.features(image, number)[0], inside.features(2 * image, number)[0])
    torch.testing.assert_close(wrapped.score(wrapped.features(image, number)), wrapped(image, number))
    torch.testing.assert_close(wrapped.given(number)(image), wrapped(image, number))


def test_what_comes_out_is_changed_and_the_rest_is_that_of_the_network():
    inside = Scorer()
    image, number = torch.randn(3, 2), torch.tensor(5.0)
    wrapped = Halved(Doubled(inside))
    torch.testing.assert_close(wrapped(image, number), inside(2 * image, number) / 2)
    assert wrapped.depth == 2
    assert copy.deepcopy(wrapped).depth == 2
    assert [name for name, _ in wrapped.named_parameters()] == ["network.network.layer.weight"]
    with pytest.raises(AttributeError, match="absent"):
        _ = wrapped.absent
    assert not hasattr(Halved(nn.Linear(2, 2)), "features")
