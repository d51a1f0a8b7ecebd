"""WGAN: clipping through the real engine, the warm-up's moves, and the estimate in a run's log."""

import json

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from torch import nn

from gantk import Unsupported, UsageError
from gantk.cli.main import main
from gantk.parts.context import Context, Informed, Progress

PARTS = {
    "kind": "images",
    "size": 16,
    "generator": "dcgan",
    "discriminator": "dcgan",
    "loss": "wgan",
    "normalization": ("batch", "batch"),
    "generator_options": {"filters": 4},
    "discriminator_options": {"filters": 4},
}


@pytest.fixture
def wgan(factory):
    return factory("wgan", "recipe")


def counted(recipe, batches, turn, critic_steps):
    """Return the moves that the recipe yields at a turn, and the batches it took."""
    context = Context(Progress(turn // critic_steps, 10_000), critic_steps)
    context.take_turn(turn)
    for module in recipe.modules():
        if isinstance(module, Informed):
            module.context = context
    taken = batches.taken
    moves = [player for player, _ in recipe.step(batches)]
    return moves, batches.taken - taken


def test_settings_and_defaults_of_the_paper(factory, wgan):
    game = {"optimizer": "rmsprop", "learning_rate": 5e-5, "rmsprop_decay": 0.99, "critic_steps": 5}
    assert factory("wgan", "loss").settings.said() == game
    assert wgan.settings.said() == {**game, "batch_size": 64, "size": 64, "epochs": 25, "precision": "fp32"}
    assert (wgan.defaults.generator, wgan.defaults.discriminator, wgan.defaults.loss) == ("dcgan", "dcgan", "wgan")
    assert wgan.distribution == "normal"


def test_weights_are_drawn_as_the_authors_code_does(wgan, make_build):
    recipe = wgan(make_build(**PARTS | {"generator_options": {"filters": 32}}))
    weight = recipe.generator.module.stages[1][0].weight
    assert weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_all_parameters_are_clipped_and_nothing_else(factory):
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    statistics = network[1].running_var.clone()
    weight = network[0].weight.detach().clone()
    with torch.no_grad():
        factory("wgan", "loss")(clip=0.05).constrain(network)
    assert torch.equal(network[0].weight, weight.clamp(-0.05, 0.05))
    assert torch.equal(network[1].weight, torch.full((4,), 0.05))
    assert torch.equal(network[1].running_var, statistics)


def test_a_run_clips_the_critic_alone_and_logs_its_estimate(tmp_path):
    said = "--plugin wgan --size 16 --batch-size 4 --steps 3 --log-every 1 --device cpu --precision fp32"
    small = "-s generator.filters=4 -s discriminator.filters=4 -s critic_steps=2 -s loss.clip=0.003"
    result = CliRunner().invoke(main, ["train", *said.split(), *small.split(), "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    saved = tmp_path / "run" / "checkpoints" / "000003"
    critic, generator = (load_file(saved / f"{name}.safetensors") for name in ("discriminator", "generator"))
    trained = {name: value for name, value in critic.items() if "running" not in name and "num_batches" not in name}
    assert max(value.abs().max().item() for value in trained.values()) == pytest.approx(0.003)
    assert max(value.abs().max().item() for value in generator.values()) > 0.003
    logged = [json.loads(line) for line in (tmp_path / "run" / "scalars.jsonl").read_text().splitlines()]
    for scalars in logged:
        assert scalars["note/critic_estimate"] == pytest.approx(-scalars["discriminator/game"])
    assert ["generator/game" in scalars for scalars in logged] == [True, True, True]


def test_without_a_warm_up_each_turn_is_one_move_of_the_critic(wgan, make_build, pictures, stream):
    recipe, batches = wgan(make_build(**PARTS)), stream({"image": pictures("3d", 2)[..., ::2, ::2]})
    assert counted(recipe, batches, 3, 5) == (["discriminator"], 1)
    assert counted(recipe, batches, 4, 5) == (["discriminator", "generator"], 1)


@pytest.mark.parametrize(
    ("generator_step", "critic_moves"), [(0, 100), (24, 100), (25, 5), (499, 5), (500, 100), (501, 5), (1000, 100)]
)
def test_the_warm_up_of_the_authors_code(generator_step, critic_moves, wgan, make_build, pictures, stream):
    recipe = wgan(make_build(**PARTS), warm_up=True)
    batches = stream({"image": pictures("3d", 2)[..., ::2, ::2]})
    last = 5 * generator_step + 4
    made = [counted(recipe, batches, step, 5) for step in range(last - 4, last + 1)]
    moves = [move for moves, _ in made for move in moves]
    assert moves == ["discriminator"] * critic_moves + ["generator"]
    assert sum(taken for _, taken in made) == critic_moves  # each on a batch of its own


def test_the_generator_climbs_what_the_critic_scores(wgan, make_build, pictures, stream, run_steps):
    recipe = wgan(make_build(**PARTS, loss_options={"clip": 0.1}))
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (moves,) = run_steps(recipe, stream({"image": pictures("3d", 4)[..., ::2, ::2]}))
    assert {player: list(losses) for player, losses in moves.items()} == {
        "discriminator": ["game"],
        "generator": ["game"],
    }
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    assert still == {"discriminator.module.scores.1.bias"}  # what is added to every score changes no estimate


def test_weights_that_are_computed_anew_are_refused_before_training(wgan, make_build):
    with pytest.raises(Unsupported, match="weight clipping cannot be used .* --normalization discriminator=batch"):
        wgan(make_build(**PARTS | {"normalization": ("batch", "spectral")}))


@pytest.mark.parametrize("clip", [0.0, -0.01])
def test_an_empty_range_is_refused(clip, factory):
    with pytest.raises(UsageError, match=f"wgan needs clip > 0, not {clip}"):
        factory("wgan", "loss")(clip=clip)
