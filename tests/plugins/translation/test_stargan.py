"""StarGAN: its losses in closed form, its networks' sizes, what zeros at borders are for, and who moves."""

from math import log

import pytest
import torch
from torch import nn
from torch.nn.functional import instance_norm, pad

from gantk import DataInfo, DiscriminatorSpec, GeneratorSpec, Unsupported, UsageError
from gantk.parts.valueless import without_values

DOMAINS = ("line", "flat", "3d")
SMALL = {
    "kind": "domains",
    "generator": "stargan",
    "discriminator": "stargan",
    "loss": "wgan-gp",
    "normalization": ("instance", "none"),
    "generator_options": {"filters": 4, "blocks": 1},
    "discriminator_options": {"filters": 4, "layers": 3},
}


@pytest.fixture
def batch(pictures):
    return {"image": torch.cat([pictures("flat", 2), pictures("3d", 2)]), "domain": torch.tensor([1, 1, 2, 2])}


@pytest.fixture
def stargan(factory, make_build):
    """Return a function that builds the recipe with options, of other parts where it is told so."""

    def build(domains=DOMAINS, parts=None, **options):
        made = make_build(**SMALL | (parts or {}))
        made.data = DataInfo(kind="domains", size=32, channels={"image": 3}, domains=domains)
        return factory("stargan", "recipe")(made, **options)

    return build


@pytest.fixture
def generator(factory, make_build):
    """Return a function that builds the generator for so many domains."""

    def build(domains=3, inputs=3, normalization="instance", size=32, **options):
        spec = GeneratorSpec(inputs=inputs, domains=domains, outputs=3, size=size)
        return factory("stargan", "generator")(spec, make_build(normalization=(normalization, "none")), **options)

    return build


def test_sizes_of_the_authors_networks(generator, factory, make_build):
    """For CelebA: 128 pixels, five attributes; the classifier is a convolution of 2 x 2 without biases."""
    with without_values():
        made = generator(domains=5, size=128)
        critic = factory("stargan", "discriminator")(
            DiscriminatorSpec(channels=3, size=128), make_build(normalization=("instance", "none"))
        )
    assert sum(p.numel() for p in made.parameters()) == 8_430_528
    assert sum(p.numel() for p in critic.parameters()) + 5 * 2048 * 2 * 2 == 44_762_048


def test_the_classifier_reads_the_whole_of_the_last_map(stargan):
    assert stargan().classifier.module[1].weight.shape == (3, 16 * 4 * 4)


@pytest.mark.parametrize("size", [(8, 8), (12, 20)])
def test_images_of_any_size_that_is_a_multiple_of_four(generator, size):
    network = generator(filters=2, blocks=1, inputs=1).eval()
    made = network(torch.rand(2, 1, *size), torch.tensor([0, 2]))
    assert made.shape == (2, 3, *size)
    assert made.abs().max() <= 1


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("blocks", [0, 2])
def test_halo_covers_what_a_pixel_reads(upsampling, blocks, generator, averaging):
    network = averaging(generator(filters=1, blocks=blocks, upsampling=upsampling, normalization="none")).train()
    reach = 0
    for row in (48, 49, 50, 51):
        image = torch.ones(1, 3, 96, 8, dtype=torch.float64, requires_grad=True)
        network(image, torch.tensor([0]))[0, :, row, 4].sum().backward()
        rows = image.grad[0].sum((0, 2)).nonzero()
        reach = max(reach, row - int(rows.min()), int(rows.max()) - row)
    assert reach <= network.halo <= reach + 8


def test_a_domain_is_heard_because_borders_are_zeros(generator):
    """A plane of one value becomes a constant under reflected borders, which an instance norm takes out again."""
    first = generator(filters=4, blocks=0).layers[0]
    layer, image = first[0], torch.rand(1, 3, 16, 16)
    one, other = (torch.cat([image, torch.eye(3)[n].view(1, 3, 1, 1).expand(1, 3, 16, 16)], 1) for n in (0, 1))
    assert (first(one) - first(other)).abs().max() > 0.01
    reflected = [instance_norm(layer(pad(x, (9, 9, 9, 9), "reflect"))[:, :, 6:-6, 6:-6]) for x in (one, other)]
    torch.testing.assert_close(*reflected, atol=1e-4, rtol=0)


def test_the_domain_alone_changes_the_image(generator):
    network, image = generator(filters=4, blocks=1).eval(), torch.rand(1, 3, 8, 8)
    made = network(image.expand(2, -1, -1, -1), torch.tensor([1, 2]))
    torch.testing.assert_close(made[:1], network(image, torch.tensor([1])))
    assert not torch.equal(made[0], made[1])


def test_it_may_begin_as_doing_nothing(generator, pictures):
    image = pictures("3d", 2)
    made = generator(filters=4, blocks=1, adds_input=True).eval()(image, torch.tensor([0, 1]))
    assert 0 < (made - image).abs().mean() < 0.2


