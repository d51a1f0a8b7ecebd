"""Networks that say of themselves that they tie the samples of a batch to each other."""

import pytest
import torch
from torch import nn

from gantk import Build, DiscriminatorSpec, Network, Unsupported
from gantk.parts.data_info import DataInfo
from gantk.plugins.manager import load_plugins
from gantk.plugins.selection import Part


class Spread(nn.Module):
    """Adds the batch's deviation to each sample, as minibatch standard deviation does."""

    mixes_samples = True

    def forward(self, x):
        return x + x.std(0, keepdim=True)


class Scorer(nn.Sequential):
    def __init__(self, spec, build):
        super().__init__(nn.Flatten(), Spread(), nn.LazyLinear(1))


def test_a_module_says_so_for_the_network_that_holds_it():
    assert Network(nn.Sequential(nn.Linear(2, 2), Spread()), "discriminator").mixes_samples
    assert not Network(nn.Linear(2, 2), "discriminator").mixes_samples
    first, second = torch.randn(4, 3), torch.randn(4, 3)
    network = Network(Spread(), "discriminator")
    torch.testing.assert_close(network.each(first, second)[0], network(first))


@pytest.mark.parametrize(("game", "refused"), [("wgan-gp", True), ("lsgan", False)])
def test_a_game_of_single_samples_refuses_it(game, refused):
    loss = Part("loss", game, load_plugins([game]).factory(game, "loss"))
    parts = {"loss": loss, "discriminator": Part("discriminator", "mine", Scorer)}
    build = Build(data=DataInfo(kind="images", size=8, channels={"image": 3}), parts=parts)
    spec = DiscriminatorSpec(channels=3, size=8)
    if refused:
        with pytest.raises(Unsupported, match="wgan-gp cannot be used with discriminator mine, which ties samples"):
            build.discriminator(spec)
    else:
        assert build.discriminator(spec).mixes_samples
