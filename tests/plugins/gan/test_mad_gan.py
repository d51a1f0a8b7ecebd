"""MAD-GAN: the softmax of K + 1 sources in closed form, who shares what, points and images, the exported choice."""

from math import log

import pytest
import torch
from torch import nn

from gantk import Critic, Discriminator, GeneratorSpec, UsageError

PARTS = {"generator": "mad-gan", "discriminator": "mad-gan", "normalization": ("batch", "batch")}


@pytest.fixture
def mad_gan(factory, make_build):
    """Return a function that makes a small recipe of images of a size, or of points where that is 1."""

    def make(size=16, generators=3, generator_options=(), pack=1, **changes):
        build = make_build(
            kind="images",
            size=size,
            channels={"image": 2 if size == 1 else 3},
            generator_options={"units": 6, "filters": 2, **dict(generator_options)},
            **PARTS | {"discriminator_options": {"units": 5, "filters": 2}} | changes,
        )
        del build.parts["loss"]
        build.pack = pack
        return factory("mad-gan", "recipe")(build, latent=4, generators=generators)

    return make


class Tabled(nn.Module):
    """A discriminator of images that are numbers of a table's places: a score and features for each."""

    def __init__(self, scores, features):
        super().__init__()
        self.scores, self.table = nn.Parameter(scores), nn.Parameter(features)

    def forward(self, image):
        return self.scores[image.long().flatten()][:, None]

    def features(self, image):
        return [self.table[image.long().flatten()]]


def value(recipe, p, q, scores, logits):
    """Return the discriminator's loss where data and generators are tables of probabilities, and its parameters."""
    recipe.head.module = nn.Identity()
    recipe.discriminator = Discriminator(Tabled(scores, logits), "discriminator")
    critic = Critic(recipe.discriminator)

    def expected(weights, source):
        losses = [
            recipe.surprise(critic, torch.tensor([[float(place)]]), torch.tensor([source])) for place in range(len(p))
        ]
        return (weights * torch.stack(losses)).sum()

    return expected(p, len(q)) + sum(expected(weights, number) for number, weights in enumerate(q))


def test_where_the_discriminator_is_best_the_real_output_is_the_datas_share(mad_gan):
    """D* = p / (p + q_1 + q_2), and q_i over the same for the others: the loss has no slope there."""
    p, q = torch.tensor([0.5, 0.2, 0.3]), torch.tensor([[0.1, 0.7, 0.2], [0.6, 0.2, 0.2]])
    recipe = mad_gan(generators=2)
    loss = value(recipe, p, q, p.log(), q.log().T)
    module = recipe.discriminator.module
    for slope in torch.autograd.grad(loss, [module.scores, module.table]):
        torch.testing.assert_close(slope, torch.zeros_like(slope), atol=1e-6, rtol=0)
    total = p + q.sum(0)
    torch.testing.assert_close(loss, -(p * (p / total).log() + (q * (q / total).log()).sum(0)).sum())


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_optimum_of_generators_that_share_the_data_out(count, mad_gan):
    """Each makes a part that no other makes, their mean is the data: -(K + 1) log(K + 1) + K log K."""
    p = torch.full((count,), 1 / count)
    q = torch.eye(count)
    recipe = mad_gan(generators=count)
    loss = value(recipe, p, q, p.log(), q.clamp(min=1e-30).log())
    known = {1: -1.386294, 2: -1.909543, 3: -2.249341}[count]
    assert -loss.item() == pytest.approx(known, abs=1e-5)
    assert known == pytest.approx(-(count + 1) * log(count + 1) + count * log(count), abs=1e-6)


def test_a_discriminator_that_knows_nothing_guesses_among_all_sources(mad_gan, pictures, stream):
    recipe = mad_gan(generators=3)
    for parameter in [*recipe.head.parameters(), *recipe.discriminator.module.scores.parameters()]:
        nn.init.zeros_(parameter)
    body = recipe.step(stream({"image": pictures("3d", 6)[..., ::2, ::2]}))
    player, losses = next(body)
    assert player == "discriminator"
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx({"real": log(4), "made": 3 * log(4)})
    player, losses = next(body)
    assert (player, losses["game"].item()) == ("generator", pytest.approx(3 * log(4)))


