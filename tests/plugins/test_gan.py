"""The GAN: its losses, who moves what, its dense networks in closed form, and what these refuse."""

from math import log

import pytest
import torch
from torch import nn
from torch.nn.functional import relu, softplus

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk_plugins.dense import Maxout, VectorNorm, joined

NAMED = {"generator": "gan", "discriminator": "gan", "loss": "non-saturating", "normalization": ("none", "none")}
SMALL = {"generator_options": {"units": 6, "layers": 2}, "discriminator_options": {"units": 4, "pieces": 3}}


@pytest.fixture
def gan(factory):
    return factory("gan", "recipe")


@pytest.fixture
def build(make_build):
    """Return a function that makes a small GAN's Build."""

    def make(**said):
        return make_build(**{"kind": "images", "size": 8, "channels": {"image": 3}, **NAMED, **SMALL} | said)

    return make


def still(**options):
    """Return options of a small discriminator without dropout."""
    return {"units": 4, "pieces": 3, "input_dropout": 0.0, "dropout": 0.0} | options


class Fixed(nn.Module):
    """A network that scores images with the sum of their pixels times a weight."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, image):
        return self.weight * image.sum((1, 2, 3))


def test_the_step_is_the_papers(gan, build):
    """D(x) = sigmoid(w sum(x)): the discriminator's loss comes first, of fresh noise, then the generator's."""
    recipe = gan(build(discriminator_options=still()), latent=5)
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


def test_each_player_moves_its_own_network(gan, build, pictures, stream, run_steps):
    recipe = gan(build(size=32))
    batches = stream({"image": pictures("3d", 4)})
    recipe.prepare(batches)
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (losses,) = run_steps(recipe, batches)
    assert list(losses) == ["discriminator", "generator"]
    assert all(not torch.equal(value, before[name]) for name, value in recipe.named_parameters())
    assert set(recipe.state_dict()) == set(before)  # it has no state but its weights


def test_the_generator_begins_at_the_mean_image(gan, build, pictures, stream):
    images, options = pictures("3d", 8), {"units": 6, "spread": 1e-6}
    batches = stream({"image": images})
    recipe = gan(build(size=32, generator_options=options))
    recipe.prepare(batches)
    assert batches.taken == 1000 / 8
    first = recipe.generator(torch.randn(1, 100))[0]
    assert torch.allclose(first, images.mean(0), atol=2 / 255 + 1e-4)
    assert first.abs().max() < 1  # where a sigmoid could not learn

    linear = gan(build(size=32, generator_options=options | {"output": "linear"}))
    linear.prepare(batches)
    assert linear.generator(torch.randn(1, 100)).abs().max() < 1e-3


def test_the_generator_waits_for_the_critic_steps(gan, build, pictures, stream, run_steps):
    recipe = gan(build(size=32))
    log = run_steps(recipe, stream({"image": pictures("3d", 2)}), steps=4, critic_steps=2)
    assert [list(losses) for losses in log] == [["discriminator"], ["discriminator", "generator"]] * 2


def test_at_its_start_the_game_is_undecided(gan, make_build, pictures, stream, run_steps):
    """The paper's initial weights are so small that D(x) is a half: its loss is 2 log 2, the generator's log 2."""
    build = make_build(kind="images", **NAMED, discriminator_options={"units": 24}, generator_options={"units": 24})
    (losses,) = run_steps(gan(build), stream({"image": pictures("3d", 8)}))
    assert losses["discriminator"]["game"].item() == pytest.approx(2 * log(2), abs=1e-2)
    assert losses["generator"]["game"].item() == pytest.approx(log(2), abs=1e-2)


def test_previews_show_the_same_noise_at_every_call(gan, build):
    recipe = gan(build()).eval()
    real = torch.rand(8, 3, 8, 8)
    first, second = (recipe.preview({"image": real}) for _ in range(2))
    assert list(first) == ["generated", "real"]
    assert torch.equal(first["generated"], second["generated"])
    assert torch.allclose(first["generated"][8], recipe.generator(recipe.latent.fixed(9, seed=0))[8], atol=1e-6)
    assert first["real"] is real


def test_its_graph_makes_images_of_noise(gan, build):
    recipe = gan(build(), latent=7)
    (graph,) = recipe.graphs().values()
    (latent,) = graph.inputs
    assert (graph.task, graph.outputs, latent.length, latent.distribution) == ("generate", ("image",), 7, "normal")
    assert graph.network(latent.drawn(2)).shape == (2, 3, 8, 8)


def test_networks_of_the_authors_configuration(make_build):
    with torch.device("meta"):
        build = make_build(**NAMED)
        generator = build.generator(GeneratorSpec(latent=100, outputs=1, size=28))
        discriminator = build.discriminator(DiscriminatorSpec(channels=1, size=28))
    dense = {
        "generator": [(100, 1200), (1200, 1200), (1200, 784)],
        "discriminator": [(784, 1200), (240, 1200), (240, 1)],
    }
    for network in (generator, discriminator):
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        assert [(layer.in_features, layer.out_features) for layer in layers] == dense[network.role]
    assert [layer.p for layer in discriminator.modules() if isinstance(layer, nn.Dropout)] == [0.2, 0.5, 0.5]


@pytest.mark.parametrize(
    ("initial", "spread", "largest", "deviation"),
    [("uniform", 0.3, 0.3, 0.3 / 3**0.5), ("normal", 0.3, 2.0, 0.3), ("he", 0.3, (6 / 60) ** 0.5, (2 / 60) ** 0.5)],
)
def test_initial_weights(initial, spread, largest, deviation, build):
    options = {"units": 60, "initial": initial, "spread": spread}
    made = build(generator_options=options).generator(GeneratorSpec(latent=60, outputs=3, size=8))
    layers = [layer for layer in made.modules() if isinstance(layer, nn.Linear)]
    assert all(layer.bias.eq(0).all() for layer in layers)
    weights = torch.cat([layer.weight.flatten() for layer in layers])
    assert weights.abs().max() <= largest
    assert weights.std().item() == pytest.approx(deviation, rel=0.05)


def test_maxout_in_closed_form():
    layer = nn.Linear(2, 6, bias=False)
    layer.weight.data = torch.tensor([[1.0, 0], [2, 0], [0, 1], [0, -3], [-1, -1], [0, 0]])
    # The first unit is max(x, y, -x - y), the second max(2x, -3y, 0).
    units = Maxout(layer, 3)(torch.tensor([[1.0, 2.0], [-1.0, -4.0], [3.0, -0.5], [-1.0, 1.0]]))
    assert units.tolist() == [[2, 2], [5, 12], [3, 6], [1, 0]]


def test_networks_in_closed_form(build):
    made = build(discriminator_options=still())
    generator = made.generator(GeneratorSpec(latent=5, outputs=3, size=8)).module
    z, x = torch.randn(4, 5), torch.rand(4, 3, 8, 8)
    hidden = relu(generator.stages[1][0](relu(generator.stages[0][0](z))))
    assert torch.allclose(generator(z), 2 * generator.image.layer(hidden).sigmoid().view(4, 3, 8, 8) - 1, atol=1e-6)
    assert torch.equal(generator.features(z)[1], hidden)

    discriminator = made.discriminator(DiscriminatorSpec(channels=3, size=8)).module
    first, second = (stage[0].layer for stage in discriminator.stages)
    hidden = second(first((x.flatten(1) + 1) / 2).view(4, 3, 4).amax(1)).view(4, 3, 4).amax(1)
    assert torch.allclose(discriminator(x), discriminator.scores(hidden))


def test_scores_belong_to_features(build):
    critic = build().discriminator(DiscriminatorSpec(channels=3, size=8)).eval().given()
    x = torch.rand(4, 3, 8, 8)
    scores, features = critic.both(x)
    assert torch.equal(scores, critic(x))
    assert scores.shape == (4, 1)
    assert [feature.shape for feature in features] == [(4, 4), (4, 4)]


def test_dropped_pixels_are_black(build):
    reading = build().discriminator(DiscriminatorSpec(channels=1, size=100)).module.read
    image = torch.full((1, 1, 100, 100), 0.5)
    read = reading(image)
    assert read.eq(0).float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert torch.allclose(read[read != 0], torch.tensor(0.75 / 0.8))
    assert torch.equal(reading.eval()(image), torch.full_like(image, 0.75))


def test_labels_are_joined_as_one_hot_vectors():
    vector, image = torch.rand(2, 3), torch.rand(2, 1, 2, 2)
    expected = [
        [*vector[i].tolist(), *image[i].flatten().tolist(), *row] for i, row in enumerate([[0, 0, 1], [1, 0, 0]])
    ]
    assert joined((vector, image, torch.tensor([2, 0])), 3).tolist() == expected


def test_points_are_images_of_one_pixel(gan, build, stream, run_steps):
    """PacGAN's toy networks: batch norm in the generator, no dropout, and values beyond [-1, 1]."""
    made = build(
        size=1,
        channels={"image": 2},
        normalization=("batch", "none"),
        generator_options={"units": 5, "layers": 4, "output": "linear", "initial": "normal", "spread": 2.0},
        discriminator_options=still(layers=3, window="signed", initial="normal", spread=0.02),
    )
    recipe = gan(made, latent=2)
    run_steps(recipe, stream({"image": torch.randn(6, 2, 1, 1)}))
    points = recipe.eval().generator(recipe.latent.fixed(64))
    assert points.shape == (64, 2, 1, 1)
    assert points.abs().max() > 1
    assert sum(isinstance(part, nn.BatchNorm2d) for part in recipe.generator.modules()) == 4


