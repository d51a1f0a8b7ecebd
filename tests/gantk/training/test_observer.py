"""What an author is warned of in a rehearsal, with the line of their file."""

import pytest
import torch

from gantk.parts.context import Span


def test_a_critic_judged_through_the_generator_is_warned_of_in_the_rehearsal_alone(stage, batch):
    def step(self, batches):
        yield "discriminator", {"game": self.discriminator(self.generator(next(batches))).mean()}

    with pytest.warns(UserWarning, match="losses of 'discriminator' were computed through generator.*detach") as warned:
        stage(step, rehearsal=True).run([batch])
    assert warned[0].filename == __file__
    stage(step).run([batch])


def test_a_loss_that_reaches_nothing_of_its_player_is_warned_of(stage, batch):
    def step(self, batches):
        fake = self.generator(next(batches))
        yield "generator", {"game": fake.mean(), "off": torch.zeros(()), "content": fake.detach().square().mean()}

    with pytest.warns(UserWarning, match="loss 'content' of 'generator' reaches none of its parameters") as warned:
        stage(step, rehearsal=True).run([batch])
    assert [warning.filename for warning in warned] == [__file__]


def test_a_player_who_is_never_asked_is_warned_of(stage, batch):
    def both(self, batches):
        fake = self.generator(next(batches))
        yield "generator", {"game": self.discriminator(fake).mean()}
        yield "discriminator", {"game": self.discriminator(fake.detach()).mean()}

    rehearsal = stage(both, rehearsal=True)
    rehearsal.run([batch])
    rehearsal.observer.warn_of_the_idle(rehearsal.recipe)

    def step(self, batches):
        yield "generator", {"game": self.generator(next(batches)).mean()}

    rehearsal = stage(step, rehearsal=True)
    rehearsal.run([batch])
    with pytest.warns(UserWarning, match="yields no move of 'discriminator' in a round of critic steps"):
        rehearsal.observer.warn_of_the_idle(rehearsal.recipe)

    rehearsal.context.spans = (Span("small", 0, 4), Span("large", 4, 10))
    with pytest.warns(UserWarning, match="in a round of critic steps of stage small: it learns nothing yet"):
        rehearsal.observer.warn_of_the_idle(rehearsal.recipe)
