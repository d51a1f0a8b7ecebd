"""Polymorphic-GAN: maps that are warped for each domain, who is trained when, and images that belong together."""

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from gantk import DataInfo, UsageError
from gantk.parts.context import Context, Informed, Progress, Span
from gantk_plugins.style.polymorphic_networks import REACH, Morphs, morphed

SMALL = {"latent": 6, "units": 5, "depth": 2, "base": 64, "most": 8, "width": 4}


class Streams:
    """A batch of each domain, again and again."""

    def __init__(self, images):
        self.images = images

    def __next__(self):
        return {"image": torch.cat(self.images), "domain": torch.arange(len(self.images))}

    def of(self, kind):
        image = self.images[int(kind.removeprefix("domain "))]
        return iter(lambda: {"image": image}, None)


@pytest.fixture
def streams(pictures):
    flat, deep = (interpolate(pictures(name, 4), size=(8, 8), mode="area") for name in ("flat", "3d"))
    return Streams([flat.mean(1, keepdim=True).expand(-1, 3, -1, -1), flat, deep])


@pytest.fixture
def polymorphic(factory, make_build):
    """Return a function that makes a small recipe."""

    def make(size=8, domains=("line", "flat", "3d"), stage=1, **options):
        build = make_build(
            kind="domains",
            size=size,
            generator="gan",
            discriminator="stylegan2",
            loss="non-saturating",
            normalization=("none", "none"),
            discriminator_options={"base": 64, "most": 8},
        )
        build.data = DataInfo(kind="domains", size=size, channels={"image": 3}, domains=domains)
        recipe = factory("polymorphic", "recipe")(build, **SMALL | options)
        names = [stage.name for stage in recipe.stages()]
        spans = tuple(Span(name, 50 * number, 50 * (number + 1)) for number, name in enumerate(names))
        context = Context(progress=Progress(50 * stage if len(names) > 1 else 0, 50 * len(names)), spans=spans)
        for module in recipe.modules():
            if isinstance(module, Informed):
                module.context = context
        return recipe

    return make


def moves(recipe, streams):
    """Return the moves of a recipe's step, which nobody makes, as (player, losses)."""
    body, answer, found = recipe.step(streams), None, []
    while True:
        try:
            asked = body.send(answer)
        except StopIteration:
            return found
        answer = getattr(asked, "value", None)
        if answer is None:
            found.append(asked)


def bent(recipe):
    """Give the morph network weights, with which it warps."""
    nn.init.normal_(recipe.synthesis.module.morphs.own.weight, std=3.0)
    return recipe


def reaching(loss, parameters):
    """Return the parameters that a loss changes with."""
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return {p for p, gradient in zip(parameters, gradients, strict=True) if gradient is not None and gradient.any()}


@pytest.mark.parametrize("side", [1, 4, 7])
def test_a_move_of_nothing_changes_nothing(side):
    x = torch.randn(2, 3, side, side)
    torch.testing.assert_close(morphed(x, torch.zeros(2, 2, 4, 4)), x)


