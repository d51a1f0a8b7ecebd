"""CGAN: both networks are told the label; its networks in closed form; what it refuses."""

import pytest
import torch
from torch import nn
from torch.nn.functional import one_hot, relu, softplus

from gantk import DataError, DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk.parts.context import Progress
from gantk.parts.scheduled import value_at
from gantk.plan.settings import RunSettings

LABELS = ("cat", "dog", "hen")
GENERATOR = {"noise_units": 4, "label_units": 6, "units": 8}
DISCRIMINATOR = {"units": 4, "pieces": 3, "label_units": 5, "joint_pieces": 2}


@pytest.fixture
def cgan(factory):
    return factory("cgan", "recipe")


@pytest.fixture
def build(make_build):
    """Return a function that makes a small CGAN's Build."""

    def make(**said):
        asked = {
            "kind": "labelled",
            "classes": LABELS,
            "generator": "cgan",
            "discriminator": "cgan",
            "loss": "non-saturating",
            "normalization": ("none", "none"),
            "generator_options": GENERATOR,
            "discriminator_options": DISCRIMINATOR,
        }
        return make_build(**asked | said)

    return make


@pytest.fixture
def batch(pictures):
    return {"image": pictures("3d", 4), "label": torch.tensor([2, 0, 0, 1])}


class LabelTimesMean(nn.Module):
    """Scores an image under a label with the label times its mean."""

    def forward(self, image, label):
        return label * image.mean((1, 2, 3))


def test_losses_in_closed_form(cgan, build, batch):
    recipe = cgan(build(generator_options=GENERATOR | {"dropout": 0.0}))
    recipe.discriminator.module = LabelTimesMean()
    x, y = batch["image"], batch["label"]

    torch.manual_seed(7)
    moves = list(recipe.step(iter([batch])))
    torch.manual_seed(7)
    noise = [torch.rand(4, 100) * 2 - 1 for _ in range(2)]
    first, second = (y * recipe.generator(z, y).mean((1, 2, 3)) for z in noise)
    assert [player for player, _ in moves] == ["discriminator", "generator"]
    judged = softplus(-y * x.mean((1, 2, 3))).mean() + softplus(first).mean()
    assert torch.allclose(moves[0][1]["game"], judged)
    assert torch.allclose(moves[1][1]["game"], softplus(-second).mean())


def test_each_player_moves_all_of_its_network(cgan, build, batch, stream, run_steps):
    recipe = cgan(build())
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (losses,) = run_steps(recipe, stream(batch))
    assert list(losses) == ["discriminator", "generator"]
    assert all(not torch.equal(value, before[name]) for name, value in recipe.named_parameters())
    assert set(recipe.state_dict()) == set(before)  # it has no state but its weights


def test_the_label_matters_to_both_networks(cgan, build, batch):
    recipe = cgan(build()).eval()
    for parameter in recipe.parameters():
        nn.init.normal_(parameter)
    noise = recipe.latent.fixed(3)
    images = [recipe.generator(noise, torch.full((3,), label)) for label in range(3)]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert (images[one] - images[other]).abs().amax((1, 2, 3)).min() > 1e-3
    scores = [recipe.discriminator(batch["image"], torch.full((4,), label)) for label in range(3)]
    assert len({score[0].item() for score in scores}) == 3


def test_networks_in_closed_form(build, batch):
    """An embedding is the one-hot label times a matrix, as the paper writes it."""
    made, y = build(), batch["label"]
    hot = one_hot(y, 3).float()
    generator = made.generator(GeneratorSpec(latent=5, classes=3, size=32)).eval().module
    z = torch.randn(4, 5)
    first = torch.cat([relu(generator.own[0](z)), relu(hot @ generator.label[0].weight)], 1)
    expected = 2 * generator.last.layer(relu(generator.joint[1](first))).sigmoid() - 1
    assert torch.allclose(generator(z, y), expected.view(4, 3, 32, 32), atol=1e-6)

    discriminator = made.discriminator(DiscriminatorSpec(channels=3, classes=3, size=32)).eval().module
    of_image = discriminator.own[2].layer((batch["image"].flatten(1) + 1) / 2).view(4, 3, 4).amax(1)
    of_label = (hot @ discriminator.label.layer.weight).view(4, 3, 5).amax(1)
    joint = discriminator.joint[1].layer(torch.cat([of_image, of_label], 1)).view(4, 2, 4).amax(1)
    assert torch.allclose(discriminator(batch["image"], y), discriminator.last(joint))


def test_networks_of_the_paper(make_build):
    with torch.device("meta"):
        build = make_build(generator="cgan", discriminator="cgan", normalization=("none", "none"))
        generator = build.generator(GeneratorSpec(latent=100, classes=10, outputs=1, size=28)).module
        discriminator = build.discriminator(DiscriminatorSpec(channels=1, classes=10, size=28)).module

    def shapes(network):
        kinds = nn.Linear | nn.Embedding
        return [tuple(layer.weight.shape) for layer in network.modules() if isinstance(layer, kinds)]

    assert shapes(generator) == [(200, 100), (10, 1000), (1200, 1200), (784, 1200)]
    assert shapes(discriminator) == [(240 * 5, 784), (10, 50 * 5), (240 * 4, 290), (1, 240)]
    dropouts = [
        layer.p for net in (generator, discriminator) for layer in net.modules() if isinstance(layer, nn.Dropout)
    ]
    assert dropouts == [0.5] * 4


