"""A PixelRNN that hangs on all it reads, what a network's values hang on, and images drawn by the whole network."""

import torch

from gantk_plugins.autoregressive.levels import values
from gantk_plugins.autoregressive.recurrent import PixelRNN


def pixelrnn_of(order, channels):
    """Return a small network of three levels, whose weights are large."""
    network = PixelRNN(channels, 3, order, features=8, residuals=2, last=8).double()
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return network


def dependence(network, channels, side):
    """Return whether the logits of value i, in the order in which values are drawn, hang on value j: (i, j)."""
    count, found = channels * side**2, 0
    # A unit that is off at one image hides what it reads.
    for image in torch.randn(3, 1, channels, side, side).double():
        jacobian = torch.autograd.functional.jacobian(lambda x: network(x).sum(2), image)
        # In the order of values: rows, columns, then channels.
        found = found + jacobian[0, :, :, :, 0].permute(1, 2, 0, 4, 5, 3).reshape(count, count).abs()
    return found


def drawn_slowly(network, noise, levels, temperature):
    """Draw each value with all of the image given to the network."""
    x = torch.zeros_like(noise)
    _, channels, height, width = noise.shape
    for row in range(height):
        for column in range(width):
            for channel in range(channels):
                logits = network(x)[:, channel, :, row, column] / temperature
                below = logits.softmax(1).cumsum(1) < (noise[:, channel, row, column, None] + 1) / 2
                x[:, channel, row, column] = values(below.sum(1).clamp(max=levels - 1), levels)
    return x
