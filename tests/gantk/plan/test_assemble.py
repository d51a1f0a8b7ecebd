"""A recipe as it is assembled: what it is told of the run, and parts that it has no use for."""

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from gantk import AdversarialLoss, Network, Player, Recipe, UsageError
from gantk.cli.main import main
from gantk.parts.context import Context
from gantk.parts.valueless import without_values
from gantk.plan.assemble import build_recipe, open_training_data, prepare
from gantk.plan.averages import averaged, suited
from gantk.plan.resolve import resolve
from gantk.runs.config import Config


class Late(Recipe):
    """Makes its game when it sees the data."""

    kind = "images"
    step = preview = graphs = None  # Not asked for here.

    def __init__(self) -> None:
        super().__init__()
        self.generator, self.critic = Network(nn.Linear(1, 1), "generator"), Network(nn.Linear(1, 1), "critic")
        self.asked = 0

    def prepare(self, batches):
        class Game(AdversarialLoss):
            discriminator = generator = lambda self, *scores: scores[0].mean()

        self.game = Game()

    def players(self):
        self.asked += 1
        return {"generator": Player(self.generator), "critic": Player(self.critic, critic=True)}


def test_a_loss_that_is_made_of_the_data_notes_for_the_run_s_log():
    recipe, context = Late(), Context()
    recipe.context = context
    prepare(recipe, iter(()))
    recipe.game.note(estimate=torch.tensor(2.0))
    assert context.notes["estimate"][1] == 1
    assert recipe.game.context is context


@pytest.mark.parametrize(("said", "kept"), [({}, {"generator"}), ({"ema": {"generator": 0.9, "other": 0.9}}, None)])
def test_a_quick_scale_averages_those_networks_alone_that_a_recipe_has(said, kept):
    resolved = resolve(Config(plugins=["pix2pix"], data=["emoji"], set=said))
    assert set(suited(resolved, Late()).settings.ema) == (kept or {"generator", "other"})

    other = Late()
    del other.generator
    found = suited(resolved, other).settings.ema
    assert set(found) == ({"generator", "other"} if said else set())


def test_a_single_decay_is_that_of_all_that_make_images():
    resolved = resolve(Config(plugins=["cyclegan"], data=["emoji"], set={"ema": 0.9}))
    with without_values():
        recipe = build_recipe(resolved, open_training_data(resolved).contents, Context())
    assert averaged(suited(resolved, recipe)) == {"a_to_b": 0.9, "b_to_a": 0.9}
    with pytest.raises(
        UsageError, match=r"cyclegan builds no generator: name the networks, -s \"ema=\{generator: 0.99"
    ):
        suited(resolved, Late())


def test_who_is_due_is_asked_without_making_players_anew():
    recipe = Late()
    recipe.context = Context(critic_steps=2)
    found = []
    for turn in range(4):
        recipe.context.take_turn(turn)
        found.append((recipe.due("generator"), recipe.due("critic")))
    assert found == [(False, True), (True, True)] * 2
    assert recipe.asked == 1


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            ["--loss", "wgan-gp"],
            "recipe vae plays no adversarial game: --loss wgan-gp would change nothing, leave it out",
        ),
        (
            ["--discriminator", "patchgan"],
            "recipe vae takes no discriminator of others: --discriminator patchgan would",
        ),
    ],
)
def test_a_part_that_the_recipe_has_no_use_for_is_refused(said, message):
    result = CliRunner().invoke(main, ["train", "--plugin", "vae", "--data", "emoji", "--dry-run", *said])
    assert result.exit_code == 2
    assert message in result.output.splitlines()[-1]


def test_parts_that_a_recipe_asks_for_are_not_refused():
    said = ["--loss", "hinge", "--discriminator", "patchgan", "--generator", "resnet"]
    result = CliRunner().invoke(main, ["train", "--plugin", "cyclegan", "--data", "emoji", "--dry-run", *said])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(("data", "said"), [("points:ring", 1), ("emoji", 0)])
def test_images_without_levels_are_told_of_where_gaps_between_levels_are_to_be_filled(data, said):
    command = ["train", "--plugin", "gan", "--data", data, "--dry-run", "-s", "dequantize=true"]
    output = CliRunner().invoke(main, command).output
    assert output.count("dequantize changes nothing here: images of float32 have no levels") == said
