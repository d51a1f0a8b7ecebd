"""CycleGAN's step against closed forms, and who moves."""

import pytest
import torch
from torch import nn
from torch.nn.functional import l1_loss

from gantk import GeneratorSpec, UsageError

SMALL = {"generator_options": {"filters": 4, "blocks": 1}, "discriminator_options": {"filters": 4}}


class Scale(nn.Module):
    """A generator that multiplies its image by one learned number."""

    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, image):
        return self.factor * image


def scaling(factor):
    return lambda spec, build: Scale(factor)


@pytest.fixture
def cyclegan(factory):
    return factory("cyclegan", "recipe")


@pytest.fixture
def batch(pictures):
    return {"a": pictures("flat", 2), "b": pictures("3d", 2)}


def test_perfect_generators_have_no_cycle_or_identity_loss(cyclegan, batch, make_build, stream, run_steps):
    recipe = cyclegan(make_build(generator=scaling(1.0)))
    (moves,) = run_steps(recipe, stream(batch))
    assert all(moves["generator"][name] == 0 for name in ("cycle_a", "cycle_b", "identity_a", "identity_b"))


def test_losses_in_closed_form(cyclegan, batch, make_build, stream, run_steps):
    recipe = cyclegan(make_build(generator=scaling(0.5)), cycle=8.0, identity=0.25)
    recipe.train()
    a, b = batch["a"], batch["b"]
    with torch.no_grad():
        real_a, fake_a = recipe.discriminator_a(a), recipe.discriminator_a(0.5 * b)
        real_b, fake_b = recipe.discriminator_b(b), recipe.discriminator_b(0.5 * a)
    (moves,) = run_steps(recipe, stream(batch))
    assert list(moves) == ["generator", "discriminator"]
    expected = {
        "game_a": (fake_a - 1).square().mean(),
        "game_b": (fake_b - 1).square().mean(),
        "cycle_a": 8 * 0.75 * a.abs().mean(),
        "cycle_b": 8 * 0.75 * b.abs().mean(),
        "identity_a": 8 * 0.25 * 0.5 * a.abs().mean(),
        "identity_b": 8 * 0.25 * 0.5 * b.abs().mean(),
    }
    torch.testing.assert_close(moves["generator"], expected)
    halves = {
        "game_a": ((real_a - 1).square().mean() + fake_a.square().mean()) / 2,
        "game_b": ((real_b - 1).square().mean() + fake_b.square().mean()) / 2,
    }
    torch.testing.assert_close(moves["discriminator"], halves)


def test_each_player_moves_all_of_its_networks(cyclegan, batch, make_build, stream, run_steps):
    recipe = cyclegan(make_build(**SMALL))
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(batch), steps=2)
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    assert not still
    owned = [p for player in recipe.players().values() for network in player.networks for p in network.parameters()]
    assert len(owned) == len(set(owned)) == len(before)


def test_no_forward_pass_too_many(cyclegan, batch, make_build, stream, run_steps):
    def calls(**options):
        recipe = cyclegan(make_build(**SMALL), **options)
        counts = {"generator": 0, "discriminator": 0}

        def count(network, inputs, output):
            counts[network.role] += 1

        for player in recipe.players().values():
            for network in player.networks:
                network.register_forward_hook(count)
        run_steps(recipe, stream(batch))
        return counts

    # Each generator's own domain goes through it in the same call as the other.
    assert calls(identity=0.5) == {"generator": 4, "discriminator": 6}
    assert calls(identity=0.0) == {"generator": 4, "discriminator": 6}


def test_critic_steps_without_the_generator_cost_it_two_passes_and_no_graph(
    cyclegan, batch, make_build, stream, run_steps
):
    recipe = cyclegan(make_build(**SMALL))
    graphs = []
    for network in (recipe.a_to_b, recipe.b_to_a):
        network.register_forward_hook(lambda network, inputs, output: graphs.append(output.requires_grad))
    batches = stream(batch)
    log = run_steps(recipe, batches, steps=3, critic_steps=3)
    assert [list(moves) for moves in log] == [["discriminator"], ["discriminator"], ["generator", "discriminator"]]
    assert graphs == [False] * 4 + [True] * 4
    assert batches.taken == 1 + 3  # one for prepare


def test_identity_is_off_where_channels_differ(cyclegan, batch, make_build, stream, run_steps):
    recipe = cyclegan(make_build(channels={"a": 3, "b": 1}, **SMALL))
    (moves,) = run_steps(recipe, stream({"a": batch["a"], "b": batch["b"][:, :1]}))
    assert list(moves["generator"]) == ["game_a", "game_b", "cycle_a", "cycle_b"]


def test_the_discriminator_is_shown_the_pool(cyclegan, batch, make_build, stream, run_steps):
    recipe = cyclegan(make_build(**SMALL), pool=3)
    run_steps(recipe, stream(batch), steps=2)
    assert recipe.pool_a.filled == recipe.pool_b.filled == 3
    assert recipe.pool_a.images.shape == (3, 3, 32, 32)
    assert recipe.pool_a.images.abs().sum((1, 2, 3)).min() > 0
    assert {"pool_a.images", "pool_a.filled", "pool_b.images", "pool_b.filled"} <= set(recipe.state_dict())


def test_weights_are_drawn_as_the_paper_says(cyclegan, make_build):
    recipe = cyclegan(make_build(discriminator_options={"filters": 16}))
    for network in (recipe.a_to_b, recipe.b_to_a, recipe.discriminator_a, recipe.discriminator_b):
        weights = torch.cat([p.flatten() for name, p in network.named_parameters() if name.endswith("weight")])
        assert weights.std().item() == pytest.approx(0.02, rel=0.02)
        assert all((p == 0).all() for name, p in network.named_parameters() if name.endswith("bias"))


def test_preview_and_graphs(cyclegan, batch, make_build):
    recipe = cyclegan(make_build(**SMALL)).eval()
    with torch.no_grad():
        columns = recipe.preview(batch)
        assert list(columns) == ["input", "output", "cycled", "input B", "output A"]
        assert torch.equal(columns["cycled"], recipe.b_to_a(recipe.a_to_b(batch["a"])))
        with_reference = recipe.preview(batch | {"reference": batch["b"]})
    assert list(with_reference)[:3] == ["input", "output", "reference"]
    assert l1_loss(with_reference["reference"], batch["b"]) == 0
    graphs = recipe.graphs()
    assert {name: (*graph.inputs, *graph.outputs) for name, graph in graphs.items()} == {
        "a_to_b": ("a", "b"),
        "b_to_a": ("b", "a"),
    }
    assert graphs["a_to_b"].network is recipe.a_to_b
    assert graphs["b_to_a"].network is recipe.b_to_a


def test_settings_of_the_paper(cyclegan):
    said = cyclegan.settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["epochs"]) == (2e-4, (0.5, 0.999), 1, 200)
    assert (said["schedule"], said["decay_from"], said["jitter"], said["flip"]) == ("linear", 0.5, 286 / 256, True)


def test_generators_of_different_channels(cyclegan, make_build):
    asked = []
    build = make_build(channels={"a": 3, "b": 1}, generator=lambda spec, build: asked.append(spec) or Scale(1.0))
    cyclegan(build)
    assert asked == [GeneratorSpec(inputs=3, outputs=1, size=32), GeneratorSpec(inputs=1, outputs=3, size=32)]


def test_a_negative_pool_is_refused(cyclegan, make_build):
    with pytest.raises(UsageError, match="pool >= 0, not -1"):
        cyclegan(make_build(), pool=-1)
