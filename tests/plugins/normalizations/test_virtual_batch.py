"""Virtual batch norm: its statistics by hand, what a sample depends on, and who has a reference batch."""

import math

import pytest
import torch
from torch import nn

from gantk import GeneratorSpec, Unsupported, UsageError
from gantk_plugins.normalizations.virtual_batch import EPSILON, Referred, VirtualBatch, VirtualBatchNorm
from support.commands import invoke, refusal


@pytest.fixture
def plain():
    """Return a function that makes a norm without gain."""

    def make(channels=1):
        norm = VirtualBatchNorm(channels).double()
        nn.init.zeros_(norm.gain)
        return norm

    return make


def test_the_reference_has_its_own_statistics_and_a_sample_a_share_of_1_of_b_and_1(plain):
    """The reference is 0, 2, of mean 1 and mean square 2; a sample of 4, 8 has 6 and 40, and counts a third."""
    norm = plain()
    norm.leading = 2
    x = torch.tensor([0.0, 0, 2, 2, 4, 8], dtype=torch.float64).view(3, 1, 1, 2)
    made = norm(x)
    own = (made[:2] - (x[:2] - 1) / math.sqrt(1 + EPSILON)).abs().max()
    assert own < 1e-6
    mean, square = (6 + 2 * 1) / 3, (40 + 2 * 2) / 3
    torch.testing.assert_close(made[2], (x[2] - mean) / math.sqrt(square - mean**2 + EPSILON), atol=1e-6, rtol=0)
    assert (norm.mean.item(), norm.square.item(), norm.count.item()) == (1, 2, 2)


def test_a_sample_that_is_the_reference_itself_has_mean_0_and_variance_1(plain):
    norm = plain(3)
    norm.leading = 1
    image = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    made = norm(torch.cat([image, image]))
    torch.testing.assert_close(made[0], made[1])
    torch.testing.assert_close(made[1].mean((1, 2)), torch.zeros(3, dtype=made.dtype), atol=1e-6, rtol=0)
    expected = image[0].var((1, 2), correction=0) / (image[0].var((1, 2), correction=0) + EPSILON)
    torch.testing.assert_close(made[1].square().mean((1, 2)), expected.to(made.dtype), atol=1e-5, rtol=0)


def test_by_a_large_reference_the_norm_is_one_map_for_all(plain):
    norm = plain()
    norm.mean.fill_(2.0)
    norm.square.fill_(13.0)
    norm.count.fill_(1e9)
    x = torch.randn(4, 1, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(norm(x), (x - 2) / math.sqrt(9 + EPSILON), atol=1e-6, rtol=0)


def test_gain_is_an_exponential_near_1_and_the_bias_begins_at_0():
    torch.manual_seed(0)
    norm = VirtualBatchNorm(10_000)
    assert norm.gain.std().item() == pytest.approx(0.02, rel=0.05)
    assert not norm.bias.any()


def referred(count=5, channels=4):
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Unflatten(1, (3, 2, 2)), nn.Conv2d(3, channels, 3, padding=1), VirtualBatchNorm(channels))
    network = Referred(layers, count)
    network.refer(torch.randn(count, 12))
    return network


def test_a_sample_depends_on_the_reference_and_on_no_other():
    network = referred()
    x = torch.randn(6, 12)
    torch.testing.assert_close(network(x)[:1], network(x[:1]))
    before = network(x)
    network.reference_0.mul_(3)
    assert not torch.allclose(network(x), before)


def test_once_trained_it_is_what_it_was_in_training_with_the_weights_of_the_time():
    network = referred()
    x = torch.randn(3, 12)
    network(x)
    with torch.no_grad():
        network.network[1].weight.mul_(2)
    trained = network(x)
    torch.testing.assert_close(network.eval()(x), trained)
    with torch.no_grad():
        network.network[1].weight.mul_(2)
    network.train()
    torch.testing.assert_close(network.eval()(x), network.train()(x))


def test_gradients_pass_through_the_reference():
    network = referred()
    network.reference_0.requires_grad_()
    (gradient,) = torch.autograd.grad(network(torch.randn(1, 12)).square().sum(), network.reference_0)
    assert gradient.abs().max() > 1e-3


def test_features_are_those_of_the_samples_alone():
    class Inside(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = VirtualBatchNorm(2)

        def features(self, x):
            return [x, self.norm(x)]

    network = Referred(Inside(), 3)
    network.refer(torch.randn(3, 2, 1, 1))
    assert [len(one) for one in network.features(torch.randn(4, 2, 1, 1))] == [4, 4]
    assert not hasattr(Referred(nn.Linear(2, 2), 3), "features")


def test_a_network_without_a_reference_cannot_be_trained():
    network = Referred(nn.Linear(2, 2), 3)
    assert network.eval()(torch.ones(1, 2)).shape == (1, 2)
    with pytest.raises(Unsupported, match="virtual-batch has no reference batch here"):
        network.train()(torch.ones(1, 2))
    with pytest.raises(UsageError, match="a reference of at least 1 sample, not 0"):
        VirtualBatch(reference=0)


def test_networks_that_have_none_are_refused_before_step_1(make_build):
    build = make_build(kind="unpaired", normalization=("virtual-batch", "virtual-batch"))
    with pytest.raises(Unsupported, match="has a reference batch of latents, and generator resnet reads images"):
        build.generator(GeneratorSpec(inputs=3, size=32))
    with pytest.raises(Unsupported, match="as a generator of noise can have: choose another by --normalization disc"):
        build.normalization("discriminator")
    build = make_build(kind="images", generator="sagan", normalization=("virtual-batch", "none"))
    with pytest.raises(Unsupported, match="must see all of a network, and generator sagan gives it single layers"):
        build.generator(GeneratorSpec(latent=8, size=32))


def test_a_recipe_that_draws_none_says_so_before_step_1(tmp_path):
    said = "train --plugin vae --data emoji --size 32 --steps 1 --batch-size 2 --normalization generator=virtual-batch"
    narrow = ["-s", "filters=4", "-s", "generator.filters=4"]
    assert "virtual-batch has a reference batch of latents, as a generator of noise can have" in refusal(
        *said.split(), *narrow, "--out", tmp_path / "run", status=2
    )


@pytest.mark.parametrize("name", ["dcgan", "cgan"])
def test_recipes_of_noise_draw_one(name, tmp_path):
    size, data = (28, "-s kind=labelled") if name == "cgan" else (32, "-s generator.filters=4")
    said = f"train --plugin {name} --data emoji {data} --size {size} --batch-size 4 --steps 2 --checkpoint-every 1"
    run = tmp_path / "run"
    invoke(*said.split(), "--normalization", "generator=virtual-batch", "--device", "cpu", "--out", run)
    invoke("train", "--resume", run, "--step", 1)
