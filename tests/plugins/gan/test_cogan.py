"""CoGAN: what both domains share, the sum of both games, sizes, and labels that B never has."""

from math import log

import pytest
import torch
from torch import nn

from gantk import DataInfo, Unsupported, UsageError
from gantk.parts.valueless import without_values

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def cogan(factory, make_build):
    """Return a function that builds the recipe with options, for images of a size."""

    def build(size=28, kind="unpaired", channels=None, loss="non-saturating", norm="batch", **options):
        made = make_build(kind=kind, loss=loss, normalization=(norm, "none"))
        made.data = DataInfo(kind=kind, size=size, channels=channels or {"a": 1, "b": 1}, classes=CLASSES)
        return factory("cogan", "recipe")(made, **{"latent": 5, "filters": 2, "critic_filters": 2} | options)

    return build


@pytest.fixture
def batch():
    images = torch.rand(2, 4, 1, 28, 28, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return {"a": images[0], "b": images[1], "label": torch.tensor([0, 1, 2, 1])}


def test_sizes_of_the_authors_networks(cogan):
    """Kernels of 4, 3, 3, 3 and 6; 5, 5 and 4. Slopes are one a layer, a batch norm has two numbers a channel."""
    with without_values():
        recipe = cogan(latent=100, filters=128, critic_filters=20)
    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in recipe.networks().items()}
    shared = 16 * 100 * 1024 + 9 * (1024 * 512 + 512 * 256 + 256 * 128) + 2 * (1024 + 512 + 256 + 128) + 4
    assert counts == {
        "generator": shared,
        "generator_a": 36 * 128 + 1,
        "generator_b": 36 * 128 + 1,
        "discriminator_a": 25 * 20 + 20,
        "discriminator_b": 25 * 20 + 20,
        "discriminator": (25 * 20 * 50 + 50) + (16 * 50 * 500 + 500) + 1,
        "scores": 501,
    }


@pytest.mark.parametrize("size", [16, 17, 28, 29, 64, (20, 31)])
def test_images_of_any_size(size, cogan):
    recipe = cogan(size=size, channels={"a": 3, "b": 1}).eval()
    a, b = recipe.pair(torch.randn(2, 5))
    sides = (size, size) if isinstance(size, int) else size
    assert (a.shape, b.shape) == ((2, 3, *sides), (2, 1, *sides))
    assert recipe.judge_of(recipe.discriminator_a)(a).shape == (2, 1)


def test_maps_of_28_pixels_are_the_papers(cogan):
    shapes, recipe = [], cogan()
    for layer in recipe.generator.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            layer.register_forward_hook(lambda module, given, made: shapes.append(made.shape[2]))
    recipe.pair(torch.randn(2, 5))
    assert shapes == [4, 7, 13, 25]


def test_losses_are_the_sum_of_both_games(cogan, batch, stream):
    recipe = cogan(norm="none").train()
    critics = [recipe.judge_of(own) for own in (recipe.discriminator_a, recipe.discriminator_b)]
    torch.manual_seed(3)
    fakes = recipe.pair(torch.randn(4, 5))
    softplus = nn.functional.softplus
    expected = {
        f"game_{side}": softplus(-critic(batch[side])).mean() + softplus(critic(fake)).mean()
        for side, critic, fake in zip("ab", critics, fakes, strict=True)
    }
    torch.manual_seed(3)
    body = recipe.step(stream(batch))
    player, losses = next(body)
    assert player == "discriminator"
    torch.testing.assert_close(dict(losses), expected)
    player, losses = next(body)
    assert (player, list(losses)) == ("generator", ["game_a", "game_b"])


def test_undecided_discriminators_give_ln_2_a_game(cogan, batch, stream):
    recipe = cogan().train()
    for parameter in recipe.scores.parameters():
        nn.init.zeros_(parameter)
    body = recipe.step(stream(batch))
    assert [loss.item() for loss in next(body)[1].values()] == pytest.approx([2 * log(2)] * 2)
    assert [loss.item() for loss in next(body)[1].values()] == pytest.approx([log(2)] * 2)


def test_shared_weights_have_the_gradients_of_both_domains_and_own_ones_of_theirs(cogan, batch, stream):
    recipe = cogan(norm="none").train()
    body = recipe.step(stream(batch))
    next(body)
    losses = next(body)[1]
    shared, own = recipe.generator.module[1].weight, recipe.generator_a.module[0].weight
    both, first, second = (
        torch.autograd.grad(loss, shared, retain_graph=True)[0]
        for loss in (sum(losses.values()), losses["game_a"], losses["game_b"])
    )
    torch.testing.assert_close(both, first + second)
    assert first.abs().sum() > 0
    assert torch.autograd.grad(losses["game_b"], own, retain_graph=True, allow_unused=True) == (None,)


def test_domains_that_are_one_give_pairs_that_agree(cogan):
    recipe = cogan().eval()
    recipe.generator_b.load_state_dict(recipe.generator_a.state_dict())
    assert torch.equal(*recipe.pair(torch.randn(3, 5)))


def test_labels_of_a_teach_what_classifies_b(cogan, batch, stream, run_steps):
    recipe = cogan(kind="adapted", classification=2.0)
    for parameter in recipe.classifier.parameters():
        nn.init.zeros_(parameter)
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    (moves,) = run_steps(recipe, stream(batch))
    assert moves["discriminator"]["label"].item() == pytest.approx(2 * log(3))
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    graphs = recipe.eval().graphs()
    assert list(graphs) == ["generator_a", "generator_b", "classify_b", "classify_a"]
    found = graphs["classify_b"].network(batch["b"])
    features = recipe.discriminator(recipe.discriminator_b(batch["b"]))
    torch.testing.assert_close(found, recipe.classifier(features).softmax(1))
    assert graphs["classify_b"].outputs[0].length == 3


def test_without_labels_there_is_no_classifier(cogan, batch):
    recipe = cogan().eval()
    assert list(recipe.graphs()) == ["generator_a", "generator_b"]
    shown = recipe.preview(batch)
    assert list(shown) == [f"{side} {n}" for n in range(1, 3) for side in "AB"] + ["real A", "real B"]
    noise = recipe.latent.fixed(32)
    graph = recipe.graphs()["generator_b"]
    torch.testing.assert_close(shown["B 2"], graph.network(noise)[8:16])


def test_what_cannot_be(cogan):
    with pytest.raises(Unsupported, match=r"needs images of 16 pixels to a side at least, not 8"):
        cogan(size=8)
    with pytest.raises(UsageError, match="cogan needs latent, filters and critic_filters >= 1, not 0, 2 and 2"):
        cogan(latent=0)
    with pytest.raises(Unsupported, match="cogan's discriminators give scores, not energies"):
        cogan(loss="ebgan")


def test_settings_of_the_paper(cogan):
    recipe = cogan()
    said = recipe.settings.said()
    assert (said["batch_size"], said["steps"], said["size"], said["learning_rate"]) == (128, 25_000, 28, 2e-4)
    assert {player.weight_decay for player in recipe.players().values()} == {5e-4}
