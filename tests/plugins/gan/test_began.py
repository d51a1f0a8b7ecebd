"""BEGAN: the balance in closed form, the networks' layers, what the recipe shows and refuses."""

import pytest
import torch
from torch import nn

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk_plugins.gan.began import Equilibrium
from gantk_plugins.gan.began_networks import AutoEncoder

PARTS = {"generator": "began", "discriminator": "began", "loss": "began", "normalization": ("none", "none")}
SMALL = {"generator_options": {"filters": 4}, "discriminator_options": {"filters": 4, "code": 6}}
ENERGIES = DiscriminatorSpec(channels=3, size=32, output="energies")


@pytest.fixture
def began(factory, make_build):
    """Return a function that makes a BEGAN of small networks."""

    def make(**changes):
        build = make_build(kind="images", channels={"image": 3}, **PARTS | SMALL | {"size": 32} | changes)
        return factory("began", "recipe")(build, latent=6)

    return make


def played(game, real, fake):
    """Play a step whose energies are these; return the discriminator's loss."""
    loss = game.discriminator(torch.tensor([real, real]), torch.tensor([fake + 1.0]))
    game.generator(torch.tensor([fake]))
    game.adapt(game.take_feedback())
    return loss.item()


def test_k_follows_the_balance_and_the_discriminator_unlearns_by_it():
    game = Equilibrium(gamma=0.5, rate=0.1)
    for step in range(3):
        k = step * 0.1 * (0.5 * 0.8 - 0.1)
        assert game.k.item() == pytest.approx(k)
        assert played(game, 0.8, 0.1) == pytest.approx(0.8 - k * 1.1)


@pytest.mark.parametrize(("real", "fake", "end"), [(0.8, 0.0, 1.0), (0.1, 0.9, 0.0), (0.4, 0.2, 0.25)])
def test_k_stays_between_0_and_1_and_where_both_are_in_balance(real, fake, end):
    game = Equilibrium(gamma=0.5, rate=1.0)
    game.k.fill_(0.25)
    for _ in range(4):
        played(game, real, fake)
    assert game.k.item() == pytest.approx(end)


def test_many_moves_of_the_critic_count_as_one_mean():
    game = Equilibrium(gamma=0.5, rate=0.1)
    for real in (0.4, 0.8):
        game.discriminator(torch.tensor([real]), torch.tensor([9.0]))
    game.generator(torch.tensor([0.1]))
    game.adapt(game.take_feedback())
    assert game.k.item() == pytest.approx(0.1 * (0.5 * 0.6 - 0.1))


def test_without_a_move_of_the_generator_k_stays():
    game = Equilibrium()
    game.k.fill_(0.25)
    game.discriminator(torch.tensor([0.4]), torch.tensor([0.1]))
    game.adapt(game.take_feedback())
    assert game.k.item() == 0.25


def test_an_energy_is_the_mean_error_of_the_reconstruction():
    image = torch.rand(3, 3, 16, 16) * 2 - 1
    for power in (1, 2):
        network = AutoEncoder(3, 0, 8, 2, filters=4, code=5, power=power, skips=False)
        error = (network.reconstructed(image) - image).abs() ** power
        torch.testing.assert_close(network(image), error.mean((1, 2, 3)))


def test_the_layers_are_the_papers(factory, make_build):
    build = make_build(kind="images", channels={"image": 3}, size=32, **PARTS)
    encoder = factory("began", "discriminator")(ENERGIES, build, filters=10).encoder
    layers = [layer for layer in encoder if isinstance(layer, nn.Conv2d)]
    assert [(layer.out_channels, layer.stride[0]) for layer in layers] == [
        (10, 1), (10, 1), (10, 1), (10, 2), (20, 1), (20, 1), (20, 2), (30, 1), (30, 1),
    ]  # fmt: skip
    assert (encoder[-1].in_features, encoder[-1].out_features) == (30 * 64, 64)
    made = factory("began", "generator")(GeneratorSpec(latent=64, outputs=3, size=32), build, filters=10)
    layers = [layer for layer in made.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in layers] == [10] * 6 + [3]
    assert made[0].first.out_features == 10 * 8 * 8


def test_skips_show_every_level_the_code(factory, make_build):
    build = make_build(kind="images", channels={"image": 3}, size=32, **PARTS)
    made = factory("began", "generator")(GeneratorSpec(latent=6, outputs=3, size=32), build, filters=4, skips=True)
    assert [level[0].in_channels for level in made[0].levels] == [4, 8, 8]
    assert made(torch.zeros(2, 6)).shape == (2, 3, 32, 32)


def test_it_plays_and_shows_what_it_knows(began, pictures):
    recipe = began()
    batch = {"image": pictures("3d", 4)}
    moves = dict(recipe.step(iter([batch])))
    assert set(moves) == {"discriminator", "generator"}
    shown = recipe.preview(batch)
    assert list(shown) == ["generated", "real", "reconstructed"]
    assert shown["reconstructed"].shape == batch["image"].shape
    assert list(recipe.graphs()) == ["generator", "energy"]


def test_what_cannot_be_is_refused(began, factory, make_build):
    with pytest.raises(Unsupported, match="8 to 15 times a power of two, such as 32 or 64, not 34"):
        began(size=34)
    with pytest.raises(UsageError, match=r"gamma in \[0, 1\]"):
        Equilibrium(gamma=2)
    build = make_build(kind="images", channels={"image": 3}, size=32, **PARTS)
    with pytest.raises(Unsupported, match="gives energies, not scores"):
        factory("began", "discriminator")(DiscriminatorSpec(channels=3, size=32), build)
