"""InfoGAN's losses against closed forms, whom its information reaches, its parts and its graphs."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.nn.functional import cross_entropy, interpolate, relu, softplus

from gantk import AdversarialLoss, DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk_plugins.infogan import gaussian_surprise
from gantk_plugins.infogan_parts import joined

SMALL = {
    "kind": "images",
    "size": 8,
    "generator": "infogan",
    "discriminator": "infogan",
    "loss": "non-saturating",
    "normalization": ("batch", "batch"),
    "generator_options": {"filters": 4, "dense": 16},
    "discriminator_options": {"filters": 4, "dense": 16},
}
PLAIN = SMALL | {"normalization": ("none", "none")}


@pytest.fixture
def infogan(factory):
    return factory("infogan", "recipe")


@pytest.fixture
def batch(pictures):
    return {"image": interpolate(pictures("3d", 6), size=(8, 8), mode="area")}


def first_moves(recipe, batches):
    """Return the losses of the two moves by player, neither of them made."""
    together, (player, losses) = recipe.train().step(batches)
    return {**together, player: losses}


def reached(loss, network):
    """Return for each parameter of a network whether a loss reaches it with a gradient that is not zero."""
    names, parameters = zip(*network.named_parameters(), strict=True)
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True, retain_graph=True)
    return {name: g is not None and bool(g.any()) for name, g in zip(names, gradients, strict=True)}


@pytest.mark.parametrize("deviation", ["learned", "fixed"])
def test_losses_in_closed_form(infogan, batch, make_build, stream, monkeypatch, deviation):
    recipe = infogan(make_build(**PLAIN), categorical_weight=0.7, continuous_weight=0.2, deviation=deviation)
    codes = recipe.drawn(batch["image"])
    monkeypatch.setattr(recipe, "drawn", lambda like: codes)
    moves = first_moves(recipe, stream(batch))

    noise, category, *numbers = codes
    fake = recipe.generator(torch.cat([noise, torch.eye(10)[category], *numbers], 1))
    real_scores, scores = recipe.discriminator(batch["image"]), recipe.discriminator(fake)
    logits, mean, log_deviation = recipe.q(recipe.discriminator.features(fake)[-1])
    likelihood = Normal(mean, log_deviation.exp()).log_prob(torch.cat(numbers, 1))
    information = {
        "categorical": -0.7 * logits.log_softmax(1)[range(6), category].mean(),
        "continuous": -0.2 * likelihood.sum(1).mean(),
    }
    judged = softplus(-real_scores).mean() + softplus(scores).mean()
    torch.testing.assert_close(moves["discriminator"], {"game": judged, **information})
    torch.testing.assert_close(moves["q"], information)
    torch.testing.assert_close(moves["generator"], {"game": softplus(-scores).mean(), **information})
    assert (deviation == "fixed") == (not log_deviation.any())


def test_the_surprise_of_numbers_is_that_of_a_factored_gaussian():
    assert gaussian_surprise(*torch.zeros(3, 5, 2)).item() == pytest.approx(math.log(2 * math.pi))
    numbers, mean, log_deviation = torch.randn(3, 5, 2, dtype=torch.float64, requires_grad=True)
    expected = -Normal(mean, log_deviation.exp()).log_prob(numbers).sum() / 5
    torch.testing.assert_close(gaussian_surprise(numbers, mean, log_deviation), expected)
    assert torch.autograd.gradcheck(gaussian_surprise, (numbers, mean, log_deviation))


def test_the_bound_is_what_q_knows_of_the_codes(infogan, batch, make_build, monkeypatch):
    recipe = infogan(make_build(**PLAIN), categories=4, continuous=0)
    codes = recipe.drawn(batch["image"])
    for certainty, bound in ((0.0, 0.0), (100.0, math.log(4))):
        recipe.context.notes.clear()
        answer = (certainty * torch.eye(4)[codes[1]], torch.zeros(6, 0), torch.zeros(6, 0))
        monkeypatch.setattr(recipe.q, "forward", lambda feature, answer=answer: answer)
        losses = recipe.information([torch.zeros(6, 16)], codes)
        assert list(losses) == ["categorical"]
        noted, count = recipe.context.notes["information_categorical"]
        assert (noted.item(), count) == (pytest.approx(bound, abs=1e-5), 1)


def test_information_reaches_the_generator(infogan, batch, make_build, stream):
    recipe = infogan(make_build(**SMALL))
    losses = first_moves(recipe, stream(batch))["generator"]
    for name in ("categorical", "continuous"):
        # The gradient of a bias before a norm is zero.
        weights = {key: found for key, found in reached(losses[name], recipe.generator).items() if "weight" in key}
        assert all(weights.values()), name


def test_information_reaches_the_trunk_and_q_but_not_the_generator(infogan, batch, make_build, stream):
    recipe = infogan(make_build(**PLAIN))
    losses = first_moves(recipe, stream(batch))["discriminator"]
    information = losses["categorical"] + losses["continuous"]
    trunk = reached(information, recipe.discriminator)
    assert {name for name, found in trunk.items() if not found} == {"module.scores.weight", "module.scores.bias"}
    assert all(reached(information, recipe.q).values())
    assert not any(reached(losses["game"], recipe.q).values())
    assert not any(reached(information + losses["game"], recipe.generator).values())


def test_the_trunk_reads_each_batch_once(infogan, batch, make_build, stream):
    recipe, passes = infogan(make_build(**SMALL)), []
    recipe.discriminator.module.stages[0].register_forward_hook(lambda *_: passes.append(1))
    assert [len(passes) for _ in recipe.train().step(stream(batch))] == [2, 3]


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"loss": "wgan-gp", "normalization": ("batch", "layer")},
        {"loss": "hinge", "normalization": ("batch", "spectral")},
        {
            "generator": "dcgan",
            "discriminator": "dcgan",
            "generator_options": {"filters": 4},
            "discriminator_options": {"filters": 4},
        },
        {"discriminator": "gan", "discriminator_options": {"units": 8}, "normalization": ("batch", "none")},
    ],
)
def test_each_player_moves_all_of_its_networks(infogan, batch, make_build, stream, run_steps, parts):
    recipe = infogan(make_build(**SMALL | parts))
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(batch), steps=2)
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    # What is added to all scores is no matter to a Wasserstein game, nor to hinge within the margin.
    assert still == ({"discriminator.module.scores.bias"} if "loss" in parts else set())
    players = recipe.players()
    # Q is no critic: a game that clips critics leaves it alone.
    assert {name for name, player in players.items() if player.critic} == {"discriminator"}
    assert players["discriminator"].networks == (recipe.discriminator,)
    assert players["generator"].scale == {recipe.generator: 5.0}


def test_the_generator_and_q_wait_for_critic_steps(infogan, batch, make_build, stream, run_steps):
    log = run_steps(infogan(make_build(**SMALL)), stream(batch), steps=2, critic_steps=2)
    assert [list(moves) for moves in log] == [["discriminator"], ["discriminator", "q", "generator"]]


class Relative(AdversarialLoss):
    """A game whose generator's loss reads real scores."""

    needs_real = True

    def discriminator(self, real_scores, fake_scores):
        return relu(1 - real_scores + fake_scores).mean()

    def generator(self, fake_scores, real_scores=None):
        return relu(1 - fake_scores + real_scores).mean()


