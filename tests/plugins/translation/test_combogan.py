"""ComboGAN: its networks' sizes, CycleGAN's losses between two domains, who moves, and which pairs come."""

from itertools import combinations, pairwise

import pytest
import torch
from torch import nn

from gantk import DataInfo, GeneratorSpec, Unsupported, UsageError
from gantk.parts.valueless import without_values

DOMAINS = ("line", "flat", "3d")
SMALL = {
    "kind": "domains",
    "generator": "combogan",
    "generator_options": {"filters": 4, "blocks": 3},
    "discriminator_options": {"filters": 4, "layers": 1},
}


class Streams:
    """A batch of each domain, again and again."""

    def __init__(self, images):
        self.images = images

    def __next__(self):
        return {"image": torch.cat(self.images), "domain": torch.arange(len(self.images))}

    def of(self, kind):
        image = self.images[int(kind.removeprefix("domain "))]
        return iter(lambda: {"image": image}, None)


@pytest.fixture
def streams(pictures):
    flat = pictures("flat", 2)
    return Streams([flat[:1].mean(1, keepdim=True).expand(-1, 3, -1, -1), flat[1:], pictures("3d", 1)])


@pytest.fixture
def combogan(factory, make_build):
    """Return a function that builds the recipe with options, of other parts where it is told so."""

    def build(domains=DOMAINS, parts=None, **options):
        made = make_build(**SMALL | (parts or {}))
        made.data = DataInfo(kind="domains", size=32, channels={"image": 3}, domains=domains)
        return factory("combogan", "recipe")(made, **options)

    return build


@pytest.fixture
def halves(factory, make_build):
    """Return a function that builds a generator of two halves."""

    def build(inputs=3, normalization="instance", **options):
        spec = GeneratorSpec(inputs=inputs, outputs=3, size=32)
        return factory("combogan", "generator")(spec, make_build(normalization=(normalization, "none")), **options)

    return build


def test_sizes_of_the_authors_networks(halves):
    """Convolutions and slopes; four blocks before the cut, five behind it. An instance norm has no weights."""
    with without_values():
        network = halves()
    sizes = [sum(p.numel() for p in half.parameters()) for half in (network.encoder, network.decoder)]
    block = 2 * (9 * 256 * 256 + 256) + 1
    encoder = (49 * 3 * 64 + 64) + (9 * 64 * 128 + 128) + (9 * 128 * 256 + 256) + 3 + 4 * block
    decoder = 5 * block + (16 * 256 * 128 + 128) + (16 * 128 * 64 + 64) + 2 + (49 * 64 * 3 + 3)
    assert sizes == [encoder, decoder]


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("blocks", [0, 3])
def test_halo_covers_what_a_pixel_reads(upsampling, blocks, halves, averaging):
    network = averaging(halves(filters=1, blocks=blocks, upsampling=upsampling, normalization="none")).train()
    for module in network.modules():
        if isinstance(module, nn.PReLU):
            module.double()
    reach = 0
    for row in (60, 61, 62, 63):
        image = torch.ones(1, 3, 124, 12, dtype=torch.float64, requires_grad=True)
        network(image)[0, :, row, 4].sum().backward()
        rows = image.grad[0].sum((0, 2)).nonzero()
        reach = max(reach, row - int(rows.min()), int(rows.max()) - row)
    assert reach <= network.halo <= reach + 8


def test_without_norms_images_begin_within_their_range(halves):
    network = halves(filters=8, blocks=3, normalization="none").eval()
    assert 0.001 < network(torch.rand(2, 3, 16, 16) * 2 - 1).abs().mean() < 0.5


def test_networks_grow_as_domains_do(combogan):
    counts = [sum(p.numel() for p in combogan(domains=tuple(map(str, range(n)))).parameters()) for n in (2, 3, 4, 5)]
    assert len({after - before for before, after in pairwise(counts)}) == 1