@pytest.mark.parametrize("name", ["batch", "layer", "spectral", "none"])
def test_normalizes_dense_layers(name, gan, build, pictures, stream, run_steps):
    recipe = gan(build(size=32, normalization=(name, name)))
    (losses,) = run_steps(recipe, stream({"image": pictures("3d", 4)}))
    assert all(value.isfinite() for moved in losses.values() for value in moved.values())


def test_batch_norm_of_vectors_in_closed_form(factory):
    x = torch.randn(5, 3)
    norm = VectorNorm(factory("batch", "normalization")(), 3)
    assert torch.allclose(norm(x), (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt(), atol=1e-6)


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_refuses_a_norm_over_pixels(role, gan, build):
    chosen = {"generator": ("instance", "none"), "discriminator": ("none", "instance")}[role]
    with pytest.raises(Unsupported, match="has dense layers, which this normalization cannot serve"):
        gan(build(normalization=chosen))


def test_refuses_batch_norm_of_a_single_sample(build):
    network = build(normalization=("batch", "none")).generator(GeneratorSpec(latent=5, outputs=3, size=8))
    with pytest.raises(UsageError, match="--batch-size of at least 2"):
        network(torch.rand(1, 5))
    assert network.eval()(torch.rand(1, 5)).shape == (1, 3, 8, 8)


def test_discriminator_reads_points_conditions_and_labels(build):
    asked = DiscriminatorSpec(channels=3, condition_channels=1, size=8, classes=4, joint_latent=5)
    network = build(discriminator_options=still(initial="normal", spread=1.0)).discriminator(asked)
    given = [torch.rand(2, 3, 8, 8), torch.rand(2, 5), torch.rand(2, 1, 8, 8), torch.tensor([0, 3])]
    scores = network(*given)
    for place, other in enumerate(
        [torch.rand(2, 3, 8, 8), torch.rand(2, 5), torch.rand(2, 1, 8, 8), torch.tensor([1, 2])]
    ):
        changed = [*given[:place], other, *given[place + 1 :]]
        assert (network(*changed) != scores).all()


@pytest.mark.parametrize("asked", [{"inputs": 3}, {"latent": None}, {"domains": 2}])
def test_generator_refuses_images_and_domains(asked, build):
    with pytest.raises(Unsupported, match="makes images of a latent vector"):
        build().generator(GeneratorSpec(**{"latent": 5, "size": 8} | asked))


def test_discriminator_refuses_energies(build):
    with pytest.raises(Unsupported, match="scores, not energies"):
        build().discriminator(DiscriminatorSpec(channels=3, size=8, output="energies"))


@pytest.mark.parametrize(
    ("part", "options", "message"),
    [
        ("generator", {"units": 0}, "units >= 1"),
        ("generator", {"layers": 0}, "layers >= 1"),
        ("generator", {"spread": 0.0}, "spread above 0"),
        ("discriminator", {"pieces": 0}, "pieces >= 1"),
        ("discriminator", {"dropout": 1.0}, r"dropouts in \[0, 1\)"),
        ("discriminator", {"input_dropout": -0.1}, r"dropouts in \[0, 1\)"),
    ],
)
def test_wrong_options(part, options, message, gan, build):
    with pytest.raises(UsageError, match=message):
        gan(build(**{f"{part}_options": options}))


def test_settings_of_the_authors(gan):
    said = gan.settings.said()
    assert (said["optimizer"], said["learning_rate"], said["betas"][0], said["batch_size"]) == ("sgd", 0.1, 0.5, 100)