def test_a_game_may_read_real_scores_for_the_generator(infogan, batch, make_build, stream, monkeypatch):
    recipe = infogan(make_build(**PLAIN | {"loss": Relative}))
    codes = recipe.drawn(batch["image"])
    monkeypatch.setattr(recipe, "drawn", lambda like: codes)
    moves = first_moves(recipe, stream(batch))
    real, fake = recipe.discriminator(batch["image"]), recipe.discriminator(recipe.generator(joined(10, *codes)))
    torch.testing.assert_close(moves["generator"]["game"], relu(1 - fake + real).mean())


def test_codes_join_the_noise_in_the_order_of_the_graph():
    noise, numbers = torch.tensor([[0.1, 0.2], [0.3, 0.4]]), torch.tensor([[0.5], [0.6]])
    expected = [[0.1, 0.2, 0, 0, 1, 0.5], [0.3, 0.4, 1, 0, 0, 0.6]]
    torch.testing.assert_close(joined(3, noise, torch.tensor([2, 0]), numbers), torch.tensor(expected))


def test_graphs(infogan, batch, make_build):
    recipe = infogan(make_build(**SMALL), noise=5, categories=3, continuous=2).eval()
    graphs = recipe.graphs()
    generator, q = graphs["generator"], graphs["q"]
    assert [(port.name, getattr(port, "length", 0)) for port in generator.inputs] == [
        ("noise", 5),
        ("c1", 0),
        ("c2", 1),
        ("c3", 1),
    ]
    assert {port.distribution for port in generator.inputs if port.name != "c1"} == {"uniform"}
    assert (generator.task, generator.outputs, generator.size, generator.inputs[1].count) == (
        "generate",
        ("image",),
        None,
        3,
    )
    codes = [port.fixed(4) for port in generator.inputs]
    assert torch.equal(generator.network(*codes), recipe.generator(joined(3, *codes)))

    assert (q.task, q.inputs, q.size) == ("encode", ("image",), 8)
    assert [(port.name, port.length) for port in q.outputs] == [("c1", 3), ("c2", 1), ("c3", 1)]
    probabilities, *means = q.network(batch["image"])
    logits, mean, _ = recipe.q(recipe.discriminator.features(batch["image"])[-1])
    torch.testing.assert_close(probabilities, logits.exp() / logits.exp().sum(1, keepdim=True))
    assert torch.equal(torch.cat(means, 1), mean)
    assert [value.shape for value in means] == [(6, 1), (6, 1)]


