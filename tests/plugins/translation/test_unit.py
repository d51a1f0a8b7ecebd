"""UNIT: its losses in closed form, what the domains share, its networks' sizes, and who moves."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from gantk import DiscriminatorSpec, Network, Unsupported, UsageError
from gantk_plugins.translation import unit
from gantk_plugins.translation.unit import divergence, sampled
from support.scaling import Scale

DISCRIMINATOR = {"discriminator": "unit", "loss": "non-saturating", "normalization": ("none", "none")}
SMALL = DISCRIMINATOR | {"discriminator_options": {"filters": 4, "layers": 2}}


@pytest.fixture
def batch(pictures):
    return {"a": pictures("flat", 2), "b": pictures("3d", 2)}


@pytest.fixture
def build(factory, make_build):
    """Return a function that builds a small recipe with options."""
    return lambda said=None, **options: factory("unit", "recipe")(
        make_build(**SMALL | (said or {})), **{"filters": 4, "blocks": 1} | options
    )


def test_the_divergence_is_twice_that_of_a_number():
    mean = torch.randn(2, 3, 4, 4)
    exact = kl_divergence(Normal(mean, 1.0), Normal(0.0, 1.0))
    torch.testing.assert_close(divergence(mean), 2 * exact.mean())


def test_codes_are_drawn_around_their_means():
    drawn = sampled(torch.full((100_000,), 3.0))
    assert (drawn.mean().item(), drawn.std().item()) == pytest.approx((3.0, 1.0), abs=0.02)


def test_losses_in_closed_form(build, batch, stream, monkeypatch):
    """Where encoders give the image itself, and decoders a quarter and twice of their code, which is not drawn."""
    monkeypatch.setattr(unit, "sampled", lambda mean: mean)
    recipe = build(adversarial=2.0, prior=3.0, reconstruction=5.0, cycle_prior=7.0, cycle_reconstruction=11.0)
    factors = {"encoder_a": 1, "encoder_b": 1, "encoder": 1, "decoder": 1, "decoder_a": 0.25, "decoder_b": 2}
    for name, factor in factors.items():
        setattr(recipe, name, Network(Scale(factor), name))
    a, b = batch["a"], batch["b"]
    with torch.no_grad():
        scores = {
            name: network(images)
            for name, network, images in (
                ("real_a", recipe.discriminator_a, a),
                ("fake_a", recipe.discriminator_a, b / 4),
                ("real_b", recipe.discriminator_b, b),
                ("fake_b", recipe.discriminator_b, 2 * a),
            )
        }
    body = recipe.step(stream(batch))
    player, judged = next(body)
    assert player == "discriminator"
    softplus = nn.functional.softplus
    torch.testing.assert_close(
        judged,
        {
            f"game_{side}": 2 * (softplus(-scores[f"real_{side}"]).mean() + softplus(scores[f"fake_{side}"]).mean())
            for side in "ab"
        },
    )
    player, moved = next(body)
    assert player == "generator"
    # A becomes 2 a, which B's encoder reads, and comes back as a half.
    torch.testing.assert_close(
        moved,
        {
            "game_a": 2 * softplus(-scores["fake_a"]).mean(),
            "game_b": 2 * softplus(-scores["fake_b"]).mean(),
            "reconstruction_a": 5 * 0.75 * a.abs().mean(),
            "reconstruction_b": 5 * b.abs().mean(),
            "prior_a": (3 + 7) * a.square().mean() + 7 * (2 * a).square().mean(),
            "prior_b": (3 + 7) * b.square().mean() + 7 * (b / 4).square().mean(),
            "cycle_a": 11 * 0.5 * a.abs().mean(),
            "cycle_b": 11 * 0.5 * b.abs().mean(),
        },
    )


def test_both_translations_share_the_middle(build):
    recipe = build()
    graphs = recipe.graphs()
    there, back = (graphs[name].network.module for name in ("a_to_b", "b_to_a"))
    assert there[1] is back[1] is recipe.encoder.module
    assert there[2] is back[2] is recipe.decoder.module
    own = {id(p) for network in (there[0], there[3]) for p in network.parameters()}
    assert own.isdisjoint(id(p) for network in (back[0], back[3]) for p in network.parameters())
    assert [(graph.inputs, graph.outputs) for graph in graphs.values()] == [(("a",), ("b",)), (("b",), ("a",))]


@pytest.mark.parametrize(("height", "width", "upsampling"), [(8, 8, "transposed"), (12, 20, "resize")])
def test_what_is_shipped_translates_means_of_any_size(height, width, upsampling, build):
    recipe = build(upsampling=upsampling).eval()
    image = torch.rand(2, 3, height, width) * 2 - 1
    with torch.no_grad():
        made = recipe.graphs()["a_to_b"].network(image)
        mean, _ = recipe.means(image, image)
        torch.testing.assert_close(made, recipe.decoder_b(recipe.decoder(mean)))
    assert made.shape == image.shape
    assert made.abs().max() <= 1


def test_sizes_of_the_authors_networks(factory, make_build):
    with torch.device("meta"):
        recipe = factory("unit", "recipe")(make_build(**DISCRIMINATOR, size=256))
    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in recipe.networks().items()}
    block = 2 * (9 * 256 * 256 + 256)
    inner = 9 * 64 * 128 + 9 * 128 * 256 + 3 * block
    assert counts["encoder"] == counts["decoder"] == block
    assert counts["encoder_a"] == 49 * 3 * 64 + 64 + inner + 128 + 256
    assert counts["decoder_b"] == inner + 128 + 64 + 64 * 3 + 3
    widths = [3, 64, 128, 256, 512, 1024, 2048]
    assert counts["discriminator_a"] == sum(9 * x * y + y for x, y in pairwise(widths)) + 2048 + 1


def test_each_player_moves_all_of_its_networks(build, batch, stream, run_steps):
    recipe = build()
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(batch), steps=2)
    assert [list(moves) for moves in log] == [["discriminator", "generator"]] * 2
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    # What a bias before an instance norm adds, the norm takes out.
    assert all(name.endswith("bias") for name in still)
    owned = [p for player in recipe.players().values() for network in player.networks for p in network.parameters()]
    assert len(owned) == len(set(owned)) == len(before)
    assert {player.weight_decay for player in recipe.players().values()} == {1e-4}


def test_the_discriminator_scores_images_of_any_size(make_build):
    spec = DiscriminatorSpec(channels=1, condition_channels=2, size=(9, 5))
    network = make_build(**SMALL).discriminator(spec)
    assert network(torch.rand(2, 1, 9, 5), torch.rand(2, 2, 9, 5)).shape == (2, 1, 3, 2)


def test_previews_show_both_ways_and_what_a_code_keeps(build, batch):
    recipe = build().eval()
    with torch.no_grad():
        assert list(recipe.preview(batch)) == ["input", "output", "reconstructed", "input B", "output A"]
        shown = list(recipe.preview(batch | {"reference": batch["b"]}))
    assert shown[:3] == ["input", "output", "reference"]


def test_domains_that_begin_alike_translate_at_first_as_they_decode_their_own(build, batch):
    def ways(**options):
        recipe = build(**options).eval()
        with torch.no_grad():
            shown = recipe.preview(batch)
        return shown["output"], shown["reconstructed"]

    assert torch.equal(*ways(alike=True))
    assert not torch.allclose(*ways())
    build({"channels": {"a": 1, "b": 3}}, alike=True)


def test_what_it_cannot_do_is_refused(build):
    with pytest.raises(UsageError, match="unit needs filters >= 1 and blocks >= 0, not filters=4, blocks=-1"):
        build(blocks=-1)
    with pytest.raises(Unsupported, match="a size that is a multiple of 4 and at least 8, not 18"):
        build({"size": 18})
    with pytest.raises(UsageError, match="layers from 1 to 10, not filters=4, layers=0"):
        build({"discriminator_options": {"filters": 4, "layers": 0}})


def test_settings_of_the_authors_code(factory):
    said = factory("unit", "recipe").settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["steps"]) == (1e-4, (0.5, 0.999), 1, 500_000)
    assert said["schedule"] == "constant"


def test_a_norm_over_an_images_pixels_is_refused_where_one_is_left(make_build):
    chosen = DISCRIMINATOR | {"normalization": ("none", "instance"), "size": 16}
    spec = DiscriminatorSpec(channels=3, size=16)
    refused = make_build(**chosen, discriminator_options={"filters": 4, "layers": 4})
    with pytest.raises(Unsupported, match="to one pixel.*layers=3"):
        refused.discriminator(spec)
    allowed = make_build(**chosen, discriminator_options={"filters": 4, "layers": 3}).discriminator(spec)
    assert allowed(torch.zeros(1, 3, 16, 16)).shape == (1, 1, 2, 2)
