"""DCGAN: the paper's networks, the sizes they take, what is refused, and that parts and recipe train."""

import pytest
import torch
from torch import nn
from torch.nn.functional import leaky_relu, pad

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError

NAMED = {"generator": "dcgan", "discriminator": "dcgan", "loss": "non-saturating", "normalization": ("batch", "batch")}


@pytest.fixture
def dcgan(factory):
    return factory("dcgan", "recipe")


@pytest.fixture
def build(make_build):
    """Return a function that makes a small DCGAN's Build."""

    def make(**said):
        small = {"generator_options": {"filters": 2}, "discriminator_options": {"filters": 2}}
        return make_build(**{"kind": "images", **NAMED, **small} | said)

    return make


def convolutions(network):
    kinds = nn.Conv2d | nn.ConvTranspose2d
    return [(layer.in_channels, layer.out_channels) for layer in network.modules() if isinstance(layer, kinds)]


def test_networks_of_the_papers_figure(make_build):
    with torch.device("meta"):
        build = make_build(**NAMED)
        generator = build.generator(GeneratorSpec(latent=100, size=64)).module
        discriminator = build.discriminator(DiscriminatorSpec(channels=3, size=64)).module
    assert convolutions(generator) == [(1024, 512), (512, 256), (256, 128), (128, 3)]
    assert convolutions(discriminator) == [(3, 128), (128, 256), (256, 512), (512, 1024)]
    assert [stage(torch.zeros(2, 100, device="meta")).shape[1:] for stage in generator.stages[:1]] == [(1024, 4, 4)]
    assert discriminator.scores[1].in_features == 1024 * 4 * 4
    for network in (generator, discriminator):
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
        assert all((layer.kernel_size, layer.stride) == ((5, 5), (2, 2)) for layer in layers)


def test_norms_stand_where_the_paper_wants_them(build):
    """In all but the generator's last layer and the discriminator's first."""
    made = build()

    def kinds(modules):
        return [[type(layer) for layer in stage if not isinstance(layer, nn.Unflatten)] for stage in modules]

    generator = made.generator(GeneratorSpec(latent=5, size=32)).module
    up = nn.ConvTranspose2d
    inner = [[layer, nn.BatchNorm2d, nn.ReLU] for layer in (nn.Linear, up, up)]
    assert kinds([*generator.stages, generator.image]) == [*inner, [up, nn.Tanh]]

    discriminator = made.discriminator(DiscriminatorSpec(channels=3, size=32)).module
    inner = [[nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU]] * 2
    assert kinds([*discriminator.stages, discriminator.scores]) == [
        [nn.Conv2d, nn.LeakyReLU],
        *inner,
        [nn.Flatten, nn.Linear],
    ]


def test_initial_weights_of_the_paper(dcgan, build):
    options = {"generator_options": {"filters": 16}, "discriminator_options": {"filters": 16}}
    recipe = dcgan(build(**options))
    for layer in recipe.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d) and layer.weight.numel() > 1000:
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.weight.mean().item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize(("size", "layers"), [(8, 1), (14, 1), (20, 2), (28, 2), (32, 3), (96, 4), (128, 5)])
def test_sizes(size, layers, upsampling, kernel, build):
    made = build(
        size=size,
        generator_options={"filters": 2, "kernel": kernel, "upsampling": upsampling},
        discriminator_options={"filters": 2, "kernel": kernel},
    )
    generator = made.generator(GeneratorSpec(latent=5, outputs=1, size=size))
    image = generator(torch.randn(2, 5))
    assert image.shape == (2, 1, size, size)
    assert image.abs().max() <= 1
    discriminator = made.discriminator(DiscriminatorSpec(channels=1, size=size))
    assert discriminator(image).shape == (2, 1)
    assert len(generator.features(torch.randn(2, 5))) == len(discriminator.features(image)) == layers
    widest = 2 * 2 ** min(layers - 1, 3)
    assert convolutions(discriminator)[-1][1] == convolutions(generator)[0][0] == widest


@pytest.mark.parametrize(
    ("size", "nearest"), [(4, "8"), (7, "8"), (18, "16 or 20"), (30, "28 or 32"), (50, "48 or 56"), (100, "96 or 112")]
)
def test_refuses_other_sizes(size, nearest, build):
    with pytest.raises(Unsupported, match=f"4, 5, 6 or 7 times a power of two, such as {nearest}, not {size}"):
        build().generator(GeneratorSpec(latent=5, size=size))
    with pytest.raises(Unsupported, match="times a power of two"):
        build().discriminator(DiscriminatorSpec(channels=3, size=size))


