"""The algorithm of GANs of noise, as `gan` runs it: its losses, who moves what, and what it shows and exports."""

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from gantk import UsageError
from gantk_plugins.gan.algorithm import matched_means
from support.commands import invoke


@pytest.fixture
def gan(factory):
    return factory("gan", "recipe")


class Fixed(nn.Module):
    """A network that scores images with the sum of their pixels times a weight."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, image):
        return self.weight * image.sum((1, 2, 3))


def test_the_step_is_the_papers(gan, build_gan):
    """D(x) = sigmoid(w sum(x)): the discriminator's loss comes first, of fresh noise, then the generator's."""
    recipe = gan(build_gan(), latent=5)
    recipe.discriminator.module = Fixed(0.5)
    recipe.generator.module = nn.Sequential(nn.Linear(5, 3 * 8 * 8), nn.Unflatten(1, (3, 8, 8)))
    real = torch.rand(4, 3, 8, 8)

    torch.manual_seed(7)
    body = recipe.step(iter([{"image": real}]))
    player, judged = next(body)
    other, fooled = next(body)
    assert (player, other) == ("discriminator", "generator")
    assert next(body, None) is None

    torch.manual_seed(7)
    first, second = (recipe.generator(torch.randn(4, 5)).sum((1, 2, 3)) for _ in range(2))
    expected = softplus(-0.5 * real.sum((1, 2, 3))).mean() + softplus(0.5 * first).mean()
    assert torch.allclose(judged["game"], expected)
    assert torch.allclose(fooled["game"], softplus(-0.5 * second).mean())


def test_each_player_moves_its_own_network(gan, build_gan, pictures, stream, run_steps):
    recipe = gan(build_gan(size=32))
    batches = stream({"image": pictures("3d", 4)})
    recipe.prepare(batches)
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (losses,) = run_steps(recipe, batches)
    assert list(losses) == ["discriminator", "generator"]
    assert all(not torch.equal(value, before[name]) for name, value in recipe.named_parameters())
    assert set(recipe.state_dict()) == set(before)  # it has no state but its weights


def test_the_generator_waits_for_the_critic_steps(gan, build_gan, pictures, stream, run_steps):
    recipe = gan(build_gan(size=32))
    log = run_steps(recipe, stream({"image": pictures("3d", 2)}), steps=4, critic_steps=2)
    assert [list(losses) for losses in log] == [["discriminator"], ["discriminator", "generator"]] * 2


def test_previews_show_the_same_noise_at_every_call(gan, build_gan):
    recipe = gan(build_gan()).eval()
    real = torch.rand(8, 3, 8, 8)
    first, second = (recipe.preview({"image": real}) for _ in range(2))
    assert list(first) == ["generated", "real"]
    assert torch.equal(first["generated"], second["generated"])
    assert torch.allclose(first["generated"][8], recipe.generator(recipe.latent.fixed(9, seed=0))[8], atol=1e-6)
    assert first["real"] is real


def test_its_graph_makes_images_of_noise(gan, build_gan):
    recipe = gan(build_gan(), latent=7)
    (graph,) = recipe.graphs().values()
    (latent,) = graph.inputs
    assert (graph.task, graph.outputs, latent.length, latent.distribution) == ("generate", ("image",), 7, "normal")
    assert graph.network(latent.drawn(2)).shape == (2, 3, 8, 8)


class Linear(Fixed):
    """Scores as `Fixed`, and its inner activation is the image, twice."""

    def features(self, image):
        return [image, torch.cat([image, image], 1)]

    def score(self, features):
        return self.weight * features[0].sum((1, 2, 3))


@pytest.mark.parametrize("adversarial", [0.0, 1.0, 0.5])
def test_the_generator_matches_mean_features(gan, build_gan, adversarial):
    """|mean of f(x) - mean of f(G(z))|^2 of the last inner activation, which here holds each pixel twice."""
    recipe = gan(build_gan(), latent=5, feature_matching=3.0, adversarial=adversarial)
    recipe.discriminator.module = Linear(0.5)
    recipe.generator.module = nn.Sequential(nn.Linear(5, 3 * 8 * 8), nn.Unflatten(1, (3, 8, 8)))
    real = torch.rand(4, 3, 8, 8)
    fake = recipe.generator(torch.randn(4, 5))
    losses = recipe.fooled(recipe.discriminator.given(), fake, real)
    expected = 3 * 2 * (fake.mean(0) - real.mean(0)).square().sum()
    torch.testing.assert_close(losses["features"], expected)
    if adversarial:
        torch.testing.assert_close(losses["game"], adversarial * softplus(-0.5 * fake.sum((1, 2, 3))).mean())
    assert list(losses) == ["game", "features"] if adversarial else ["features"]


def test_features_match_where_means_are_equal_whatever_the_samples():
    one, other = torch.tensor([[1.0, -1.0], [3.0, 5.0]]), torch.tensor([[2.0, 2.0]])
    assert matched_means(one, other) == 0
    assert matched_means(one, other + 1) == 2


def test_what_a_generator_is_told_must_teach_it_something(gan, build_gan):
    with pytest.raises(UsageError, match="feature_matching and adversarial of at least 0, and one of them above it"):
        gan(build_gan(), adversarial=0.0)


@pytest.mark.parametrize("name", ["sngan", "wgan-gp", "dcgan", "cgan"])
def test_recipes_of_noise_take_feature_matching(name, tmp_path):
    data = "--data emoji -s kind=labelled" if name == "cgan" else "--data emoji"
    narrow = "" if name == "cgan" else "-s generator.filters=4 -s discriminator.filters=4"
    size = 28 if name == "cgan" else 32
    said = f"train --plugin {name} {data} --size {size} --batch-size 4 --steps 1 {narrow} --log-every 1"
    invoke(*said.split(), "-s", "feature_matching=1", "-s", "adversarial=0", "--out", tmp_path / "run")
    logged = (tmp_path / "run" / "scalars.jsonl").read_text("utf-8")
    assert "generator/features" in logged
    assert "generator/game" not in logged
