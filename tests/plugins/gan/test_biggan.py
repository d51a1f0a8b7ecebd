"""BigGAN: the tables' networks, chunks of noise, first weights, the penalty on filters, and who moves how fast."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from gantk import DiscriminatorSpec, GeneratorSpec, UsageError
from gantk.parts.context import Progress
from gantk.parts.valueless import without_values
from gantk.training.statistics import settle
from gantk.training.weight_terms import generators_weights
from gantk_plugins.gan.biggan import truncated_normal
from gantk_plugins.networks.attention import SelfAttention

PARTS = {"generator": "biggan", "discriminator": "biggan", "loss": "hinge", "normalization": ("batch", "spectral")}
SMALL = {"size": 16, "generator_options": {"width": 2, "embedding": 3}, "discriminator_options": {"width": 2}}
CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def biggan(factory, make_build):
    """Return a function that makes a small recipe, of labelled images or of others."""

    def make(kind="labelled", options=(), **changes):
        build = make_build(kind=kind, classes=CLASSES, **PARTS | SMALL | changes)
        return factory("biggan", "recipe")(build, **{"latent": 9, **dict(options)})

    return make


@pytest.fixture
def networks(factory, make_build):
    """Return a function that makes both networks of a size, without values, at a unit width of 1."""

    def make(size, **options):
        build = make_build(kind="images", **PARTS | {"normalization": ("batch", "none")})
        width = {"width": 8, **options}
        with without_values():
            generator = factory("biggan", "generator")(
                GeneratorSpec(latent=120, classes=3, outputs=3, size=size), build, **width
            )
            return generator, factory("biggan", "discriminator")(
                DiscriminatorSpec(channels=3, classes=3, size=size), build, **width
            )

    return make


def widths(network):
    """Return the channels of each block's second convolution, in units of the width."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)]
    return [layer.out_channels // 8 for layer in layers if layer.out_channels > 3][1::2]


@pytest.mark.parametrize(
    ("size", "made", "judged"),
    [
        (28, [4, 4], [4, 4, 4, 4]),
        (32, [4, 4, 4], [4, 4, 4, 4]),
        (64, [16, 8, 4, 2], [1, 2, 4, 8, 16]),
        (96, [16, 8, 4, 2], [1, 2, 4, 8, 16, 16]),
        (128, [16, 8, 4, 2, 1], [1, 2, 4, 8, 16, 16]),
        (256, [16, 8, 8, 4, 2, 1], [1, 2, 4, 8, 8, 16, 16]),
        (512, [16, 8, 8, 4, 2, 1, 1], [1, 1, 2, 4, 8, 8, 16, 16]),
    ],
)
def test_the_widths_are_those_of_the_tables(size, made, judged, networks):
    generator, discriminator = networks(size)
    assert (widths(generator), widths(discriminator)) == (made, judged)


@pytest.mark.parametrize(("size", "side"), [(28, None), (32, None), (64, 32), (96, 48), (128, 64), (256, 64)])
def test_maps_of_64_pixels_attend_to_themselves(size, side, networks):
    for network in networks(size):
        found = [each.queries.in_channels for each in network.modules() if isinstance(each, SelfAttention)]
        assert len(found) == (side is not None)
    generator, discriminator = networks(size)
    sides = [generator.start << number for number in range(1, len(generator.between) + 1)]
    assert [each for each, layer in zip(sides, generator.between, strict=True) if isinstance(layer, SelfAttention)] == (
        [side] if side else []
    )
    assert isinstance(discriminator.between[0], SelfAttention) == (side in (size / 2, 64) and size < 256)


def test_attention_stands_where_it_is_said(networks):
    generator, discriminator = networks(32, attention=16)
    assert isinstance(generator.between[1], SelfAttention)
    assert isinstance(discriminator.between[0], SelfAttention)
    with pytest.raises(UsageError, match="no block gives a map of 5 pixels"):
        networks(32, attention=5)


def test_each_block_is_told_a_chunk_of_the_noise_and_the_shared_label(biggan):
    generator = biggan(options={"latent": 11}).generator.module.eval()
    assert generator.chunks == [5, 3, 3]
    heard = []
    for block in generator.blocks:
        block.norms[0].register_forward_hook(lambda module, given, made: heard.append(given[1]))
    noise, label = torch.randn(2, 11), torch.tensor([2, 0])
    generator(noise, label)
    shared = generator.embedding(label)
    for found, chunk in zip(heard, (noise[:, 5:8], noise[:, 8:]), strict=True):
        assert torch.equal(found, torch.cat([shared, chunk], 1))


def test_without_labels_the_chunks_alone_are_told(biggan):
    generator = biggan("images").generator.module
    assert generator.embedding is None
    assert generator.blocks[0].norms[0].changes.in_features == 3
    with pytest.raises(UsageError, match="needs a latent of 3 numbers or more, not 2"):
        biggan(options={"latent": 2})


def test_unsaid_noise_has_twenty_numbers_a_chunk(biggan):
    assert biggan(options={"latent": None}).latent.length == 60


def test_weights_are_orthogonal_at_first_and_spectral(biggan):
    recipe = biggan()
    for network in (recipe.generator, recipe.discriminator):
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding)]
        plain = [layer for layer in layers if not is_parametrized(layer, "weight")]
        # The shared embedding alone is not normalized.
        assert plain == ([recipe.generator.module.embedding] if network is recipe.generator else [])
        for layer in set(layers) - set(plain):
            rows = layer.parametrizations.weight.original.flatten(1)
            square = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
            torch.testing.assert_close(square, torch.eye(len(square)), atol=1e-5, rtol=0)
            torch.testing.assert_close(layer.weight, layer.parametrizations.weight.original, atol=1e-4, rtol=0)