def test_losses_between_two_domains_are_cyclegans(combogan, streams):
    recipe = combogan(cycle=4.0, identity=0.5).train()
    recipe.prepare(streams)
    first, second = recipe.pair(0)
    a, b = streams.images[first], streams.images[second]
    with torch.no_grad():
        code_a, code_b = recipe.encoders[first](a), recipe.encoders[second](b)
        fake_b, fake_a = recipe.decoders[second](code_a), recipe.decoders[first](code_b)
        back_a = recipe.decoders[first](recipe.encoders[second](fake_b))
        back_b = recipe.decoders[second](recipe.encoders[first](fake_a))
        judged = [recipe.discriminators[n](image) for n, image in ((first, fake_a), (second, fake_b))]
        real = [recipe.discriminators[n](image) for n, image in ((first, a), (second, b))]
    body = recipe.step(streams)
    player, losses = next(body)
    assert player == "generator"
    expected = {
        "game_a": (judged[0] - 1).square().mean(),
        "game_b": (judged[1] - 1).square().mean(),
        "cycle_a": 4 * (back_a - a).abs().mean(),
        "cycle_b": 4 * (back_b - b).abs().mean(),
        "identity_a": 2 * (recipe.decoders[first](code_a) - a).abs().mean(),
        "identity_b": 2 * (recipe.decoders[second](code_b) - b).abs().mean(),
    }
    torch.testing.assert_close(dict(losses), expected)
    player, losses = next(body)
    assert player == "discriminator"
    expected = {
        f"game_{side}": ((real[n] - 1).square().mean() + judged[n].square().mean()) / 2 for n, side in enumerate("ab")
    }
    torch.testing.assert_close(dict(losses), expected)


def test_only_the_networks_of_the_pair_move(combogan, streams, run_steps):
    recipe = combogan()
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, streams)
    moved = {
        name.split(".module")[0] for name, value in recipe.named_parameters() if not torch.equal(value, before[name])
    }
    assert moved == {f"{part}.{n}" for part in ("encoders", "decoders", "discriminators") for n in recipe.pair(0)}


def test_each_pair_comes_once_before_any_comes_again(combogan):
    recipe = combogan(domains=tuple("abcd"))
    pairs = [recipe.pair(number) for number in range(60)]
    assert all(set(pairs[start : start + 6]) == set(combinations(range(4), 2)) for start in range(0, 60, 6))
    assert len({tuple(pairs[start : start + 6]) for start in range(0, 60, 6)}) > 5
    assert pairs == [combogan(domains=tuple("abcd")).pair(number) for number in range(60)]


def test_critics_see_one_pair_at_all_turns_of_a_round(combogan, streams, run_steps):
    recipe, seen = combogan(), []
    pair = recipe.pair
    recipe.pair = lambda number: seen.append(number) or pair(number)
    run_steps(recipe, streams, steps=6, critic_steps=3)
    assert seen == [0, 0, 0, 1, 1, 1]


def test_previews_and_the_graph_take_each_image_from_its_domain(combogan, streams):
    recipe = combogan().eval()
    batch = next(streams)
    shown = recipe.preview(batch)
    assert list(shown) == ["input", *DOMAINS]
    for source in range(3):
        wanted = recipe.decoders[2](recipe.encoders[source](streams.images[source]))
        torch.testing.assert_close(shown["3d"][source : source + 1], wanted)
    (graph,) = recipe.graphs().values()
    assert [port if isinstance(port, str) else (port.name, port.names) for port in graph.inputs] == [
        "image",
        ("source", DOMAINS),
        ("domain", DOMAINS),
    ]
    assert (graph.network.module.multiple, graph.network.module.minimum, graph.network.module.halo) == (4, 8, 40)


def test_another_generator_of_two_halves_serves(combogan, streams, run_steps):
    recipe = combogan(parts={"generator": "resnet", "generator_options": {"filters": 4, "blocks": 1}})
    (moves,) = run_steps(recipe, streams)
    assert all(loss.isfinite() for losses in moves.values() for loss in losses.values())


def test_what_cannot_be(combogan, halves):
    with pytest.raises(UsageError, match="combogan needs two domains at least and pool >= 0, not 1 and 50"):
        combogan(domains=("line",))
    with pytest.raises(UsageError, match="not 3 and -1"):
        combogan(pool=-1)
    with pytest.raises(Unsupported, match="combogan needs a generator with an encoder and a decoder"):
        combogan(parts={"generator": "unet", "generator_options": {}})
    with pytest.raises(UsageError, match="combogan needs filters >= 1 and blocks >= 0, not filters=0, blocks=9"):
        halves(filters=0)


def test_settings_of_the_paper(combogan):
    said = combogan().settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["epochs"]) == (2e-4, (0.5, 0.999), 1, 100)