def test_labels_begin_with_as_much_say_as_noise_and_with_more_than_digits(make_build):
    """What reaches the generator's joint layer has one variance from either side; in the discriminator labels lead."""
    build = make_build(generator="cgan", discriminator="cgan", normalization=("none", "none"))
    generator = build.generator(GeneratorSpec(latent=100, classes=10, outputs=1, size=28)).module
    noise = generator.own[0](torch.rand(100, 100) * 2 - 1)
    assert noise.var().item() * 200 == pytest.approx(generator.label[0].weight.var().item() * 1000, rel=0.15)

    discriminator = build.discriminator(DiscriminatorSpec(channels=1, classes=10, size=28)).module
    digits = torch.nn.functional.normalize(torch.rand(100, 784)) * 10
    seen = discriminator.own[2].layer(digits)
    assert seen.var().item() * 240 * 5 == pytest.approx(discriminator.label.layer.weight.var().item() * 50, rel=0.15)


def test_scores_belong_to_features(build, batch):
    critic = build().discriminator(DiscriminatorSpec(channels=3, classes=3, size=32)).eval().given(batch["label"])
    scores, features = critic.both(batch["image"])
    assert torch.equal(scores, critic(batch["image"]))
    assert [feature.shape for feature in features] == [(4, 9), (4, 4)]


def test_preview_has_a_column_a_label_and_the_same_noise_along_a_row(cgan, build, batch):
    recipe = cgan(build()).eval()
    columns = recipe.preview(batch)
    assert list(columns) == [*LABELS, "real"]
    again = recipe.preview(batch)
    assert all(torch.equal(images, again[name]) for name, images in columns.items())
    noise = recipe.latent.fixed(8)
    assert torch.equal(columns["hen"], recipe.generator(noise, torch.full((8,), 2)))


def test_a_preview_of_many_labels_stays_a_picture(cgan, build, batch):
    recipe = cgan(build(classes=tuple(f"name {label}" for label in range(40))))
    assert len(recipe.preview(batch)) == 11


def test_its_graph_takes_noise_and_a_label(cgan, build):
    (graph,) = cgan(build()).graphs().values()
    latent, label = graph.inputs
    assert (latent.length, latent.distribution) == (100, "uniform")
    assert (label.name, label.count, label.names) == ("label", 3, LABELS)
    assert graph.network(latent.drawn(2), label.drawn(2)).shape == (2, 3, 32, 32)


@pytest.mark.parametrize("norm", ["batch", "layer", "spectral"])
def test_trains_with_norms(norm, cgan, build, batch, stream, run_steps):
    (losses,) = run_steps(cgan(build(normalization=(norm, norm))), stream(batch))
    assert all(value.isfinite() for moved in losses.values() for value in moved.values())


def test_dense_parts_can_be_told_a_label_too(cgan, build, batch, stream, run_steps):
    options = {"generator_options": {"units": 4}, "discriminator_options": {"units": 4}}
    recipe = cgan(build(generator="gan", discriminator="gan", **options))
    (losses,) = run_steps(recipe, stream(batch))
    assert list(losses) == ["discriminator", "generator"]


def test_data_must_name_its_labels(cgan, build):
    with pytest.raises(DataError, match="labels have no names"):
        cgan(build(classes=()))


@pytest.mark.parametrize("asked", [{"inputs": 3}, {"latent": None}, {"classes": None}, {"domains": 2}])
def test_what_the_generator_cannot_do(asked, build):
    with pytest.raises(Unsupported, match="^(translates no|needs a latent|needs class|takes no target)"):
        build().generator(GeneratorSpec(**{"latent": 5, "classes": 3, "size": 32} | asked))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"classes": None}, "needs class labels"),
        ({"condition_channels": 3}, "under other images"),
        ({"joint_latent": 8}, "no latent vectors"),
        ({"output": "energies"}, "scores, not energies"),
    ],
)
def test_what_the_discriminator_cannot_do(asked, reason, build):
    with pytest.raises(Unsupported, match=reason):
        build().discriminator(DiscriminatorSpec(**{"channels": 3, "classes": 3, "size": 32} | asked))


@pytest.mark.parametrize(
    ("part", "options"),
    [("generator", {"noise_units": 0}), ("generator", {"dropout": 1.0}), ("discriminator", {"joint_pieces": 0})],
)
def test_wrong_options(part, options, cgan, build):
    with pytest.raises(UsageError, match=r"widths and pieces >= 1 and 0 <= dropout < 1, not .*="):
        cgan(build(**{f"{part}_options": options}))


def test_settings_of_the_paper(cgan):
    said = cgan.settings.said()
    assert (said["optimizer"], said["learning_rate"], said["batch_size"]) == ("sgd", 0.1, 100)
    assert cgan.kind == "labelled"


def test_rate_and_momentum_follow_the_papers_schedules(cgan):
    points = [Progress(step, 50_000) for step in (0, 25_000, 50_000)]
    factor, momentum = RunSettings(**cgan.settings.said()).rate_factor, cgan.settings.betas[0]
    assert [value_at(factor, point) for point in points] == pytest.approx([1.0, 1.00004**-25_000, 1.00004**-50_000])
    assert value_at(factor, Progress(10**6, 10**6)) * 0.1 == pytest.approx(1e-6)
    assert [value_at(momentum, point) for point in points] == pytest.approx([0.5, 0.5 + 0.2 * 124 / 249, 0.7])
