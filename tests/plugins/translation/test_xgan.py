"""XGAN: its five losses in closed form, what domains share, and the gradient that is reversed."""

from itertools import pairwise
from math import log

import pytest
import torch
from torch import nn

from gantk import DataInfo, DiscriminatorSpec, Unsupported, UsageError
from gantk.parts.valueless import without_values
from gantk_plugins.translation.xgan import reversed_gradient
from gantk_plugins.translation.xgan_networks import coarsest_map

SMALL = {
    "discriminator": "xgan",
    "loss": "non-saturating",
    "normalization": ("none", "none"),
    "discriminator_options": {"filters": 4},
}


@pytest.fixture
def batch(pictures):
    return {"a": pictures("flat", 2), "b": pictures("3d", 2)}


@pytest.fixture
def xgan(factory, make_build):
    """Return a function that builds the recipe with options, for images of a size."""

    def build(size=32, parts=None, **options):
        made = make_build(**SMALL | (parts or {}))
        made.data = DataInfo(kind="unpaired", size=size, channels={"a": 3, "b": 3})
        return factory("xgan", "recipe")(made, **{"filters": 2, "embedding": 6} | options)

    return build


def encoded(recipe, side, image):
    own = recipe.encoder_a if side == "a" else recipe.encoder_b
    return recipe.encoder(own(image))


def decoded(recipe, side, code):
    own = recipe.decoder_a if side == "a" else recipe.decoder_b
    return own(recipe.decoder(code))


def test_sizes_of_the_papers_layers(xgan, factory, make_build):
    """Convolutions of 4 x 4 with biases to 32, 64, 128, 256 channels, and back from 512 by way of 256, 128, 64."""
    with without_values():
        recipe = xgan(size=64, filters=32, embedding=1024)
        critic = factory("xgan", "discriminator")(
            DiscriminatorSpec(channels=3, size=64), make_build(normalization=("none", "none"))
        )

    def layers(*widths):
        return sum(16 * before * after + after for before, after in pairwise(widths))

    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in recipe.networks().items()}
    assert counts["encoder_a"] == counts["encoder_b"] == layers(3, 32, 64)
    assert counts["encoder"] == layers(64, 128, 256) + (4 * 4 * 256 + 1) * 1024 + (1024 + 1) * 1024
    assert counts["decoder"] == layers(1024, 512, 256)
    assert counts["decoder_a"] == counts["decoder_b"] == layers(256, 128, 64, 3)
    assert sum(p.numel() for p in critic.parameters()) == layers(3, 16, 32, 32, 32) + 32 * 4 * 4 + 1


def test_a_reversed_gradient():
    x = torch.tensor([1.5, -2.0], requires_grad=True)
    there = reversed_gradient(x)
    assert torch.equal(there, x)
    (there * torch.tensor([3.0, 5.0])).sum().backward()
    assert torch.equal(x.grad, torch.tensor([-3.0, -5.0]))


def test_losses_in_closed_form(xgan, batch, stream):
    recipe = xgan(reconstruction=2.0, domain_adversarial=3.0, semantic=5.0, adversarial=7.0).train()
    a, b = batch["a"], batch["b"]
    for parameter in recipe.classifier.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():
        code_a, code_b = encoded(recipe, "a", a), encoded(recipe, "b", b)
        fake_b, fake_a = decoded(recipe, "b", code_a), decoded(recipe, "a", code_b)
        fooled = [
            nn.functional.softplus(-critic(fake)).mean()
            for critic, fake in ((recipe.discriminator_a, fake_a), (recipe.discriminator_b, fake_b))
        ]
        expected = {
            "reconstruction_a": 2 * (decoded(recipe, "a", code_a) - a).square().sum((1, 2, 3)).sqrt().mean(),
            "reconstruction_b": 2 * (decoded(recipe, "b", code_b) - b).square().sum((1, 2, 3)).sqrt().mean(),
            "domain": torch.tensor(3 * 2 * log(2)),
            "semantic_a": 5 * (encoded(recipe, "b", fake_b) - code_a).abs().mean(),
            "semantic_b": 5 * (encoded(recipe, "a", fake_a) - code_b).abs().mean(),
            "game_a": 7 * fooled[0],
            "game_b": 7 * fooled[1],
        }
    body = recipe.step(stream(batch))
    player, judged = next(body)
    assert (player, set(judged)) == ("discriminator", {"game_a", "game_b"})
    moves = next(body)
    torch.testing.assert_close(dict(moves["generator"]), expected)
    torch.testing.assert_close(dict(moves["classifier"]), {"domain": torch.tensor(2 * log(2))})