def test_every_filter_of_the_generator_is_held_orthogonal_and_its_embedding_is_not(biggan):
    recipe = biggan()
    assert type(recipe).settings.orthogonal == 1e-4
    held = {id(weight) for weight, _ in generators_weights([recipe.generator])}
    matrices = {id(weight) for weight in recipe.generator.parameters() if weight.dim() > 1}
    assert held == matrices - {id(recipe.generator.module.embedding.weight)}


def test_all_move(biggan, pictures, stream, run_steps):
    recipe = biggan(loss="non-saturating")  # a hinge lets alone what is clearly told, as it may be at first
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    batch = {"image": pictures("3d", 4)[..., ::2, ::2], "label": torch.tensor([0, 2, 1, 1])}
    log = run_steps(recipe, stream(batch), steps=2, critic_steps=2)
    assert [list(moves) for moves in log] == [["discriminator"], ["discriminator", "generator"]]
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_truncated_numbers_are_the_normal_ones_within_the_limit():
    """Their variance is 1 - 2 t phi(t) / (2 Phi(t) - 1)."""
    for limit in (0.02, 0.5, 2.0):
        numbers = truncated_normal((200_000,), limit)
        assert numbers.abs().max() <= limit * (1 + 1e-5)
        within = math.erf(limit / math.sqrt(2))
        density = math.exp(-(limit**2) / 2) / math.sqrt(2 * math.pi)
        assert numbers.var().item() == pytest.approx(1 - 2 * limit * density / within, rel=0.02, abs=1e-7)
        assert numbers.mean().item() == pytest.approx(0, abs=0.01 * limit)


def test_averages_and_previews_are_of_truncated_noise_where_it_is_said(biggan, pictures):
    recipe = biggan(options={"truncation": 0.5})
    batch = {"image": pictures("3d", 8)[..., ::2, ::2], "label": torch.tensor([0, 2, 1, 1] * 2)}
    assert recipe.train().noise(500, "cpu").abs().max() > 1
    assert recipe.eval().noise(500, "cpu").abs().max() <= 0.5
    noise = recipe.latent.fixed(8, truncation=0.5)
    assert noise.abs().max() <= 0.5
    torch.testing.assert_close(recipe.preview(batch)["dog"], recipe.generator(noise, torch.ones(8, dtype=torch.long)))
    assert biggan().eval().noise(500, "cpu").abs().max() > 1
    with pytest.raises(UsageError, match=r"biggan needs a truncation of 0.02 or more, not 0.01"):
        biggan(options={"truncation": 0.01})


def test_a_checkpoints_averages_are_those_of_the_truncation(biggan, pictures, stream):
    """With a truncation of almost nothing all noise is nearly one vector, and the first norm reads next to none."""
    batch, spreads = {"image": pictures("3d", 4)[..., ::2, ::2]}, []
    for truncation in (None, 0.02):
        torch.manual_seed(0)
        recipe = biggan("images", options={"truncation": truncation})
        settle(recipe, stream(batch), 4)
        spreads.append(recipe.generator.module.blocks[0].norms[0].norm.running_var.mean().item())
    # That of a linear layer without biases, of noise whose variance is 0.02^2 / 3.
    assert spreads[1] == pytest.approx(0.02**2 / 3 * spreads[0], rel=0.3)


def test_rates(biggan):
    players = biggan(options={"pace": 3.0, "rates": 2.0}).players()
    assert [list(players[name].scale.values()) for name in ("discriminator", "generator")] == [[6.0], [3.0]]
    with pytest.raises(UsageError, match="rates and pace above 0, not 4.0 and 0"):
        biggan(options={"pace": 0})


def test_the_average_begins_after_20_000_of_the_papers_steps(biggan):
    """Its decay is 0.9999 at the end; after n steps of weights w it holds w (1 - 0.9999^n)."""
    average = biggan().settings.ema["generator"]
    assert average.at(Progress(19_999, 165_000)) == 0
    assert 0.99 < average.at(Progress(22_000, 165_000)) < 0.9999
    assert average.at(Progress(164_999, 165_000)) == pytest.approx(0.9999)