def test_losses_in_closed_form(stargan, batch, stream, run_steps):
    """The critic is linear, so that its slope is known everywhere, and its penalty is 10 (|w| - 1)^2."""
    recipe = stargan(classification=2.0, reconstruction=3.0)
    weight = torch.randn(3, 32, 32) / 20

    class Linear(nn.Module):
        def features(self, image):
            return [image]

        def score(self, features):
            return (features[0] * weight).flatten(1).sum(1, keepdim=True)

        def forward(self, image):
            return self.score([image])

    recipe.discriminator.module = Linear()
    recipe.classifier.module = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 3, bias=False))
    nn.init.zeros_(recipe.classifier.module[1].weight)
    image, domain = batch["image"], batch["domain"]
    torch.manual_seed(5)
    wanted = torch.randint(3, (4,))
    recipe.generator.eval()
    with torch.no_grad():
        made = recipe.generator(image, wanted)
        back = recipe.generator(made, domain)
    critic = (image * weight).flatten(1).sum(1).mean(), (made * weight).flatten(1).sum(1).mean()
    body = None
    torch.manual_seed(5)
    body = recipe.train().step(stream(batch))
    player, losses = next(body)
    assert player == "discriminator"
    expected = {
        "game": critic[1] - critic[0],
        "gradient_penalty": 10 * (weight.norm() - 1).square(),
        "domain": torch.tensor(2 * log(3)),
    }
    torch.testing.assert_close(dict(losses), expected, rtol=1e-4, atol=1e-4)
    player, losses = next(body)
    assert player == "generator"
    expected = {
        "game": -critic[1],
        "domain": torch.tensor(2 * log(3)),
        "reconstruction": 3 * (back - image).abs().mean(),
    }
    torch.testing.assert_close(dict(losses), expected, rtol=1e-4, atol=1e-4)


def test_the_critic_moves_at_each_turn_and_the_generator_at_the_last(stargan, batch, stream, run_steps):
    recipe = stargan()
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    moves = run_steps(recipe, stream(batch), steps=5, critic_steps=5)
    assert [list(losses) for losses in moves] == 4 * [["discriminator"]] + [["discriminator", "generator"]]
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_domains_are_asked_for_alike_often_even_of_one_image(stargan):
    torch.manual_seed(0)
    drawn = torch.cat([stargan().domain.drawn(1) for _ in range(60)])
    assert drawn.bincount().min() > 10


def test_previews_show_every_domain(stargan, batch):
    recipe = stargan().eval()
    shown = recipe.preview(batch)
    assert list(shown) == ["input", *DOMAINS]
    torch.testing.assert_close(shown["3d"], recipe.generator(batch["image"], torch.full((4,), 2)))


def test_one_graph_takes_an_image_and_a_domain(stargan):
    (graph,) = stargan().graphs().values()
    assert (graph.inputs[0], graph.outputs) == ("image", ("image",))
    assert (graph.inputs[1].name, graph.inputs[1].names, graph.inputs[1].default) == ("domain", DOMAINS, None)


@pytest.mark.parametrize("parts", [{"discriminator": "patchgan", "discriminator_options": {"filters": 4}}])
def test_other_discriminators_serve(stargan, batch, stream, run_steps, parts):
    (moves,) = run_steps(stargan(parts=parts), stream(batch))
    assert all(loss.isfinite() for losses in moves.values() for loss in losses.values())


def test_what_cannot_be(stargan, generator, factory, make_build):
    with pytest.raises(UsageError, match="stargan needs two domains at least, such as two folders, not 1"):
        stargan(domains=("line",))
    with pytest.raises(Unsupported, match="a game of energies has none"):
        stargan(parts={"loss": "ebgan"})
    with pytest.raises(UsageError, match="stargan needs filters >= 1 and blocks >= 0, not filters=0, blocks=6"):
        generator(filters=0)
    with pytest.raises(Unsupported, match="with adds_input needs as many channels as it gives, 3, not 1"):
        generator(inputs=1, adds_input=True)
    with pytest.raises(Unsupported, match="needs target domains"):
        generator(domains=None)
    critic, spec = factory("stargan", "discriminator"), DiscriminatorSpec(channels=3, size=16)
    with pytest.raises(Unsupported, match="with 5 layers needs images of more pixels"):
        critic(spec, make_build(normalization=("instance", "none")), layers=5)
    with pytest.raises(UsageError, match="stargan needs filters >= 1 and layers >= 1"):
        critic(spec, make_build(normalization=("instance", "none")), layers=0)


def test_settings_of_the_paper(stargan):
    said = stargan().settings.said()
    assert said["steps"] * said["critic_steps"] == 200_000
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["size"]) == (1e-4, (0.5, 0.999), 16, 128)
    assert (said["schedule"], said["decay_from"]) == ("linear", 0.5)


def test_a_map_of_one_pixel_is_not_normalized(factory, make_build):
    build = make_build(normalization=("none", "instance"))
    network = factory("stargan", "discriminator")(DiscriminatorSpec(channels=3, size=16), build, filters=4)
    assert network.train()(torch.rand(2, 3, 16, 16)).isfinite().all()
