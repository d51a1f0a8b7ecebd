"""PixelRNN's layers: what each value reads, and the maps of shifted rows."""

import pytest
import torch

from gantk_plugins.autoregressive.recurrent import skewed, straight
from support.autoregressive import dependence, pixelrnn_of


@pytest.mark.parametrize("order", ["row", "diagonal"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_value_reads_all_before_it_and_none_else(order, channels):
    network = pixelrnn_of(order, channels)
    reads = dependence(network, channels, 4)
    assert not reads.triu().any()
    # On four rows even the triangle of the Row LSTM is all that is above.
    assert (reads.tril(-1) != 0).sum() == len(reads) * (len(reads) - 1) // 2


def test_rows_are_shifted_by_one_more_place_each():
    x = torch.arange(1.0, 7).reshape(1, 1, 3, 2)
    assert skewed(x)[0, 0].tolist() == [[1, 2, 0, 0], [0, 3, 4, 0], [0, 0, 5, 6]]
    assert torch.equal(straight(skewed(x)), x)
