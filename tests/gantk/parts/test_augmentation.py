"""What stands before a discriminator: whom it changes alike, what passes through it, and what it refuses."""

import shutil

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from gantk import AdversarialLoss, Augmentation, Build, DiscriminatorSpec, PluginError, Unsupported
from gantk.parts.context import Context
from gantk.parts.data_info import DataInfo
from gantk.plugins.selection import Part
from support.commands import invoke


class Shifted(Augmentation):
    """Adds a number of its own to each sample's images, and turns its label map around by one class."""

    heard = ()

    def drawn(self, images):
        return {"by": torch.rand(len(images), 1, 1, 1)}

    def images(self, images, drawn):
        return images + drawn["by"]

    def layouts(self, layouts, drawn):
        return layouts.roll(1, 1)

    def watch(self, real_scores, boundary):
        self.heard = (*self.heard, (real_scores, boundary))


class Adapting(Shifted):
    reads_scores = True

    def adapt(self, feedback):
        """Hear nothing."""


class Game(AdversarialLoss):
    boundary = 0.5

    def discriminator(self, real_scores, fake_scores):
        return real_scores.mean() - fake_scores.mean()

    def generator(self, fake_scores, real_scores=None):
        return fake_scores.mean()


class Unbounded(Game):
    boundary = None


class Seen(nn.Module):
    """Gives back all that it is called with."""

    def __init__(self, spec, build):
        super().__init__()

    def forward(self, *inputs):
        return torch.cat([one.flatten(1) for one in inputs if one.ndim > 1], 1)

    def features(self, *inputs):
        return [inputs[0]]


class InOnePass(Seen):
    """Gives scores and what it sees at once, as one at several scales does."""

    def both(self, *inputs):
        return self(*inputs), self.features(*inputs)


def made(augmentation=Shifted, game=Game, size=4, seen=Seen, **asked):
    parts = {
        "loss": Part("loss", "mine", game),
        "discriminator": Part("discriminator", "mine", seen),
        "augmentation": Part("augmentation", "aside", augmentation),
    }
    build = Build(data=DataInfo(kind="images", size=size, channels={"image": 3}), parts=parts)
    return build.discriminator(DiscriminatorSpec(channels=3, size=size, **asked))


@pytest.fixture
def images():
    return torch.rand(2, 3, 4, 4)


def test_what_a_critic_sees_of_a_sample_is_changed_alike_within_a_turn(images):
    discriminator = made()
    context = discriminator.augmentation.context = Context()
    critic = discriminator.given()
    first, again = critic(images), critic(images)
    assert torch.equal(first, again)
    assert not torch.allclose(first, images.flatten(1))
    assert torch.equal(critic.eager(images), first)
    assert torch.equal(critic.features(images)[0].flatten(1), first)
    assert torch.equal(critic.both(images)[0], first)
    one_pass = made(seen=InOnePass).given()
    assert torch.equal(one_pass.both(images)[0], one_pass.both(images)[1][0].flatten(1))
    assert torch.equal(one_pass.both(images)[0], one_pass(images))
    assert not torch.equal(discriminator.given()(images), first)
    assert not torch.equal(discriminator(images), discriminator(images))
    context.take_turn(1)
    assert not torch.equal(critic(images), first)


def test_images_of_the_same_samples_in_one_call_are_changed_alike(images):
    one, other = made().given(samples=2)(torch.cat([images, images])).chunk(2)
    assert torch.equal(one, other)
    one, other = made().given()(torch.cat([images, images])).chunk(2)
    assert not torch.equal(one, other)


def test_conditions_are_changed_with_the_image_and_vectors_are_not(images):
    layout = torch.zeros(2, 3, 4, 4)
    layout[:, 0] = 1
    vector = torch.rand(2, 5)
    critic = made(condition_channels=3, layout=3).given(images, layout, vector)
    image, condition, classes, vectors = critic(images).split((48, 48, 48, 5), 1)
    assert torch.equal(image, condition)
    assert torch.equal(classes, layout.roll(1, 1).flatten(1))
    assert torch.equal(vectors, vector)
    alone = made(layout=3).given(layout)(images)[:, 48:]
    assert torch.equal(alone, layout.roll(1, 1).flatten(1))


def test_what_was_trained_sees_images_as_they_are(images):
    assert torch.equal(made().eval()(images), images.flatten(1))


def test_gradients_pass_through_to_who_made_the_images(images):
    images.requires_grad_()
    critic = made().given()
    (gradient,) = torch.autograd.grad(critic(images).square().sum(), images)
    assert torch.allclose(gradient, 2 * critic(images).detach().view_as(images))


def test_judge_tells_the_scores_of_real_images_and_the_games_boundary(images):
    discriminator, game = made(), Game()
    critic = discriminator.given()
    game.judge(critic, images, images - 1)
    ((scores, boundary),) = discriminator.augmentation.heard
    assert torch.equal(scores, critic(images))
    assert boundary == 0.5
    Unbounded().watch(critic, scores)
    assert len(discriminator.augmentation.heard) == 1


def test_a_recipe_that_tells_no_scores_is_named_with_the_line_that_lacks(images):
    discriminator = made(Adapting)
    discriminator(images)
    with pytest.raises(PluginError, match=r"hears no scores.*self\.game\.watch\(critic, real_scores\)"):
        discriminator.augmentation.take_feedback()
    # Who once heard some, or saw no images, may miss a turn.
    discriminator.augmentation.feed_back(torch.ones(()))
    assert discriminator.augmentation.take_feedback() == 1
    discriminator(images)
    assert discriminator.augmentation.take_feedback() is None
    assert made(Adapting).augmentation.take_feedback() is None


def test_points_and_games_without_a_boundary_are_refused():
    with pytest.raises(Unsupported, match="augmentation aside changes images, not points: leave --augmentation out"):
        made(size=1)
    with pytest.raises(Unsupported, match="asks which real images are taken for real, and loss mine has no score"):
        made(Adapting, Unbounded)
    assert made(Shifted, Unbounded).augmentation is not None


def test_its_state_is_saved_taken_back_and_shown(tmp_path):
    run = tmp_path / "run"
    small = ["-s", "generator.filters=4", "-s", "discriminator.filters=4", "-s", "augmentation.images=64"]
    said = ["--plugin", "pix2pix", "--augmentation", "ada", "--size", 16, "--batch-size", 2, "--device", "cpu", *small]
    often = ["-s", "augmentation.every=3", "-s", "augmentation.target=-0.9", "--log-every", 2]
    invoke("train", *said, *often, "--precision", "fp32", "--steps", 6, "--checkpoint-every", 4, "--out", run)
    p = "discriminator.augmentation.p"
    states = [load_file(run / "checkpoints" / step / "recipe-0.safetensors") for step in ("000004", "000006")]
    assert [state[p].item() for state in states] == pytest.approx([6 / 64, 12 / 64])
    assert '"note/discriminator_p"' in (run / "scalars.jsonl").read_text()
    shutil.copytree(run / "checkpoints" / "000006", tmp_path / "whole")
    invoke("train", "--resume", run, "--step", 4)
    for file in (tmp_path / "whole").glob("*.safetensors"):
        again = load_file(run / "checkpoints" / "000006" / file.name)
        assert all(torch.equal(again[name], value) for name, value in load_file(file).items())
