"""Triple-GAN: the three players' losses in closed form, who moves when, labels that are known, networks, graphs."""

from math import log

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk.parts.context import Context, Informed, Progress, Span
from gantk.parts.valueless import without_values
from gantk_plugins.gan.triple_gan import entropy, imbalance, weighed
from gantk_plugins.gan.triple_gan_networks import Classifier, Noisy

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def triple_gan(factory, make_build):
    """Return a function that makes a small recipe."""

    def make(loss="non-saturating", size=12, **options):
        build = make_build(
            kind="labelled",
            size=size,
            channels={"image": 1},
            classes=CLASSES,
            generator="triple-gan",
            discriminator="triple-gan",
            loss=loss,
            normalization=("batch", "none"),
            generator_options={"units": 6},
            discriminator_options={"widths": (5, 4), "noise": 0.0, "input_noise": 0.0},
        )
        build.parts["normalization.classifier"] = build.parts["normalization.generator"]
        return factory("triple-gan", "recipe")(
            build, **{"latent": 4, "filters": 2, "dropout": 0.0, "alone": 0.0, **options}
        )

    return make


@pytest.fixture
def batch():
    images = torch.rand(8, 1, 12, 12, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return {"image": images, "label": torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])}


class Scored(nn.Module):
    """A discriminator whose score is a number for each label, whatever the image is, and 9 for images of ones."""

    def __init__(self):
        super().__init__()
        self.numbers = nn.Parameter(torch.tensor([0.3, -0.7, 1.1]))

    def forward(self, image, label):
        return torch.where(image.mean((1, 2, 3)) == 1, 9.0, self.numbers[label])[:, None]


class Sure(nn.Module):
    """A classifier that gives each image label 1 with probability p."""

    def __init__(self, p):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor([(1 - p) / 2, p, (1 - p) / 2]).log())
        self.last_weight = torch.tensor([[2.0, 1.0]])

    def forward(self, image):
        return self.logits.expand(len(image), 3)


class Ones(nn.Module):
    """A generator whose every image is white."""

    def __init__(self):
        super().__init__()
        self.level = nn.Parameter(torch.ones(()))

    def forward(self, noise, label):
        return self.level.expand(len(noise), 1, 12, 12)


@pytest.fixture
def stubbed(triple_gan):
    """Return a function that makes a recipe of networks whose answers are known."""

    def make(p=0.8, **options):
        recipe = triple_gan(**options)
        recipe.generator.spec = GeneratorSpec(latent=4, classes=3, outputs=1, size=12)
        recipe.discriminator.module, recipe.classifier.module, recipe.generator.module = Scored(), Sure(p), Ones()
        return recipe

    return make


def test_the_discriminators_losses_are_equation_2(stubbed, batch, stream):
    """True pairs count once, the classifier's by alpha, the generator's by the rest."""
    recipe = stubbed(alpha=0.25)
    player, losses = next(recipe.step(stream(batch)))
    assert player == "discriminator"
    labels = torch.tensor([0] + [1] * 8)  # one pair is true; the classifier's labels of the others are 1
    real, by_classifier, by_generator = softplus(-Scored().numbers[labels]).mean(), softplus(-0.7 * torch.ones(())), 9.0
    expected = real + 0.25 * by_classifier + 0.75 * (by_generator + log(1 + torch.e**-9.0))
    torch.testing.assert_close(sum(losses.values()), expected, atol=1e-5, rtol=0)
    assert list(losses) == ["game_c", "game_g"]


def test_the_optimum_is_the_data_among_all_three(stubbed):
    """D* = p / (p + alpha p_c + (1 - alpha) p_g): there the discriminator's loss has no slope."""
    p, c, g, alpha = (
        torch.tensor(x, dtype=torch.float64) for x in ([0.5, 0.2, 0.3], [0.1, 0.7, 0.2], [0.6, 0.3, 0.1], 0.3)
    )
    recipe = stubbed(alpha=alpha.item())
    scores = (p / (alpha * c + (1 - alpha) * g)).log().requires_grad_()
    torch.testing.assert_close(scores.sigmoid(), p / (p + alpha * c + (1 - alpha) * g))
    game = recipe.game.double()

    def expected(weights, side):
        """Return a side's loss under a table of probabilities."""
        zero = torch.zeros(1, dtype=torch.float64)
        losses = [
            game.discriminator(*((s[None], zero) if side == "real" else (zero, s[None]))) - log(2) for s in scores
        ]
        return (weights * torch.stack(losses)).sum()

    loss = expected(p, "real") + alpha * expected(c, "fake") + (1 - alpha) * expected(g, "fake")
    (slope,) = torch.autograd.grad(loss, scores)
    torch.testing.assert_close(slope, torch.zeros(3, dtype=torch.float64), atol=1e-9, rtol=0)