def test_a_move_of_a_pixel_takes_each_place_from_its_neighbour():
    x, move = torch.randn(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
    move[:, 0] = 2 / 4
    wanted = torch.cat([x[..., 1:], x[..., -1:]], 3)
    torch.testing.assert_close(morphed(x, move), wanted)
    torch.testing.assert_close(morphed(x, move.flip(1)), torch.cat([x[:, :, 1:], x[:, :, -1:]], 2))
    # What is said at a size of its own is brought to the map's.
    torch.testing.assert_close(morphed(x, move[..., :2, :2]), wanted)


def test_places_move_by_a_third_of_the_way_at_most():
    morphs = Morphs([4, 3], 8, 2, 5)
    maps = [100 * torch.randn(2, 4, 4, 4), 100 * torch.randn(2, 3, 8, 8)]
    assert morphs(maps).shape == (2, 2, 2, 8, 8)
    assert not morphs(maps).any()
    nn.init.normal_(morphs.own.weight, std=100.0)
    assert float(morphs(maps).detach().abs().max()) == pytest.approx(REACH)
    assert REACH == 1 / 3


def test_at_first_domains_differ_in_their_last_layers_alone(polymorphic):
    recipe = polymorphic()
    made = recipe.synthesis.module
    for images in made.images[1:]:
        images.load_state_dict(made.images[0].state_dict())
    styles, noise = torch.randn(2, recipe.layers, 5), recipe.noise.fixed(2)
    images = made(styles, noise)
    assert images.shape == (2, 3, 3, 8, 8)
    torch.testing.assert_close(images, images[:, :1].expand_as(images))
    bent(recipe)
    warped = made(styles, noise)
    assert torch.equal(warped[:, 0], images[:, 0])
    assert not torch.allclose(warped[:, 1], images[:, 1], atol=1e-3)
    assert torch.equal(made(styles, noise, alone=True), images[:, :1])


def test_the_parent_is_trained_alone_first(polymorphic, streams):
    recipe = polymorphic(stage=0)
    assert [(stage.name, stage.share) for stage in recipe.stages()] == [("parent", 0.4), ("domains", 0.6)]
    players = recipe.players()
    made = recipe.synthesis.module
    moving = {each for network in players["generator"].networks for each in network.parameters()}
    assert moving == {*recipe.mapping.parameters(), *made.maps.parameters(), *made.images[0].parameters()}
    assert players["discriminator"].networks == (recipe.discriminators[0],)
    assert [(player, *losses) for player, losses in moves(recipe, streams)] == [
        ("generator", "game_line"),
        ("generator", "path"),
        ("discriminator", "game_line"),
        ("discriminator", "r1_line"),
    ]
    assert [stage.name for stage in polymorphic(parent=0.0).stages()] == ["domains"]


def test_each_domain_has_a_game_of_its_own(polymorphic, streams):
    recipe = bent(polymorphic())
    made = recipe.synthesis.module
    steps = moves(recipe, streams)
    assert [player for player, _ in steps] == ["generator", "discriminator"]
    for name, images, critic in zip(recipe.domain.names, made.images, recipe.discriminators, strict=True):
        ours, other = set(images.parameters()), {p for each in made.images for p in each.parameters()}
        parameters = [*other, *made.morphs.parameters(), *critic.parameters()]
        reached = reaching(steps[0][1][f"game_{name}"], parameters)
        assert reached & other == ours
        assert bool(reached & set(made.morphs.parameters())) == (name != "line")
        reached = reaching(steps[1][1][f"game_{name}"], list(recipe.discriminators.parameters()))
        assert reached == set(critic.parameters())


def test_the_generators_loss_is_the_mean_over_domains(polymorphic, streams, monkeypatch):
    recipe = polymorphic()
    monkeypatch.setattr(recipe.game, "fool", lambda critic, fake, real: fake.sum() * 0 + 6)
    losses = moves(recipe, streams)[0][1]
    assert [float(loss.detach()) for loss in losses.values()] == [2, 2, 2]


def test_its_graphs_take_a_domain(polymorphic):
    recipe = bent(polymorphic()).eval()
    graphs = recipe.graphs()
    assert [graph.input_names for graph in graphs.values()] == [
        ("latent", "noise", "psi", "domain"),
        ("latent", "noise", "psi", "other", "layers", "domain"),
        ("styles", "noise", "domain"),
    ]
    latent, noise, psi = recipe.latent.fixed(3), recipe.noise.fixed(3), torch.ones(3)
    with torch.no_grad():
        styles = recipe.mapping(latent)[:, None].expand(-1, recipe.layers, -1)
        wanted = recipe.synthesis(styles, noise)[torch.arange(3), torch.tensor([2, 0, 1])]
        made = graphs["generator"].network(latent, noise, psi, torch.tensor([2, 0, 1]))
        offset = graphs["styles"].network(styles - recipe.average, noise, torch.tensor([2, 0, 1]))
    torch.testing.assert_close(made, wanted)
    torch.testing.assert_close(offset, wanted)


def test_its_preview_shows_each_domain_that_is_trained(polymorphic, streams):
    batch = next(streams)
    assert list(polymorphic(stage=0).preview(batch)) == ["line", "real"]
    shown = polymorphic().preview(batch)
    assert list(shown) == ["line", "flat", "3d", "real"]
    assert shown["flat"].shape == (16, 3, 8, 8)


@pytest.mark.parametrize("wrong", [{"domains": ("alone",)}, {"width": 0}, {"parent": 1.0}])
def test_what_cannot_be_is_refused(polymorphic, wrong):
    with pytest.raises(UsageError, match="polymorphic needs two domains at least"):
        polymorphic(**wrong)
