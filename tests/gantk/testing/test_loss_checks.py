"""Games with one fault each."""

import pytest

LOSS = """
import torch
from torch.nn.functional import relu
from gantk import AdversarialLoss, hookimpl

class Mine(AdversarialLoss):
    def discriminator(self, real_scores, fake_scores):
        return {discriminator}

    def generator(self, fake_scores, real_scores=None):
        return {generator}

    {further}

@hookimpl
def loss():
    return Mine
"""

TURNED = "relu(1 + real_scores).mean() + relu(1 - fake_scores).mean()"
HINGE = "relu(1 - real_scores).mean() + relu(1 + fake_scores).mean()"
CHECKS = ("scalars", "sides", "falls", "detached")


def loss(discriminator=HINGE, generator="-fake_scores.mean()", further="pass"):
    return LOSS.format(discriminator=discriminator, generator=generator, further=further)


@pytest.mark.parametrize(
    ("faulty", "fails", "said"),
    [
        ({"generator": "-fake_scores"}, "scalars", "generator() for scores of (5,) up to 1 is of (5,): a scalar"),
        ({"generator": "0.0"}, "scalars", "generator() for scores of (5,) up to 1 is float"),
        ({"generator": "-torch.log(fake_scores.sigmoid()).mean() * 0 - torch.log(1 - (-fake_scores).sigmoid()).mean()"},
         "scalars", "use logsigmoid or softplus"),
        ({"generator": "-torch.log(fake_scores.sigmoid()).mean()"}, "scalars", "(5,) up to 120 is inf, or its"),
        ({"generator": "-fake_scores.sum()"}, "scalars", "for the same batch twice over: take the .mean()"),
        ({"discriminator": HINGE.replace("scores).mean", "scores).sum")}, "scalars", "discriminator() for scores"),
        ({"discriminator": "relu(1 - real_scores).mean()"}, "sides", "has no gradient at fake scores"),
        ({"discriminator": "relu(1 + fake_scores).mean() + real_scores.detach().mean()"}, "sides", "at real scores"),
        ({"generator": "fake_scores.mean()"}, "sides", "the sides play for the same goal"),
        ({"discriminator": TURNED}, "sides", "wrong sign"),
        ({"discriminator": "torch.zeros(())"}, "sides", "discriminator() does not fall"),
        ({"generator": "-fake_scores.detach().mean()"}, "sides", "generator() does not fall"),
        ({"discriminator": "real_scores.square().mean() + fake_scores.square().mean()"}, "sides", "does not tell real"),
        ({"further": "def fool(self, critic, fake, real=None):\n        return super().fool(critic, fake.detach())"},
         "falls", "the generator's loss does not depend on what it should move"),
        ({"further": "def penalty(self, critic, real, fake):\n        self.n = getattr(self, 'n', 0) + 1\n"
                     "        return {'grows': self.n * torch.ones(())}"},
         "falls", "the discriminator's loss does not fall"),
        ({"further": "def fool(self, critic, fake, real=None):\n        return super().fool(critic, fake).detach()"},
         "detached", "fool() sends no gradient to the fake points"),
        ({"further": "def judge(self, critic, real, fake):\n"
                     "        return {'game': self.discriminator(critic(real), critic(fake))}"},
         "detached", "judge() sends a gradient to the fake points"),
    ],
)  # fmt: skip
def test_a_game_with_a_fault(faulty, fails, said, caught):
    assert said in caught(loss(**faulty), fails)


def test_a_failing_line_is_named(caught, line):
    reason = caught(loss(generator="fake_scores.men()"), "scalars")
    assert reason.startswith(f"{line('men()')}: AttributeError")


@pytest.mark.parametrize(
    "game",
    [
        {},
        # Scores whose meaning is turned around are a game as well, as are energies, and scores held against real ones.
        {"discriminator": TURNED, "generator": "fake_scores.mean()"},
        {"discriminator": "real_scores.mean() + relu(0.2 - fake_scores).mean()", "generator": "fake_scores.mean()",
         "further": "wants = 'energies'"},
        {"discriminator": "relu(1 - real_scores + fake_scores.mean()).mean()",
         "generator": "relu(1 - fake_scores + real_scores.mean()).mean()", "further": "needs_real = True"},
        # Its state begins where fake scores have no part.
        {"discriminator": "(self.feed_back(real_scores.mean() - fake_scores.mean()), "
                          "real_scores.mean() - self.k * fake_scores.mean())[1]",
         "generator": "fake_scores.mean()",
         "further": "wants = 'energies'\n\n    def __init__(self):\n        super().__init__()\n"
                    "        self.register_buffer('k', torch.zeros(()))\n\n"
                    "    def adapt(self, feedback):\n        self.k.add_(0.001 * feedback).clamp_(0, 1)"},
    ],
)  # fmt: skip
def test_right_games_pass(game, check):
    report = check(loss(**game), *CHECKS)
    assert report.passed, str(report)