def test_without_numbers_there_is_a_category_alone(infogan, batch, make_build, stream, run_steps):
    recipe = infogan(make_build(**SMALL), continuous=0)
    (moves,) = run_steps(recipe, stream(batch))
    assert {player: list(losses) for player, losses in moves.items()} == {
        "discriminator": ["game", "categorical"],
        "q": ["categorical"],
        "generator": ["game", "categorical"],
    }
    assert list(recipe.preview(batch)) == [f"c1 = {category}" for category in range(10)]
    assert [value.shape for value in recipe.graphs()["q"].network(batch["image"])] == [(6, 10)]


def test_the_preview_turns_one_code_at_a_time(infogan, batch, make_build):
    recipe = infogan(make_build(**SMALL), categories=3).eval()
    shown = recipe.preview(batch)
    torch.manual_seed(5)
    again = recipe.train().preview(batch)
    assert recipe.generator.training
    recipe.eval()
    assert list(shown) == ["c1 = 0", "c1 = 1", "c1 = 2", "c2 = -2", "c2 = -1", "c2 = 0", "c2 = 1", "c2 = 2"]
    assert all(torch.equal(images, again[name]) for name, images in shown.items())
    noise, category, *numbers = (port.fixed(8) for port in recipe.inputs)
    expected = recipe.generator(joined(3, noise, torch.full((8,), 1), *numbers))
    torch.testing.assert_close(shown["c1 = 1"], expected)
    expected = recipe.generator(joined(3, noise, category, torch.full((8, 1), -2.0), numbers[1]))
    torch.testing.assert_close(shown["c2 = -2"], expected)


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3)])
def test_parts_have_the_papers_layers(factory, make_build, size, channels):
    build = make_build(normalization=("batch", "batch"))
    generator = factory("infogan", "generator")(GeneratorSpec(latent=74, outputs=channels, size=size), build)
    discriminator = factory("infogan", "discriminator")(DiscriminatorSpec(channels=channels, size=size), build)
    flat = 128 * (size // 4) ** 2
    shapes = [tuple(p.shape) for name, p in generator.named_parameters() if "weight" in name and p.dim() > 1]
    assert shapes == [(1024, 74), (flat, 1024), (128, 64, 4, 4), (64, channels, 4, 4)]
    shapes = [tuple(p.shape) for name, p in discriminator.named_parameters() if "weight" in name and p.dim() > 1]
    assert shapes == [(64, channels, 4, 4), (128, 64, 4, 4), (1024, flat), (1, 1024)]
    norms = [m.num_features for m in [*generator.modules(), *discriminator.modules()] if isinstance(m, nn.BatchNorm2d)]
    assert norms == [1024, flat, 64, 128, 1024]
    image = generator(torch.randn(2, 74))
    assert image.shape == (2, channels, size, size)
    features = discriminator.features(image)
    assert [f.shape[1:] for f in features] == [(64, size // 2, size // 2), (128, size // 4, size // 4), (1024,)]
    assert discriminator(image).shape == (2, 1)
    slopes = {m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.1}


def test_the_discriminator_sees_image_conditions(factory, make_build):
    build = make_build(normalization=("batch", "none"))
    spec = DiscriminatorSpec(channels=1, condition_channels=2, size=8)
    network = factory("infogan", "discriminator")(spec, build)
    image, condition = torch.randn(2, 1, 8, 8), torch.randn(2, 2, 8, 8)
    assert not torch.equal(network(image, condition), network(image, condition.flip(0)))


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (GeneratorSpec(inputs=3, size=32), "translates none"),
        (GeneratorSpec(latent=3, classes=2, size=32), "no class"),
        (GeneratorSpec(latent=3, features=True, size=32), "no inner activations"),
        (GeneratorSpec(latent=3, size=30), "multiple of 4"),
        (DiscriminatorSpec(channels=3, size=4), "at least 8"),
        (DiscriminatorSpec(channels=3, size=32, classes=2), "not under classes"),
        (DiscriminatorSpec(channels=3, size=32, joint_latent=2), "latent vectors"),
        (DiscriminatorSpec(channels=3, size=32, output="energies"), "not energies"),
    ],
)
def test_parts_refuse_what_they_cannot(factory, make_build, spec, reason):
    hook = "generator" if isinstance(spec, GeneratorSpec) else "discriminator"
    with pytest.raises(Unsupported, match=reason):
        factory("infogan", hook)(spec, make_build(normalization=("batch", "batch")))


class Energies(Relative):
    wants = "energies"


class Scales(nn.Module):
    """A discriminator that scores at two scales."""

    def features(self, image):
        return [image.flatten(1)]

    def forward(self, image):
        return [image.mean((1, 2, 3)), image.mean((1, 2, 3))]


def test_the_recipe_refuses_what_it_cannot(infogan, batch, make_build, stream):
    with pytest.raises(Unsupported, match="a game of energies"):
        infogan(make_build(**SMALL | {"loss": Energies}))
    several = SMALL | {"discriminator": lambda spec, build: Scales(), "discriminator_options": {}}
    with pytest.raises(Unsupported, match="gives a list"):
        next(infogan(make_build(**several)).step(stream(batch)))
    for said in ({"noise": 0}, {"categories": 1}, {"continuous": -1}):
        with pytest.raises(UsageError, match=f"not .*{next(iter(said))}={next(iter(said.values()))}"):
            infogan(make_build(**SMALL), **said)
    for slot in ("generator_options", "discriminator_options"):
        with pytest.raises(UsageError, match="dense=0"):
            infogan(make_build(**SMALL | {slot: {"dense": 0}}))


def test_q_measures_any_discriminator_without_leaving_a_trace(infogan, make_build):
    recipe = infogan(make_build(**SMALL))
    assert recipe.discriminator.training
    norms = [m for m in recipe.discriminator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    assert not any(norm.num_batches_tracked.item() for norm in norms)
    logits, mean, log_deviation = recipe.q(torch.randn(4, 16))
    assert (logits.shape, mean.shape, log_deviation.shape) == ((4, 10), (4, 2), (4, 2))
    assert cross_entropy(logits, torch.zeros(4, dtype=torch.int64)).isfinite()


def test_settings_and_defaults_of_the_paper(infogan):
    said = infogan.settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["steps"]) == (2e-4, (0.5, 0.999), 128, 5000)
    defaults = infogan.defaults
    assert (defaults.generator, defaults.discriminator, defaults.loss) == ("infogan", "infogan", "non-saturating")
    assert defaults.normalization == {"generator": "batch", "discriminator": "batch"}