def test_the_losses_of_classifier_and_generator(stubbed, batch, stream):
    recipe = stubbed(p=0.8, alpha=0.25, generated=0.1, generated_from=0.0, sure=0.3, balance=2.0, decay=0.01)
    body = recipe.step(stream(batch))
    next(body)
    torch.manual_seed(5)
    moves = next(body)
    assert set(moves) == {"classifier", "generator"}
    torch.manual_seed(5)
    drawn = recipe.classes.drawn(8)
    logs = torch.tensor([0.1, 0.8, 0.1]).log()
    expected = {
        "game": 0.25 * 0.8 * softplus(torch.tensor(0.7)),  # the most likely label is 1, whose score is -0.7
        "label": -logs[batch["label"]].mean(),
        "sure": 0.3 * -(logs.exp() * logs).sum(),
        "balance": 2 * -logs.mean(),
        "decay": 0.01 * torch.tensor(5.0),
        "generated": 0.1 * -logs[drawn].mean(),
    }
    torch.testing.assert_close(dict(moves["classifier"]), expected)
    torch.testing.assert_close(moves["generator"]["game"], 0.75 * softplus(torch.tensor(-9.0)))


def test_the_gradient_of_the_classifiers_game_flows_through_its_probability(stubbed, batch, stream):
    recipe = stubbed(p=0.8, alpha=1 - 1e-9)
    body = recipe.step(stream(batch))
    next(body)
    game, logits = next(body)["classifier"]["game"], recipe.classifier.module.logits
    (slope,) = torch.autograd.grad(game, logits)
    ell = softplus(torch.tensor(0.7))
    torch.testing.assert_close(slope, ell * 0.8 * torch.tensor([-0.1, 0.2, -0.1]))


def test_the_generators_labels_are_learned_later(stubbed, batch, stream):
    recipe = stubbed(generated_from=0.3)
    for step, learned in ((29, False), (30, True)):
        context = Context(progress=Progress(step, 100))
        for module in recipe.modules():
            if isinstance(module, Informed):
                module.context = context
        body = recipe.step(stream(batch))
        next(body)
        assert ("generated" in next(body)["classifier"]) == learned


def test_weighed_is_the_mean_of_each_pairs_loss(factory):
    scores, weights = torch.randn(5, 1), torch.rand(5)
    for name, loss in (("non-saturating", softplus(-scores)), ("hinge", -scores), ("lsgan", (scores - 1).square())):
        torch.testing.assert_close(weighed(factory(name, "loss")(), scores, weights), (loss[:, 0] * weights).mean())


def test_entropy_and_imbalance():
    even = torch.zeros(4, 3)
    assert (entropy(even).item(), imbalance(even).item()) == pytest.approx((log(3), log(3)))
    each = 50 * torch.eye(3)  # sure of each image, and each label as often
    assert entropy(each).item() == pytest.approx(0, abs=1e-6)
    assert imbalance(each).item() == pytest.approx(log(3))
    one = torch.tensor([[0.8, 0.1, 0.1]]).log().expand(6, 3)
    assert imbalance(one).item() == pytest.approx(-(log(0.8) + 2 * log(0.1)) / 3)


