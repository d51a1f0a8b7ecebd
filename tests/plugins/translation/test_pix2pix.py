"""pix2pix's step against closed forms, and who moves."""

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

SMALL = {"generator": "unet", "generator_options": {"filters": 4}, "discriminator_options": {"filters": 4}}
GAME = {"loss": "non-saturating", "normalization": ("batch", "batch")}


class Scale(nn.Module):
    """A generator that multiplies its image by one learned number."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.5))

    def forward(self, image):
        return self.factor * image


@pytest.fixture
def pix2pix(factory):
    return factory("pix2pix", "recipe")


@pytest.fixture
def batch(pictures):
    return {"source": pictures("flat", 2), "target": pictures("3d", 2)}


def test_losses_in_closed_form(pix2pix, batch, make_build, stream, run_steps):
    recipe = pix2pix(make_build(generator=lambda spec, build: Scale(), **GAME), l1=7.0)
    recipe.train()
    source, target = batch["source"], batch["target"]
    with torch.no_grad():
        real, fake = recipe.discriminator(target, source), recipe.discriminator(0.5 * source, source)
    (moves,) = run_steps(recipe, stream(batch))
    assert list(moves) == ["generator", "discriminator"]
    torch.testing.assert_close(
        moves["generator"],
        {"game": softplus(-fake).mean(), "l1": 7 * (0.5 * source - target).abs().mean()},
    )
    torch.testing.assert_close(moves["discriminator"], {"game": (softplus(-real).mean() + softplus(fake).mean()) / 2})


def test_what_came_later_is_there_by_options(pix2pix, batch, make_build, stream, run_steps):
    asked = {"scales": 2, "feature_matching": 10.0, "perceptual": "efficientnet-lite0"}
    options = {**SMALL, "discriminator_options": {"filters": 4, "layers": 1}}
    recipe = pix2pix(make_build(**options, **GAME), **asked)
    (moves,) = run_steps(recipe, stream(batch))
    assert list(moves["generator"]) == ["game", "features", "l1", "perceptual"]
    assert [len(scores) for scores in recipe.discriminator(batch["target"], batch["source"])] == [2, 2]
    assert len(recipe.discriminator(batch["target"], batch["source"])) == 2


def test_each_player_moves_all_of_its_network(pix2pix, batch, make_build, stream, run_steps):
    recipe = pix2pix(make_build(**SMALL, **GAME))
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(batch), steps=2)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_the_discriminator_sees_source_and_target(pix2pix, batch, make_build):
    recipe = pix2pix(make_build(channels={"source": 1, "target": 3}, **SMALL, **GAME))
    assert recipe.discriminator.module.stages[0][0].in_channels == 4
    assert recipe.generator(batch["source"][:, :1]).shape == batch["target"].shape


def test_critic_steps_without_the_generator_cost_one_pass_and_no_graph(pix2pix, batch, make_build, stream, run_steps):
    recipe = pix2pix(make_build(**SMALL, **GAME))
    graphs, judged = [], []
    recipe.generator.register_forward_hook(lambda network, inputs, output: graphs.append(output.requires_grad))
    recipe.discriminator.register_forward_hook(lambda network, inputs, output: judged.append(1))
    log = run_steps(recipe, stream(batch), steps=2, critic_steps=2)
    assert [list(moves) for moves in log] == [["discriminator"], ["generator", "discriminator"]]
    assert graphs == [False, True]
    assert len(judged) == 2 + 3


def test_preview_graphs_and_inference(pix2pix, batch, make_build):
    recipe = pix2pix(make_build(**SMALL, **GAME)).eval()
    columns = recipe.preview(batch)
    assert list(columns) == ["input", "output", "reference"]
    assert torch.equal(columns["output"], recipe.generator(batch["source"]))
    (graph,) = recipe.graphs().values()
    assert (graph.network, graph.inputs, graph.outputs) == (recipe.generator, ("source",), ("target",))
    assert list(recipe.graphs()) == ["source_to_target"]
    assert [recipe.inference.after(images).statistics for images in (1, 4)] == ["image", "running"]


def test_dropout_is_noise_in_training_only(pix2pix, batch, make_build):
    recipe = pix2pix(make_build(**SMALL, **GAME))
    noisy = [recipe.train().generator(batch["source"]) for _ in range(2)]
    assert not torch.equal(*noisy)
    still = [recipe.eval().generator(batch["source"]) for _ in range(2)]
    assert torch.equal(*still)


def test_settings_and_defaults_of_the_paper(pix2pix):
    said = pix2pix.settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"]) == (2e-4, (0.5, 0.999), 1)
    defaults = pix2pix.defaults
    assert (defaults.generator, defaults.discriminator, defaults.loss) == ("unet", "patchgan", "non-saturating")
    assert defaults.normalization == {"generator": "batch", "discriminator": "batch"}