@pytest.mark.parametrize("size", [1, 16])
def test_all_move_on_points_and_on_images(size, mad_gan, pictures, stream, run_steps):
    recipe = mad_gan(size)
    images = torch.randn(6, 2, 1, 1) if size == 1 else pictures("3d", 6)[..., ::2, ::2]
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (moves,) = run_steps(recipe, stream({"image": images}))
    assert list(moves) == ["discriminator", "generator"]
    unmoved = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    # What stands before a norm over the batch has biases that move nothing.
    assert not {name for name in unmoved if not name.endswith("bias")}


@pytest.mark.parametrize("size", [1, 16])
def test_each_generator_makes_its_own(size, mad_gan):
    network = mad_gan(size).generator.eval()
    noise, which = torch.randn(6, 4), torch.tensor([2, 0, 1, 1, 0, 2])
    made = network(noise, which)
    shared, own = network.module.shared, network.module.own
    expected = torch.cat([own[number](shared(noise[row : row + 1])) for row, number in enumerate(which.tolist())])
    torch.testing.assert_close(made, expected)


def test_while_training_a_generators_norms_read_its_samples_alone(mad_gan):
    network = mad_gan().generator
    noise, which = torch.randn(6, 4), torch.tensor([2, 0, 1, 1, 0, 2])
    inner = network.module.shared(noise)
    alone = network.module.own[1](inner[2:4])
    torch.testing.assert_close(network(noise, which)[2:4], alone)
    two = network(noise[:4], torch.tensor([2, 0, 2, 0]))  # nothing is asked of one of them
    assert two.shape == (4, 3, 16, 16)


@pytest.mark.parametrize(("shared", "parts"), [(None, (2, 2)), (0, (0, 4)), (3, (3, 1))])
def test_the_first_layers_are_shared(shared, parts, factory, make_build):
    spec = GeneratorSpec(latent=4, classes=2, outputs=3, size=32)
    network = factory("mad-gan", "generator")(spec, make_build(**PARTS), filters=2, shared=shared)
    assert (len(network.shared), len(network.own[0])) == parts
    own, other = (list(layers.parameters()) for layers in network.own)
    assert not any(torch.equal(a, b) for a, b in zip(own, other, strict=True) if a.dim() > 1)


def test_more_layers_than_there_are_cannot_be_shared(mad_gan):
    with pytest.raises(UsageError, match="have 3 layers: they share 0 to 2, not 3"):
        mad_gan(generator_options={"shared": 3})
    with pytest.raises(UsageError, match="mad-gan needs generators >= 1, not 0"):
        mad_gan(generators=0)


def test_each_makes_as_many_images(mad_gan):
    fake, which = mad_gan(generators=3).made(torch.zeros(8, 3, 16, 16))
    assert which.bincount().tolist() == [3, 3, 3]
    assert len(fake) == 9


def test_packs_are_of_one_generator(mad_gan, pictures, stream, run_steps):
    recipe = mad_gan(generators=3, pack=2)
    _, which = recipe.made(torch.zeros(8, 3, 16, 16))
    assert which.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    (moves,) = run_steps(recipe, stream({"image": pictures("3d", 4)[..., ::2, ::2]}))
    assert moves["generator"]["game"].isfinite()


def test_its_preview_and_graph(mad_gan, pictures):
    recipe = mad_gan(generators=2).eval()
    shown = recipe.preview({"image": pictures("3d", 8)[..., ::2, ::2]})
    assert list(shown) == ["generator 0", "generator 1", "real"]
    graph = recipe.graphs()["generator"]
    latent, which = graph.inputs
    assert (which.name, which.count) == ("generator", 2)
    torch.testing.assert_close(graph.network(latent.fixed(8), torch.ones(8, dtype=torch.long)), shown["generator 1"])
    points = mad_gan(1, generators=2).eval().preview({"image": torch.randn(100, 2, 1, 1)})
    assert len(points["generator 0"]) == 50


@pytest.mark.parametrize(("discriminator", "options"), [("dcgan", {}), ("patchgan", {"layers": 2})])
def test_any_discriminator_scores(discriminator, options, mad_gan, pictures, stream, run_steps):
    recipe = mad_gan(discriminator=discriminator, discriminator_options={"filters": 2, **options})
    (moves,) = run_steps(recipe, stream({"image": pictures("3d", 4)[..., ::2, ::2]}))
    assert moves["discriminator"]["real"].isfinite()