@pytest.mark.parametrize("loss", ["non-saturating", "lsgan"])
def test_all_move(loss, triple_gan, batch, stream, run_steps):
    recipe = triple_gan(loss, generated_from=0.0)
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (moves,) = run_steps(recipe, stream(batch))
    assert list(moves) == ["discriminator", "classifier", "generator"]
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_where_few_labels_are_known_the_classifier_learns_alone_at_first(triple_gan, batch, stream):
    recipe = triple_gan(labels=100, alone=0.25)
    assert [(stage.name, stage.share) for stage in recipe.stages()] == [("classifier", 0.25), ("game", 0.75)]
    assert [stage.name for stage in triple_gan(labels=101, alone=0.25).stages()] == ["game"]
    recipe.context.spans = (Span("classifier", 0, 1), Span("game", 1, 4))
    (player,) = recipe.players().values()
    assert (player.networks, player.learning_rate) == ((recipe.classifier,), 3e-4)
    moves = dict(recipe.step(stream(batch)))
    assert list(moves) == ["classifier"]
    assert list(moves["classifier"]) == ["label", "sure", "balance", "decay"]


def test_the_networks_are_the_authors(factory, make_build):
    build = make_build(generator="triple-gan", discriminator="triple-gan", normalization=("batch", "none"))
    with without_values():
        generator = factory("triple-gan", "generator")(GeneratorSpec(latent=100, classes=10, outputs=1, size=28), build)
        discriminator = factory("triple-gan", "discriminator")(
            DiscriminatorSpec(channels=1, classes=10, size=28), build
        )
        classifier = Classifier(1, 10, (28, 28), build.normalization("generator"), filters=32, dropout=0.5)

    def shapes(network):
        return [(layer.in_features, layer.out_features) for layer in network.modules() if isinstance(layer, nn.Linear)]

    assert shapes(generator) == [(110, 500), (510, 500), (510, 784)]
    assert shapes(discriminator) == [(794, 1000), (1010, 500), (510, 250), (260, 250), (260, 250), (260, 1)]
    noises = [layer.deviation for layer in discriminator.modules() if isinstance(layer, Noisy)]
    assert sorted(noises) == [0.3, 0.5, 0.5, 0.5, 0.5, 0.5]
    layers = [layer for layer in classifier.modules() if isinstance(layer, nn.Conv2d)]
    assert [(layer.out_channels, layer.kernel_size[0], layer.padding[0]) for layer in layers] == [
        (32, 5, 0),
        (64, 3, 1),
        (64, 3, 0),
        (128, 3, 1),
        (128, 3, 1),
    ]


def test_weights_of_the_discriminator_have_length_1_and_noise_comes_in_training_alone(triple_gan, batch):
    network = triple_gan().discriminator
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            torch.testing.assert_close(layer.weight.norm(dim=1), torch.ones(layer.out_features))
    noisy = Noisy(0.5)
    assert not torch.equal(noisy(batch["image"]), batch["image"])
    assert torch.equal(noisy.eval()(batch["image"]), batch["image"])


def test_another_norm_of_weights_stands_in_for_the_generators_own(factory, make_build):
    spec = GeneratorSpec(latent=4, classes=3, outputs=1, size=12)
    norms = {}
    for normalization in ("batch", "spade"):
        build = make_build(generator="triple-gan", normalization=(normalization, "none"))
        network = factory("triple-gan", "generator")(spec, build, units=6)
        assert network(torch.randn(2, 4), torch.tensor([0, 2])).shape == (2, 1, 12, 12)
        (norm,) = network.layers[-1][0].parametrizations.weight
        norms[normalization] = type(norm).__name__
    assert norms == {"batch": "UnitRows", "spade": "_SpectralNorm"}


def test_its_graphs(triple_gan, batch):
    recipe = triple_gan().eval()
    graphs = recipe.graphs()
    assert list(graphs) == ["generator", "classify"]
    torch.testing.assert_close(graphs["classify"].network(batch["image"]), recipe.classifier(batch["image"]).softmax(1))
    assert graphs["classify"].outputs[0].length == 3


def test_the_known_labels_follow_from_the_seed(triple_gan):
    torch.manual_seed(9)
    assert str(triple_gan(labels=12).few) == "12 labels 9"


def test_what_cannot_be(triple_gan):
    for game in ("wgan-gp", "pggan", "relativistic"):
        with pytest.raises(Unsupported, match="triple-gan weighs the loss of each pair by itself"):
            triple_gan(game)
    with pytest.raises(Unsupported, match="images of 12 pixels to a side at least, not 8"):
        triple_gan(size=8)
    with pytest.raises(UsageError, match="alpha between 0 and 1"):
        triple_gan(alpha=1)
