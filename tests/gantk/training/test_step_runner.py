"""The recipe protocol, rule by rule: each test fails without the rule that it names."""

import torch
from torch import nn

from gantk import AdversarialLoss
from gantk.training.processes import World


def weights(recipe):
    return [parameter.detach().clone() for parameter in recipe.parameters()]


def one_each(self, batches):
    x = next(batches)
    fake = self.generator(x)
    yield "generator", {"game": -self.discriminator(fake).mean()}
    yield "discriminator", {"game": (self.discriminator(fake.detach()) - self.discriminator(x)).mean()}


def test_a_move_moves_its_player_alone(stage, batch):
    def step(self, batches):
        yield "generator", {"game": self.discriminator(self.generator(next(batches))).mean()}

    one = stage(step)
    before = weights(one.recipe)
    one.run([batch])
    after = weights(one.recipe)
    assert not torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])
    assert all(parameter.grad is None for parameter in one.recipe.parameters())


def test_a_later_move_sees_the_earlier_one(stage, batch):
    one = stage(one_each)
    g, d = weights(one.recipe)
    one.run([batch])
    moved_g = g - 0.1 * torch.outer(-d[0], batch.mean(0))
    gradient = (batch @ g.T).mean(0) - batch.mean(0)  # the discriminator judges what was made before the move
    torch.testing.assert_close(one.recipe.generator.module.weight, moved_g)
    torch.testing.assert_close(one.recipe.discriminator.module.weight, d - 0.1 * gradient)


def test_players_that_move_at_once_share_one_graph(stage, batch):
    def step(self, batches):
        score = self.discriminator(self.generator(next(batches))).mean()
        yield {"generator": {"game": -score}, "discriminator": {"game": score, "size": 0.5 * score}}

    one = stage(step)
    g, d = weights(one.recipe)
    one.run([batch])
    mean = batch.mean(0)
    torch.testing.assert_close(one.recipe.generator.module.weight, g + 0.1 * torch.outer(d[0], mean))
    torch.testing.assert_close(one.recipe.discriminator.module.weight, d - 0.1 * 1.5 * (g @ mean)[None])


def test_version_counters_rise_with_every_move(stage, batch):
    def step(self, batches):
        hidden = self.discriminator(self.generator(next(batches)))
        loss = hidden.square().mean()
        yield "generator", {"game": self.generator(batch).mean()}
        yield "discriminator", {"game": loss}  # reads the generator's output, not its weights: still right
        yield "generator", {"game": self.discriminator(self.generator(batch)).square().mean()}

    one = stage(step, {"optimizer": "adam"})
    before = [parameter._version for parameter in one.recipe.parameters()]
    one.run([batch])
    after = [parameter._version for parameter in one.recipe.parameters()]
    assert [b < a for b, a in zip(before, after, strict=True)] == [True, True]


def test_critics_move_at_every_turn_and_the_others_at_the_last_of_a_round(stage, batch):
    moved = []

    def step(self, batches):
        x = next(batches)
        moved.append(self.due("generator"))
        yield "generator", {"game": self.discriminator(self.generator(x)).mean()}
        yield "discriminator", {"game": self.discriminator(x).mean()}

    one = stage(step, critic_steps=3)
    history = []
    for count in range(6):
        before = weights(one.recipe)
        one.context.take_turn(count)
        one.runner.run(iter([batch]))
        history.append([not torch.equal(b, a) for b, a in zip(before, weights(one.recipe), strict=True)])
    assert [g for g, _ in history] == [False, False, True, False, False, True] == moved
    assert all(d for _, d in history)


def test_accumulation_in_lockstep_equals_one_large_batch(stage, batch):
    together = stage(one_each, {"optimizer": "adam"})
    apart = stage(one_each, {"optimizer": "adam"}, accumulate=2)
    together.run([batch, batch.flip(0)], steps=2)
    apart.run([batch[:2], batch[2:], batch.flip(0)[:2], batch.flip(0)[2:]], steps=2)
    for one, other in zip(weights(together.recipe), weights(apart.recipe), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-14)


def test_everywhere_is_the_mean_over_micro_batches(stage, batch):
    answers = []

    def step(self, batches):
        x = next(batches)
        answers.append((yield self.everywhere(x.mean())))
        yield "discriminator", {"game": self.discriminator(x).mean()}

    one = stage(step, accumulate=2)
    one.run([batch[:2], batch[2:]])
    assert len(answers) == 2
    for answer in answers:
        torch.testing.assert_close(answer, batch.mean())


def test_a_rehearsal_moves_nobody(stage, batch):
    one = stage(one_each, rehearsal=True)
    before = weights(one.recipe)
    one.run([batch])
    assert all(torch.equal(b, a) for b, a in zip(before, weights(one.recipe), strict=True))
    assert all(parameter.grad is None for parameter in one.recipe.parameters())


def test_the_game_constrains_critics_after_their_moves(batch, stage):
    class Clip(AdversarialLoss):
        discriminator = generator = None  # Not asked for here.

        def constrain(self, network: nn.Module) -> None:
            for parameter in network.parameters():
                parameter.clamp_(-0.01, 0.01)

    one = stage(one_each)
    one.recipe.game = Clip()
    one.runner.games.append(one.recipe.game)
    before = one.recipe.generator.module.weight.detach().clone()
    one.run([batch])
    assert one.recipe.discriminator.module.weight.abs().max() <= 0.01
    assert one.recipe.generator.module.weight.abs().max() > 0.01
    assert not torch.equal(before, one.recipe.generator.module.weight)


def test_progress_and_notes(stage, batch):
    seen = []

    def step(self, batches):
        seen.append(self.progress.fraction)
        self.note(estimate=float(self.progress.step))
        yield from one_each(self, batches)

    one = stage(step)
    one.run([batch, batch, batch], steps=3)
    assert seen == [0.0, 0.1, 0.2]
    assert one.log.read()["note/estimate"] == 1.0
    assert "note/estimate" not in one.log.read()


def test_a_world_of_one_averages_nothing():
    value = torch.tensor(3.0)
    assert World().mean(value) == 3.0
    assert not World().agree(False, torch.device("cpu"))
