"""Images that PixelRNN draws from kept states are those that the whole network draws."""

import pytest
import torch

from gantk_plugins.autoregressive.remembered import Remembered
from support.autoregressive import drawn_slowly, pixelrnn_of


@pytest.mark.parametrize("order", ["row", "diagonal"])
@pytest.mark.parametrize("channels", [1, 3])
def test_kept_states_draw_what_the_network_draws(order, channels):
    network = pixelrnn_of(order, channels)
    noise = torch.rand(2, channels, 4, 3).double() * 2 - 1
    with torch.no_grad():
        made = Remembered(network, (channels, 4, 3))(noise, torch.full((2,), 0.8).double())
        assert torch.equal(made, drawn_slowly(network, noise, 3, 0.8))
    assert made.std() > 0.1
