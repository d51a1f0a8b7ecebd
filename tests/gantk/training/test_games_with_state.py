"""A game that keeps a state: fed back by its losses, averaged by the engine, changed once a step."""

import shutil

import pytest
import torch
from safetensors.torch import load_file

from gantk import AdversarialLoss, PluginError
from gantk.training.step_runner import StepRunner
from support.commands import invoke


class Balance(AdversarialLoss):
    """The balance of BEGAN (arXiv:1703.10717, equation 5) with a share of 0.5 and a rate of 0.1."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("k", torch.zeros((), dtype=torch.float64))

    def discriminator(self, real_scores, fake_scores):
        self.feed_back(0.5 * real_scores.mean() - fake_scores.mean())
        return real_scores.mean() - self.k * fake_scores.mean()

    def generator(self, fake_scores, real_scores=None):
        return fake_scores.mean()

    def adapt(self, feedback):
        self.k += 0.1 * feedback
        self.k.clamp_(0, 1)


def play(self, batches):
    x = next(batches)
    critic = self.discriminator.given()
    yield "discriminator", self.game.judge(critic, x, self.generator(x))
    if self.due("generator"):
        yield "generator", {"game": self.game.fool(critic, self.generator(x))}


@pytest.fixture
def played(stage):
    """Return what sets up two linear networks that play a game, whose scores are positive."""

    def make(game=None, critic_steps=1, **options):
        one = stage(play, critic_steps=critic_steps)
        with torch.no_grad():
            for parameter in one.recipe.parameters():
                parameter.abs_()
        one.recipe.game = game or Balance()
        one.runner = StepRunner(one.recipe, one.movers, one.log, **options)
        return one

    return make


def balance(recipe, x) -> float:
    """Return what a batch feeds back, as the networks stand."""
    with torch.no_grad():
        real, fake = recipe.discriminator(x).mean(), recipe.discriminator(recipe.generator(x)).mean()
    return float(0.5 * real - fake)


def test_the_state_follows_the_closed_form_once_a_step(played, batch):
    one = played()
    x = batch.abs()
    with torch.no_grad():
        one.recipe.generator.module.weight.mul_(0.1)  # poor fakes, so that the balance is above 0
    expected = 0.1 * balance(one.recipe, x)
    assert expected > 0
    one.run([x])
    torch.testing.assert_close(one.recipe.game.k.item(), expected)
    expected += 0.1 * balance(one.recipe, x)
    one.run([x])
    torch.testing.assert_close(one.recipe.game.k.item(), expected)


def test_two_micro_batches_are_one_batch(played, batch):
    x = batch.abs() + torch.tensor([[4.0], [0.0], [0.0], [0.0]])
    together, apart = played(), played(accumulate=2)
    for one in (together, apart):
        with torch.no_grad():
            one.recipe.generator.module.weight.mul_(0.1)
    together.run([x, x], steps=2)
    apart.run([x[:2], x[2:], x[:2], x[2:]], steps=2)
    assert together.recipe.game.k > 0
    torch.testing.assert_close(together.recipe.game.k, apart.recipe.game.k, rtol=0, atol=1e-12)


def test_critics_that_move_oftener_change_it_once(played, batch):
    class Counting(Balance):
        told = ()

        def adapt(self, feedback):
            self.told = (*self.told, float(feedback))

    one = played(Counting(), critic_steps=3)
    fed = []
    for turn in range(6):
        fed.append(balance(one.recipe, batch))
        one.context.take_turn(turn)
        one.runner.run(iter([batch]))
    assert one.recipe.game.told == pytest.approx([sum(fed[:3]) / 3, sum(fed[3:]) / 3])


def test_a_game_that_cannot_change_its_state_names_its_line(played, batch):
    class Wrong(Balance):
        def adapt(self, feedback):
            self.q += feedback

    with pytest.raises(PluginError, match=r"Wrong\.adapt, .*test_games_with_state\.py:\d+.*'q'"):
        played(Wrong()).run([batch])


BEGAN = '''
    import torch
    from gantk import AdversarialLoss

    class Began(AdversarialLoss):
        """Energies in a balance.

        Args:
            share: energy of fakes in units of that of real images, the paper's gamma.
        """

        wants = "energies"

        def __init__(self, *, share: float = 5.0) -> None:
            super().__init__()
            self.share = share
            self.register_buffer("k", torch.zeros(()))

        def discriminator(self, real_scores, fake_scores):
            self.feed_back(self.share * real_scores.mean() - fake_scores.mean())
            self.note(k=self.k)
            return real_scores.mean() - self.k * fake_scores.mean()

        def generator(self, fake_scores, real_scores=None):
            return fake_scores.mean()

        def adapt(self, feedback):
            self.k.add_(0.01 * feedback).clamp_(0, 1)

    @hookimpl
    def loss():
        return Began
'''


def test_the_state_is_saved_and_taken_back(plugin_file, tmp_path):
    game, run = plugin_file("began", BEGAN), tmp_path / "run"
    small = ["-s", "generator.filters=4", "-s", "discriminator.filters=4", "-s", "accumulate=2", "--batch-size", 2]
    said = ["--plugin", "ebgan", "--loss", game, "--data", "emoji", "--size", 8, "--device", "cpu", *small]
    invoke("train", *said, "--precision", "fp32", "--steps", 4, "--checkpoint-every", 2, "--out", run)
    states = [load_file(run / "checkpoints" / step / "recipe-0.safetensors")["game.k"] for step in ("000002", "000004")]
    assert 0 < states[0] < states[1] < 1
    shutil.copytree(run / "checkpoints" / "000004", tmp_path / "whole")
    invoke("train", "--resume", run, "--step", 2)
    for file in (tmp_path / "whole").glob("*.safetensors"):
        again = load_file(run / "checkpoints" / "000004" / file.name)
        assert all(torch.equal(again[name], value) for name, value in load_file(file).items())