def test_encoders_hide_from_the_classifier_what_it_learns_to_see(xgan, batch, stream):
    """The encoders' gradient is that of the classifier's loss with the other sign, times the weight."""
    recipe = xgan(domain_adversarial=3.0).train()
    body = recipe.step(stream(batch))
    next(body)
    moves = next(body)
    weight = recipe.encoder.module[-2].weight
    (hidden,) = torch.autograd.grad(moves["generator"]["domain"], weight, retain_graph=True)
    (told,) = torch.autograd.grad(
        recipe.told_apart(encoded(recipe, "a", batch["a"]), encoded(recipe, "b", batch["b"])), weight
    )
    torch.testing.assert_close(hidden, -3 * told)
    first = recipe.classifier.module[0].weight
    gradients = [
        torch.autograd.grad(loss, first, retain_graph=True)[0]
        for loss in (moves["classifier"]["domain"], moves["generator"]["domain"] / 3)
    ]
    torch.testing.assert_close(*gradients)


def test_both_directions_share_the_inner_layers(xgan, batch, stream, run_steps):
    recipe = xgan()
    graphs = recipe.graphs()
    one, other = (set(graphs[name].network.parameters()) for name in ("a_to_b", "b_to_a"))
    assert one & other == {*recipe.encoder.parameters(), *recipe.decoder.parameters()}
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    (moves,) = run_steps(recipe, stream(batch))
    assert list(moves) == ["discriminator", "generator", "classifier"]
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_graphs_translate_and_embed_at_one_size(xgan, batch):
    recipe = xgan().eval()
    graphs = recipe.graphs()
    assert {name: (graph.task, graph.inputs, graph.size) for name, graph in graphs.items()} == {
        "a_to_b": ("translate", ("a",), 32),
        "b_to_a": ("translate", ("b",), 32),
        "embed_a": ("encode", ("a",), 32),
        "embed_b": ("encode", ("b",), 32),
    }
    made = graphs["a_to_b"].network(batch["a"])
    torch.testing.assert_close(made, decoded(recipe, "b", encoded(recipe, "a", batch["a"])))
    torch.testing.assert_close(graphs["embed_b"].network(batch["b"]).square().mean(1), torch.ones(2))
    shown = recipe.preview(batch)
    assert list(shown) == ["input", "output", "reconstructed", "input B", "output A"]
    assert torch.equal(shown["output"], made)


def test_a_teacher_gives_the_embeddings_of_a(xgan, batch, stream, monkeypatch):
    class Teacher(nn.Module):
        def forward(self, images):
            self.seen = images
            return images.mean((2, 3)).repeat(1, 2)

    recipe = xgan(teaching=4.0)
    recipe.teacher = Teacher()
    code = torch.randn(2, 6)
    losses = recipe.taught(code, batch["a"])
    expected = nn.functional.normalize(batch["a"].mean((2, 3)).repeat(1, 2)) * 6**0.5
    assert recipe.teacher.seen.shape == (2, 3, 224, 224)
    torch.testing.assert_close(losses["teacher"], 4 * (code - expected).abs().mean(), rtol=0.02, atol=0.01)
    body = recipe.step(stream(batch))
    next(body)
    assert "teacher" in next(body)["generator"]


def test_what_cannot_be(xgan, factory, make_build):
    with pytest.raises(Unsupported, match=r"needs height and width that are multiples of 16, not \(24, 32\)"):
        coarsest_map((24, 32))
    with pytest.raises(UsageError, match="xgan needs filters >= 1 and embedding >= 1, not 0 and 6"):
        xgan(filters=0)
    with pytest.raises(UsageError, match="gives 1280 numbers: say embedding=1280 or leave it out"):
        xgan(teacher="efficientnet-lite0")
    with pytest.raises(UsageError, match="xgan needs filters >= 1, not 0"):
        factory("xgan", "discriminator")(
            DiscriminatorSpec(channels=3, size=16), make_build(normalization=("none", "none")), filters=0
        )


def test_a_map_of_one_pixel_is_not_normalized(factory, make_build):
    build = make_build(normalization=("none", "instance"))
    network = factory("xgan", "discriminator")(DiscriminatorSpec(channels=3, size=16), build, filters=4)
    assert network.train()(torch.rand(2, 3, 16, 16)).isfinite().all()
