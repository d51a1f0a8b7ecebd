"""InfoGAN's networks: the paper's layers, the codes that they are given and read, and the graphs made of them."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gantk import DiscriminatorSpec, GeneratorSpec, Unsupported
from gantk_plugins.codes.infogan_networks import joined


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
        (GeneratorSpec(inputs=3, size=32), "translates no images"),
        (GeneratorSpec(latent=3, classes=2, size=32), "no class"),
        (GeneratorSpec(latent=3, features=True, size=32), "no inner activations"),
        (GeneratorSpec(latent=3, size=30), "multiple of 4"),
        (DiscriminatorSpec(channels=3, size=4), "at least 8"),
        (DiscriminatorSpec(channels=3, size=32, classes=2), "under class labels"),
        (DiscriminatorSpec(channels=3, size=32, joint_latent=2), "latent vectors"),
        (DiscriminatorSpec(channels=3, size=32, output="energies"), "not energies"),
    ],
)
def test_parts_refuse_what_they_cannot(factory, make_build, spec, reason):
    hook = "generator" if isinstance(spec, GeneratorSpec) else "discriminator"
    with pytest.raises(Unsupported, match=reason):
        factory("infogan", hook)(spec, make_build(normalization=("batch", "batch")))


def test_q_measures_any_discriminator_without_leaving_a_trace(build_infogan):
    recipe = build_infogan()
    assert recipe.discriminator.training
    norms = [m for m in recipe.discriminator.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    assert not any(norm.num_batches_tracked.item() for norm in norms)
    logits, mean, log_deviation = recipe.q(torch.randn(4, 16))
    assert (logits.shape, mean.shape, log_deviation.shape) == ((4, 10), (4, 2), (4, 2))
    assert cross_entropy(logits, torch.zeros(4, dtype=torch.int64)).isfinite()


def test_codes_join_the_noise_in_the_order_of_the_graph():
    noise, numbers = torch.tensor([[0.1, 0.2], [0.3, 0.4]]), torch.tensor([[0.5], [0.6]])
    expected = [[0.1, 0.2, 0, 0, 1, 0.5], [0.3, 0.4, 1, 0, 0, 0.6]]
    torch.testing.assert_close(joined(3, noise, torch.tensor([2, 0]), numbers), torch.tensor(expected))


def test_graphs(build_infogan, small_batch):
    recipe = build_infogan(noise=5, categories=3, continuous=2).eval()
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
    probabilities, *means = q.network(small_batch["image"])
    logits, mean, _ = recipe.q(recipe.discriminator.features(small_batch["image"])[-1])
    torch.testing.assert_close(probabilities, logits.exp() / logits.exp().sum(1, keepdim=True))
    assert torch.equal(torch.cat(means, 1), mean)
    assert [value.shape for value in means] == [(6, 1), (6, 1)]


def test_without_numbers_there_is_a_category_alone(build_infogan, small_batch, stream, run_steps):
    recipe = build_infogan(continuous=0)
    (moves,) = run_steps(recipe, stream(small_batch))
    assert {player: list(losses) for player, losses in moves.items()} == {
        "discriminator": ["game", "categorical"],
        "q": ["categorical"],
        "generator": ["game", "categorical"],
    }
    assert list(recipe.preview(small_batch)) == [f"c1 = {category}" for category in range(10)]
    assert [value.shape for value in recipe.graphs()["q"].network(small_batch["image"])] == [(6, 10)]


def test_the_preview_turns_one_code_at_a_time(build_infogan, small_batch):
    recipe = build_infogan(categories=3).eval()
    shown = recipe.preview(small_batch)
    torch.manual_seed(5)
    again = recipe.train().preview(small_batch)
    assert recipe.generator.training
    recipe.eval()
    assert list(shown) == ["c1 = 0", "c1 = 1", "c1 = 2", "c2 = -2", "c2 = -1", "c2 = 0", "c2 = 1", "c2 = 2"]
    assert all(torch.equal(images, again[name]) for name, images in shown.items())
    noise, category, *numbers = (port.fixed(8) for port in recipe.inputs)
    expected = recipe.generator(joined(3, noise, torch.full((8,), 1), *numbers))
    torch.testing.assert_close(shown["c1 = 1"], expected)
    expected = recipe.generator(joined(3, noise, category, torch.full((8, 1), -2.0), numbers[1]))
    torch.testing.assert_close(shown["c2 = -2"], expected)
