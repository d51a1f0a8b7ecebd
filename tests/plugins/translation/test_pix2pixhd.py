"""pix2pixHD: its losses in closed form, who moves when, and what data bring."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from gantk import DataInfo, Palette, UsageError
from gantk.parts.context import Progress, Span
from gantk_plugins.losses.feature_matching import feature_matching
from gantk_plugins.networks.instances import borders
from gantk_plugins.translation.pix2pixhd import INSTANCES

PALETTE = Palette(((0,), (1,), (2,)))

SMALL = {
    "generator": "pix2pixhd",
    "discriminator": "pix2pixhd",
    "generator_options": {"filters": 4, "blocks": 1, "halvings": 1, "enhancer_blocks": 1},
    "discriminator_options": {"filters": 2, "layers": 1},
}


@pytest.fixture
def pix2pixhd(factory, make_build):
    """Return a function that builds the recipe on 3D emoji, and on label maps of 3 classes or on flat emoji."""

    def build(kind="layout", *, enhancers=1, **options):
        parts = {**SMALL, "generator_options": {**SMALL["generator_options"], "enhancers": enhancers}}
        made = make_build(**parts)
        sides = {"source": 3, "target": 3} if kind == "paired" else {"image": 3, "layout": 3}
        channels = sides | ({"instance": 5} if kind == INSTANCES else {})
        palettes = {} if kind == "paired" else {"layout": PALETTE}
        made.data = DataInfo(kind=kind, size=32, channels=channels, palettes=palettes)
        return factory("pix2pixhd", "recipe")(made, **options)

    return build


@pytest.fixture
def batch(pictures):
    torch.manual_seed(1)
    return {
        "image": pictures("3d", 2),
        "layout": torch.randint(3, (2, 32, 32)),
        "instance": torch.randint(5, (2, 32, 32)),
        "source": pictures("flat", 2),
        "target": pictures("3d", 2),
    }


def at(recipe, number):
    """Bring a recipe to a stage of three steps."""
    names = [stage.name for stage in recipe.stages()]
    recipe.context.spans = tuple(Span(name, step, step + 1) for step, name in enumerate(names))
    recipe.context.progress = Progress(number, len(names))
    for module in recipe.modules():
        if hasattr(module, "context"):
            module.context = recipe.context
    return recipe


def test_losses_in_closed_form(pix2pixhd, batch, stream):
    recipe = at(pix2pixhd(scales=2, feature_matching=3.0), 2).train()
    layout, real = PALETTE.one_hot(batch["layout"]), batch["image"]
    critic = recipe.discriminator.given(layout)
    with torch.no_grad():
        fake = recipe.generator(layout)
        (real_scores, wanted), (fake_scores, found) = critic.both(real), critic.both(fake)
    body = recipe.step(stream(batch))
    player, losses = next(body)
    assert player == "generator"
    expected = {
        "game": sum((scores - 1).square().mean() for scores in fake_scores),
        "features": 3 * feature_matching(found, wanted),
    }
    torch.testing.assert_close(losses, expected)
    player, losses = next(body)
    judged = sum(
        (one - 1).square().mean() + other.square().mean() for one, other in zip(real_scores, fake_scores, strict=True)
    )
    torch.testing.assert_close(losses, {"game": judged / 2})
    assert player == "discriminator"


def test_the_authors_schedule_of_who_moves(pix2pixhd, batch, stream, run_steps):
    recipe = pix2pixhd()
    assert recipe.scales == 3
    small = {
        "image": avg_pool2d(batch["image"], 2),
        "layout": batch["layout"][:, ::2, ::2],
    }
    moved = []
    for number, seen in enumerate((small, batch, batch)):
        at(recipe, number)
        before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
        body = recipe.step(stream(seen))
        players = recipe.players()
        for player, losses in body:
            parameters = [p for network in players[player].networks for p in network.parameters()]
            torch.autograd.backward(sum(losses.values()), inputs=parameters)
            assert all(p.grad is not None for p in parameters), player
            torch.optim.SGD(parameters, 0.1).step()
            torch.autograd.graph.increment_version(parameters)
        names = {name for name, value in recipe.named_parameters() if not torch.equal(value, before[name])}
        moved.append({name.removeprefix("generator.module.").removeprefix("discriminator.module.") for name in names})
        assert list(players) == [("coarse", "enhancer", "generator")[number], "discriminator"]
    assert not any(name.startswith(("enhancers", "discriminators.0")) for name in moved[0])
    assert any(name.startswith("discriminators.1") for name in moved[0])
    assert not any(name.startswith("coarse") for name in moved[1])
    assert any(name.startswith("discriminators.0") for name in moved[1])
    assert any(name.startswith("coarse.body") for name in moved[2])
    assert not any(name.startswith("coarse.last") for name in moved[2])


def test_the_global_generator_alone(pix2pixhd, batch, stream, run_steps):
    recipe = pix2pixhd(enhancers=0)
    assert (recipe.scales, [stage.name for stage in recipe.stages()]) == (2, ["whole"])
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(batch), steps=2)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_images_as_input(pix2pixhd, batch, stream, run_steps):
    recipe = pix2pixhd("paired", perceptual="efficientnet-lite0", feature_matching=0.0)
    (moves,) = run_steps(recipe, stream(batch))
    # A run without stages is the first of them here.
    assert list(moves["coarse"]) == ["game", "perceptual"]
    (graph,) = recipe.graphs().values()
    assert (graph.inputs, graph.outputs) == (("source",), ("target",))
    assert list(recipe.preview(batch)) == ["input", "output", "reference"]
    with pytest.raises(UsageError, match="these data have no label maps"):
        pix2pixhd("paired", encoder=3)


def test_instances_bring_a_channel_of_borders(pix2pixhd, batch, stream, run_steps):
    recipe = pix2pixhd(INSTANCES, encoder=2, looks=4)
    given = recipe.given(batch)
    assert torch.equal(given[:, :3], PALETTE.one_hot(batch["layout"]))
    assert torch.equal(given[:, 3:], borders(batch["instance"]))
    run_steps(recipe, stream(batch))
    assert recipe.looks.gathered.sum() == 2 * 5
    recipe.eval()
    (graph,) = recipe.graphs().values()
    assert graph.input_names == ("layout", "instance", "look")
    layout = PALETTE.one_hot(batch["layout"])
    instance = torch.nn.functional.one_hot(batch["instance"], 5).permute(0, 3, 1, 2).float()
    made = [graph.network(layout, instance, torch.full((2,), look)) for look in (0, 0, 3)]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_looks_of_classes_where_there_are_no_instances(pix2pixhd, batch, stream, run_steps):
    recipe = pix2pixhd(encoder=2)
    before = {name: value.detach().clone() for name, value in recipe.encoder.named_parameters()}
    run_steps(recipe, stream(batch))
    assert recipe.looks.gathered.sum(1).tolist() == [2, 2, 2]
    assert not any(
        torch.equal(value, before[name]) for name, value in recipe.encoder.named_parameters() if "bias" not in name
    )
    (graph,) = recipe.graphs().values()
    assert graph.input_names == ("image", "look")


@pytest.mark.parametrize("options", [{"encoder": -1}, {"encoder": 3, "looks": 0}])
def test_wrong_options(options, pix2pixhd):
    with pytest.raises(UsageError, match="encoder >= 0 and looks >= 1"):
        pix2pixhd(**options)


def test_settings_of_the_paper(pix2pixhd):
    said = pix2pixhd().settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["size"]) == (2e-4, (0.5, 0.999), 1, 1024)
    assert (said["epochs"], said["schedule"], said["decay_from"]) == (300, "linear", 0.5)
