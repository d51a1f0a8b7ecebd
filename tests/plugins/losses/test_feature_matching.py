"""Feature matching: its value, and what it shares with the game."""

import pytest
import torch

from gantk import DiscriminatorSpec
from gantk_plugins.losses.feature_matching import feature_matching, fooled


@pytest.mark.parametrize("layers", [1, 4, 7])
def test_a_difference_of_one_everywhere_is_four_whatever_the_layers(layers):
    real = [torch.rand(2, 3, size, size) for size in range(1, layers + 1)]
    assert feature_matching([one + 1 for one in real], real).item() == pytest.approx(4)


def test_layers_count_alike_whatever_their_sizes():
    real = [torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 1, 1)]
    assert feature_matching([real[0] + 1, real[1] + 3], real).item() == pytest.approx(4 * 2)


def test_real_activations_get_no_gradient():
    made, real = torch.zeros(1, 1, requires_grad=True), torch.ones(1, 1, requires_grad=True)
    feature_matching([made], [real]).backward()
    assert made.grad is not None
    assert real.grad is None


@pytest.mark.parametrize("game", ["lsgan", "relativistic"])
@pytest.mark.parametrize("scales", [1, 2])
def test_the_game_is_as_it_is_alone(game, scales, make_build, pictures):
    build = make_build(loss=game, discriminator_options={"filters": 4, "layers": 1})
    network = build.discriminator(DiscriminatorSpec(channels=3, size=32, features=True), scales=scales)
    made, real = pictures("flat", 2).requires_grad_(), pictures("3d", 2)
    losses = fooled(build.loss(), network.given(), made, real, 7.0)
    torch.testing.assert_close(losses["game"], build.loss().fool(network.given(), made, real))
    expected = 7 * feature_matching(network.features(made), network.features(real))
    torch.testing.assert_close(losses["features"], expected)
    losses["features"].backward()
    assert made.grad.any()
    assert list(fooled(build.loss(), network.given(), made, real, 0.0)) == ["game"]
