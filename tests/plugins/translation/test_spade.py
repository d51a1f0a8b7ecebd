"""SPADE: its losses in closed form, its networks, and what paints in which style."""

import pytest
import torch
from torch.nn.functional import relu

from gantk import DataInfo, Palette, UsageError
from gantk_plugins.losses.feature_matching import feature_matching
from gantk_plugins.translation.spade import divergence

PALETTE = Palette(((0,), (1,), (2,)))

SMALL = {
    "loss": "hinge",
    "generator": "spade",
    "discriminator": "spade",
    "normalization": ("spade", "spectral-instance"),
    "generator_options": {"filters": 2},
    "discriminator_options": {"filters": 2, "layers": 1},
}


@pytest.fixture
def spade(factory, make_build):
    def build(**options):
        made = make_build(**SMALL)
        made.data = DataInfo(kind="layout", size=64, channels={"image": 3, "layout": 3}, palettes={"layout": PALETTE})
        return factory("spade", "recipe")(made, **({"style": 6} | options))

    return build


@pytest.fixture
def batch():
    torch.manual_seed(1)
    return {"image": torch.rand(2, 3, 64, 64) * 2 - 1, "layout": torch.randint(3, (2, 64, 64))}


def test_the_divergence_in_closed_form():
    """At a mean of 1 and a variance of 1 it is half of the numbers, 128 of 256; at N(0, 1) it is 0."""
    mean, log_variance = torch.ones(3, 256), torch.zeros(3, 256)
    assert divergence(mean, log_variance).item() == pytest.approx(128)
    assert divergence(0 * mean, log_variance).item() == 0
    assert divergence(0 * mean, log_variance + 1).item() == pytest.approx(128 * (torch.e - 2))


def test_losses_in_closed_form(spade, batch, stream):
    recipe = spade(style=0, feature_matching=3.0).eval()
    layout, real = PALETTE.one_hot(batch["layout"]), batch["image"]
    critic = recipe.discriminator.given(layout)
    with torch.no_grad():
        fake = recipe.generator(layout)
        (real_scores, wanted), (fake_scores, found) = critic.both(real), critic.both(fake)
    body = recipe.step(stream(batch))
    player, losses = next(body)
    expected = {
        "game": -sum(scores.mean() for scores in fake_scores) / 2,
        "features": 3 * feature_matching(found, wanted),
    }
    assert player == "generator"
    torch.testing.assert_close(losses, expected)
    judged = [
        relu(1 - one).mean() + relu(1 + other).mean() for one, other in zip(real_scores, fake_scores, strict=True)
    ]
    player, losses = next(body)
    assert player == "discriminator"
    torch.testing.assert_close(losses, {"game": sum(judged) / 2})


def test_all_networks_move_and_the_critic_four_times_as_fast(spade, batch, stream, run_steps):
    recipe = spade(perceptual="efficientnet-lite0")
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (moves,) = run_steps(recipe, stream(batch))
    assert set(moves["generator"]) == {"game", "features", "divergence", "perceptual"}
    # A bias before an instance norm has no effect, and the first numbers of an encoder's log variance are small.
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    assert not {name for name in still if not name.endswith("bias")}
    assert list(recipe.players()["discriminator"].scale.values()) == [4.0]


def test_a_style_of_another_picture(spade, batch):
    recipe = spade().eval()
    graphs = recipe.graphs()
    assert {name: graph.input_names for name, graph in graphs.items()} == {
        "paint": ("layout", "style"),
        "sample": ("image", "style"),
    }
    layout, image = PALETTE.one_hot(batch["layout"]), batch["image"]
    with torch.no_grad():
        painted = graphs["paint"].network(layout, image)
        mean, _ = recipe.encoder(image)
        assert torch.equal(painted, graphs["sample"].network(layout, mean))
        assert not torch.allclose(painted, graphs["paint"].network(layout, image.flip(0)), atol=1e-5)
        shown = recipe.preview(batch)
        assert torch.equal(shown["output"], painted)
        assert list(shown) == ["input", "output", "style of next", "reference"]
        wide = PALETTE.one_hot(torch.randint(3, (2, 64, 96)))
        assert graphs["paint"].network(wide, image).shape == (2, 3, 64, 96)


def test_without_an_encoder_a_label_map_has_one_image(spade, batch):
    recipe = spade(style=0)
    assert list(recipe.networks()) == ["generator", "discriminator"]
    (graph,) = recipe.graphs().values()
    assert graph.inputs == ("layout",)
    assert list(recipe.eval().preview(batch)) == ["input", "output", "reference"]


@pytest.mark.parametrize("options", [{"style": -1}, {"critic_rate": 0.0}])
def test_wrong_options(options, spade):
    with pytest.raises(UsageError, match="style >= 0 and critic_rate > 0"):
        spade(**options)


def test_settings_of_the_paper(spade):
    said = spade().settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["size"]) == (1e-4, (0.0, 0.999), 32, 256)
    assert (said["epochs"], said["schedule"], said["decay_from"]) == (200, "linear", 0.5)
