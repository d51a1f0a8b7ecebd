"""PixelRNN's layers: what each value reads, and the maps of shifted rows."""

import pytest
import torch

from gantk_plugins.autoregressive.recurrent import PixelRNN, skewed, straight
from support.autoregressive import dependence


@pytest.mark.parametrize("order", ["row", "diagonal"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_value_reads_all_before_it_and_none_else(order, channels):
    network = PixelRNN(channels, 3, order, features=8, residuals=2, last=8).double()
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    reads = dependence(network, channels, 4)
    assert not reads.triu().any()
    # On four rows even the triangle of the Row LSTM is all that is above.
    assert (reads.tril(-1) != 0).sum() == len(reads) * (len(reads) - 1) // 2


def test_rows_are_shifted_by_one_more_place_each():
    x = torch.arange(1.0, 7).reshape(1, 1, 3, 2)
    assert skewed(x)[0, 0].tolist() == [[1, 2, 0, 0], [0, 3, 4, 0], [0, 0, 5, 6]]
    assert torch.equal(straight(skewed(x)), x)