def test_a_transposed_convolution_spreads_each_pixel_alike(build):
    """A pixel (i, j) of the map reaches the pixels around (2i, 2j): 5x5 of them, none beyond the borders."""
    generator = build().generator(GeneratorSpec(latent=5, outputs=1, size=32)).module
    last = generator.image[0]
    kernel = torch.randn(2, 1, 5, 5)
    last.weight.data, last.bias.data = kernel, torch.zeros(1)
    point = torch.zeros(1, 2, 16, 16)
    point[0, 0, 3, 0] = 1
    expected = pad(torch.zeros(1, 1, 32, 32), (2, 2, 2, 2))
    expected[0, 0, 6:11, 0:5] = kernel[0, 0]
    assert torch.allclose(last(point), expected[:, :, 2:-2, 2:-2])


def test_discriminator_in_closed_form(build):
    module = build(normalization=("none", "none")).discriminator(DiscriminatorSpec(channels=3, size=16)).module
    x = torch.rand(2, 3, 16, 16)
    first = leaky_relu(module.stages[0][0](x), 0.2)
    second = leaky_relu(module.stages[1][0](first), 0.2)
    assert torch.equal(module(x), module.scores[1](second.flatten(1)))


def test_scores_belong_to_features(build):
    critic = build().discriminator(DiscriminatorSpec(channels=3, size=32)).eval().given()
    x = torch.rand(2, 3, 32, 32)
    scores, features = critic.both(x)
    assert torch.equal(scores, critic(x))
    assert [feature.shape[1:] for feature in features] == [(2, 16, 16), (4, 8, 8), (8, 4, 4)]


@pytest.mark.parametrize("norm", ["batch", "instance", "layer", "spectral", "none"])
def test_trains(norm, dcgan, build, pictures, stream, run_steps):
    recipe = dcgan(build(normalization=(norm, norm)))
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream({"image": pictures("3d", 4)}), steps=2)
    assert all(list(losses) == ["discriminator", "generator"] for losses in log)
    assert all(value.isfinite() for losses in log for moved in losses.values() for value in moved.values())
    assert all(not torch.equal(value, before[name]) for name, value in recipe.named_parameters())


def test_tanh_everywhere(build):
    """WGAN-GP's variant: no other nonlinearity is left."""
    options = {"filters": 2, "activation": "tanh"}
    made = build(generator_options=options, discriminator_options=options)
    networks = (
        made.generator(GeneratorSpec(latent=5, size=32)),
        made.discriminator(DiscriminatorSpec(channels=3, size=32)),
    )
    found = [part for network in networks for part in network.modules()]
    assert not any(isinstance(part, nn.ReLU | nn.LeakyReLU) for part in found)
    assert sum(isinstance(part, nn.Tanh) for part in found) == 3 + 1 + 3


def test_reads_an_image_condition(build, pictures):
    asked = DiscriminatorSpec(channels=3, condition_channels=1, size=32)
    critic = build(normalization=("none", "none")).discriminator(asked)
    x, condition = pictures("3d", 2), pictures("flat", 2)[:, :1]
    assert (critic.given(condition)(x) != critic.given(-condition)(x)).all()


def test_noise_is_uniform(dcgan, build):
    recipe = dcgan(build(), latent=50)
    (graph,) = recipe.graphs().values()
    (latent,) = graph.inputs
    assert (latent.length, latent.distribution) == (50, "uniform")
    assert latent.drawn(100).abs().max() <= 1


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"inputs": 3}, "translates no images"),
        ({"latent": None}, "needs a latent vector"),
        ({"classes": 10}, "no class labels"),
        ({"domains": 3}, "no target domains"),
    ],
)
def test_what_the_generator_cannot_do(asked, reason, build):
    with pytest.raises(Unsupported, match=reason):
        build().generator(GeneratorSpec(**{"latent": 5, "size": 32} | asked))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"classes": 10}, "under class labels"),
        ({"joint_latent": 8}, "no latent vectors"),
        ({"output": "energies"}, "scores, not energies"),
    ],
)
def test_what_the_discriminator_cannot_do(asked, reason, build):
    with pytest.raises(Unsupported, match=reason):
        build().discriminator(DiscriminatorSpec(**{"channels": 3, "size": 32} | asked))


@pytest.mark.parametrize("options", [{"filters": 0}, {"kernel": 3}])
def test_wrong_options(options, dcgan, build):
    with pytest.raises(UsageError, match="filters >= 1 and a kernel of 4 or 5"):
        dcgan(build(generator_options=options))


def test_settings_of_the_paper(dcgan):
    said = dcgan.settings.said()
    assert (said["optimizer"], said["learning_rate"], said["betas"][0], said["batch_size"]) == ("adam", 2e-4, 0.5, 128)
