"""The GAN's dense networks: the authors' layers, their closed forms, what they read, and what they refuse."""

import pytest
import torch
from torch import nn
from torch.nn.functional import relu

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError


def still(**options):
    """Return options of a small discriminator without dropout."""
    return {"units": 4, "pieces": 3, "input_dropout": 0.0, "dropout": 0.0} | options


def test_networks_of_the_authors_configuration(build_gan):
    with torch.device("meta"):
        build = build_gan(generator_options={}, discriminator_options={})
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
def test_initial_weights(initial, spread, largest, deviation, build_gan):
    options = {"units": 60, "initial": initial, "spread": spread}
    made = build_gan(generator_options=options).generator(GeneratorSpec(latent=60, outputs=3, size=8))
    layers = [layer for layer in made.modules() if isinstance(layer, nn.Linear)]
    assert all(layer.bias.eq(0).all() for layer in layers)
    weights = torch.cat([layer.weight.flatten() for layer in layers])
    assert weights.abs().max() <= largest
    assert weights.std().item() == pytest.approx(deviation, rel=0.05)


def test_networks_in_closed_form(build_gan):
    made = build_gan(discriminator_options=still())
    generator = made.generator(GeneratorSpec(latent=5, outputs=3, size=8)).module
    z, x = torch.randn(4, 5), torch.rand(4, 3, 8, 8)
    hidden = relu(generator.stages[1][0](relu(generator.stages[0][0](z))))
    assert torch.allclose(generator(z), 2 * generator.image.layer(hidden).sigmoid().view(4, 3, 8, 8) - 1, atol=1e-6)
    assert torch.equal(generator.features(z)[1], hidden)

    discriminator = made.discriminator(DiscriminatorSpec(channels=3, size=8)).module
    first, second = (stage[0].layer for stage in discriminator.stages)
    hidden = second(first((x.flatten(1) + 1) / 2).view(4, 3, 4).amax(1)).view(4, 3, 4).amax(1)
    assert torch.allclose(discriminator(x), discriminator.scores(hidden))


def test_scores_belong_to_features(build_gan):
    critic = build_gan().discriminator(DiscriminatorSpec(channels=3, size=8)).eval().given()
    x = torch.rand(4, 3, 8, 8)
    scores, features = critic.both(x)
    assert torch.equal(scores, critic(x))
    assert scores.shape == (4, 1)
    assert [feature.shape for feature in features] == [(4, 4), (4, 4)]


def test_dropped_pixels_are_black(build_gan):
    reading = build_gan().discriminator(DiscriminatorSpec(channels=1, size=100)).module.read
    image = torch.full((1, 1, 100, 100), 0.5)
    read = reading(image)
    assert read.eq(0).float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert torch.allclose(read[read != 0], torch.tensor(0.75 / 0.8))
    assert torch.equal(reading.eval()(image), torch.full_like(image, 0.75))


def test_points_are_images_of_one_pixel(factory, build_gan, stream, run_steps):
    """PacGAN's toy networks: batch norm in the generator, no dropout, and values beyond [-1, 1]."""
    made = build_gan(
        size=1,
        channels={"image": 2},
        normalization=("batch", "none"),
        generator_options={"units": 5, "layers": 4, "output": "linear", "initial": "normal", "spread": 2.0},
        discriminator_options=still(layers=3, window="signed", initial="normal", spread=0.02),
    )
    recipe = factory("gan", "recipe")(made, latent=2)
    run_steps(recipe, stream({"image": torch.randn(6, 2, 1, 1)}))
    points = recipe.eval().generator(recipe.latent.fixed(64))
    assert points.shape == (64, 2, 1, 1)
    assert points.abs().max() > 1
    assert sum(isinstance(part, nn.BatchNorm2d) for part in recipe.generator.modules()) == 4


def test_refuses_batch_norm_of_a_single_sample(build_gan):
    network = build_gan(normalization=("batch", "none")).generator(GeneratorSpec(latent=5, outputs=3, size=8))
    with pytest.raises(UsageError, match="--batch-size of at least 2"):
        network(torch.rand(1, 5))
    assert network.eval()(torch.rand(1, 5)).shape == (1, 3, 8, 8)


def test_discriminator_reads_points_conditions_and_labels(build_gan):
    asked = DiscriminatorSpec(channels=3, condition_channels=1, size=8, classes=4, joint_latent=5)
    network = build_gan(discriminator_options=still(initial="normal", spread=1.0)).discriminator(asked)
    given = [torch.rand(2, 3, 8, 8), torch.rand(2, 5), torch.rand(2, 1, 8, 8), torch.tensor([0, 3])]
    scores = network(*given)
    for place, other in enumerate(
        [torch.rand(2, 3, 8, 8), torch.rand(2, 5), torch.rand(2, 1, 8, 8), torch.tensor([1, 2])]
    ):
        changed = [*given[:place], other, *given[place + 1 :]]
        assert (network(*changed) != scores).all()


@pytest.mark.parametrize("asked", [{"inputs": 3}, {"latent": None}, {"domains": 2}])
def test_generator_refuses_images_and_domains(asked, build_gan):
    with pytest.raises(Unsupported, match="translates no images|needs a latent vector|no target domains"):
        build_gan().generator(GeneratorSpec(**{"latent": 5, "size": 8} | asked))


def test_discriminator_refuses_energies(build_gan):
    with pytest.raises(Unsupported, match="scores, not energies"):
        build_gan().discriminator(DiscriminatorSpec(channels=3, size=8, output="energies"))
