"""LAPGAN: a stage a level, real coarse images, and one graph of all levels so far."""

import pytest
import torch
from torch.nn.functional import softplus

from gantk import UsageError
from gantk_plugins.gan.lapgan_networks import doubled, halved, parted

SMALL = {
    "kind": "images",
    "size": 16,
    "generator": "dcgan",
    "discriminator": "lapgan",
    "loss": "non-saturating",
    "normalization": ("none", "none"),
    "discriminator_options": {"filters": 3, "units": 5, "dropout": 0.0},
}
LABELLED = {"kind": "labelled", "classes": ("cat", "dog", "cow")}


@pytest.fixture
def lapgan(factory, make_build):
    """Return a function that builds a small recipe of three levels, 4, 8 and 16 pixels."""

    def build(said=None, **options):
        made = make_build(**SMALL | (said or {}))
        return factory("lapgan", "recipe")(made, **{"latent": 3, "least": 4, "units": 6, "filters": 4} | options)

    return build


@pytest.fixture
def batch(pictures):
    image = halved(pictures("3d", 4))
    return {"image": image, "label": torch.tensor([0, 1, 2, 1])}


def moves(recipe, batch):
    body = recipe.step(iter([batch]))
    return dict(body)


@pytest.mark.parametrize("said", [{}, LABELLED])
def test_each_level_learns_by_itself(said, lapgan, batch, at):
    recipe = lapgan(said).train()
    assert [stage.name for stage in recipe.stages()] == ["4x4", "8x8", "16x16"]
    assert {(stage.scale, stage.share) for stage in recipe.stages()} == {(1.0, 1.0)}
    for level in range(3):
        at(recipe, level)
        players = recipe.players()
        assert players["discriminator"].networks == (recipe.discriminators[level],)
        assert players["generator"].networks == (recipe.generators[level],)
        losses = moves(recipe, batch)
        assert list(losses) == ["discriminator", "generator"]
        moved = recipe.generators[level], recipe.discriminators[level]
        others = [
            parameter
            for parameter in recipe.parameters()
            if not any(parameter is own for network in moved for own in network.parameters())
        ]
        for name, network in zip(("generator", "discriminator"), moved, strict=True):
            total = sum(losses[name].values())
            own = torch.autograd.grad(total, list(network.parameters()), retain_graph=True)
            assert any(gradient.abs().max() > 0 for gradient in own)
            reached = torch.autograd.grad(total, others, allow_unused=True)
            assert all(gradient is None for gradient in reached)


def test_the_discriminator_sees_what_real_images_lack_under_their_coarse_versions(lapgan, batch, at, monkeypatch):
    recipe = lapgan().eval()
    at(recipe, 1)
    fake = torch.randn(4, 3, 8, 8)
    monkeypatch.setattr(recipe, "drawn", lambda count, *conditions: fake)
    losses = moves(recipe, batch)
    coarse, lacked = parted(halved(batch["image"]))
    torch.testing.assert_close(coarse, doubled(halved(halved(batch["image"]))))
    judge = recipe.discriminators[1]
    expected = softplus(-judge(lacked, coarse)).mean() + softplus(judge(fake, coarse)).mean()
    torch.testing.assert_close(losses["discriminator"]["game"], expected)
    torch.testing.assert_close(losses["generator"]["game"], softplus(-judge(fake, coarse)).mean())


def test_the_coarsest_images_are_judged_by_themselves(lapgan, batch, at, monkeypatch):
    recipe = lapgan(LABELLED).eval()
    at(recipe, 0)
    fake = torch.randn(4, 3, 4, 4)
    monkeypatch.setattr(recipe, "drawn", lambda count, *conditions: fake)
    real, judge = halved(halved(batch["image"])), recipe.discriminators[0]
    expected = softplus(-judge(real, batch["label"])).mean() + softplus(judge(fake, batch["label"])).mean()
    torch.testing.assert_close(moves(recipe, batch)["discriminator"]["game"], expected)


def test_coarse_levels_may_be_trained_longer(lapgan):
    assert [stage.share for stage in lapgan(coarser=3.0).stages()] == [9, 3, 1]


@pytest.mark.parametrize("said", [{}, LABELLED])
def test_a_graph_holds_the_levels_so_far_and_the_preview_shows_it(said, lapgan, batch, at):
    recipe = lapgan(said).eval()
    for level, side in enumerate((4, 8, 16)):
        at(recipe, level)
        graph = recipe.graphs()["generator"]
        names = ["latent", "noise_8", "noise_16"][: level + 1]
        assert [port.name for port in graph.inputs] == names + (["label"] if said else [])
        assert {port.distribution for port in graph.inputs[: level + 1]} == {"uniform"}
        columns = recipe.preview(batch)
        noise = [port.fixed(8) for port in graph.inputs[: level + 1]]
        label = (torch.full((8,), 1),) if said else ()
        image = graph.network(*noise, *label)
        assert image.shape == (8, 3, side, side)
        shown = columns["dog"] if said else columns["generated"][:8]
        torch.testing.assert_close(shown, image)
        real = batch["image"]
        for _ in range(2 - level):
            real = halved(real)
        assert torch.equal(columns["real"], real)
        assert ("coarse" in columns) is ("with details" in columns) is (level > 0)
        if level:
            assert torch.equal(columns["coarse"], doubled(halved(real)))


@pytest.mark.parametrize(
    ("said", "options", "message"),
    [
        ({"size": 27}, {}, "those of 27 cannot be: say an even --size of at least 8"),
        ({}, {"least": 9}, "an even --size of at least 18"),
        ({}, {"filters": 0}, "filters of at least 1"),
        ({}, {"coarser": 0}, "coarser above 0, not 0"),
    ],
)
def test_what_cannot_be_is_one_line(said, options, message, lapgan):
    with pytest.raises(UsageError, match=message):
        lapgan(said, **options)


def test_labels_without_names_are_refused(lapgan):
    with pytest.raises(Exception, match="labels have no names"):
        lapgan({"kind": "labelled"})
