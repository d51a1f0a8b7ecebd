"""Self-attention in closed form."""

import pytest
import torch

from gantk import UsageError
from gantk_plugins.networks.attention import SelfAttention
from gantk_plugins.normalizations.no_normalization import NoNormalization


@pytest.fixture
def block():
    torch.manual_seed(0)
    return SelfAttention(16, NoNormalization())


def test_at_first_it_changes_nothing(block):
    x = torch.randn(2, 16, 6, 4)
    assert torch.equal(block(x), x)


def test_it_is_the_papers_sum_written_out(block):
    """Each place i takes the values of all places j, by the softmax over j of theta_i . phi_j."""
    block.gamma.data.fill_(0.5)
    x = torch.randn(1, 16, 4, 4)
    theta = block.queries.weight.flatten(1) @ x.flatten(2)[0]
    phi, g = (layer.weight.flatten(1) @ x.flatten(2)[0] for layer in (block.keys, block.values))
    phi, g = (each.view(-1, 2, 2, 2, 2).amax((2, 4)).flatten(1) for each in (phi, g))
    shares = torch.exp(theta.T @ phi)
    shares = shares / shares.sum(1, keepdim=True)
    expected = x + 0.5 * (block.answers.weight.flatten(1) @ (g @ shares.T)).view(1, 16, 4, 4)
    torch.testing.assert_close(block(x), expected)


def test_who_asks_nothing_gets_the_mean(block):
    block.gamma.data.fill_(1.0)
    block.queries.weight.data.zero_()
    change = block(x := torch.randn(1, 16, 4, 4)) - x
    assert change.flatten(2).std(2).max() < 1e-5
    assert change.abs().max() > 1e-2


def test_channels_that_cannot_be_divided_are_refused():
    with pytest.raises(UsageError, match="a multiple of 8 channels, not 12"):
        SelfAttention(12, NoNormalization())
