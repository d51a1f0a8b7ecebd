"""StackGAN++: joint losses under texts and labels, colours without, and a model of each kind."""

import pytest
import torch
from PIL import Image
from torch.nn.functional import avg_pool2d, softplus

from gantk import Unsupported, UsageError
from gantk.parts.context import Context
from gantk.plan.assemble import build_recipe, open_training_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk_plugins.text.layers import divergence
from gantk_plugins.text.stackgan_plus_networks import colour_difference
from support.commands import invoke

SMALL = {
    "size": 32,
    "batch_size": 4,
    "jitter": 1.0,
    "text": 6,
    "condition": 3,
    "noise": 4,
    "filters": 4,
    "blocks": 1,
    "words": 5,
    "discriminator.filters": 2,
}
TEXTS = ["red apple", "red heart", "sun", "fish"]
KINDS = ("captioned", "labelled", "images")


@pytest.fixture
def build():
    def made(kind="captioned", **said):
        config = Config(plugins=["stackgan++"], data=["emoji"], set={**SMALL, "kind": kind, **said}, scale="paper")
        resolved = resolve(config)
        return build_recipe(resolved, open_training_data(resolved).contents, Context())

    return made


@pytest.fixture
def batch():
    return {
        "image": torch.rand(4, 3, 32, 32) * 2 - 1,
        "caption": TEXTS,
        "label": torch.tensor([0, 1, 1, 2]),
    }


def last(recipe):
    return len(recipe.stages()) - 1


@pytest.mark.parametrize("kind", KINDS)
def test_captions_alone_need_a_stage_before(kind, build, at):
    recipe = build(kind)
    stages = [(stage.name, stage.scale) for stage in recipe.stages()]
    assert stages == ([("text", 0.25), ("images", 1.0)] if kind == "captioned" else [("", 1.0)])
    at(recipe, 0)
    players = {"encoders"} if kind == "captioned" else {"discriminator", "generator"}
    assert set(recipe.players()) == players
    at(recipe, last(recipe))
    assert set(recipe.players()) == {"discriminator", "generator"}


@pytest.mark.parametrize("kind", KINDS)
def test_losses_of_each_kind_and_whom_they_reach(kind, build, batch, at):
    recipe = build(kind).train()
    at(recipe, last(recipe))
    losses = dict(recipe.step(iter([batch])))
    sides = (8, 16, 32)
    told = kind != "images"
    assert set(losses["discriminator"]) == {
        f"{name}_{side}" for side in sides for name in ("game", *(("game_wrong", "game_alone") if told else ()))
    }
    assert set(losses["generator"]) == {f"game_{side}" for side in sides} | (
        {f"game_alone_{side}" for side in sides} | {"divergence"} if told else {"colour_16", "colour_32"}
    )
    generator, critics = list(recipe.generator.parameters()), list(recipe.discriminators.parameters())
    judged = sum(losses["discriminator"].values())
    assert all(found is None for found in torch.autograd.grad(judged, generator, allow_unused=True, retain_graph=True))
    assert all(found is not None for found in torch.autograd.grad(judged, critics, retain_graph=True))
    assert all(found is not None for found in torch.autograd.grad(sum(losses["generator"].values()), generator))


def test_the_discriminators_losses_under_a_condition(build, at):
    recipe = build("labelled", unconditional=0.5).eval()
    network = recipe.discriminators[1]
    real, fake = torch.randn(4, 3, 16, 16), torch.randn(4, 3, 16, 16)
    seen, wrong = torch.randn(4, 3), torch.randn(4, 3)
    losses = recipe.judged(network, real, fake, (seen,), (wrong,))
    (true, true_alone), (made, made_alone), (other, _) = network(real, seen), network(fake, seen), network(real, wrong)
    expected = softplus(-true).mean() + (softplus(made).mean() + softplus(other).mean()) / 2
    torch.testing.assert_close(losses["game"] + losses["game_wrong"], expected)
    alone = 0.5 * (softplus(-true_alone).mean() + softplus(made_alone).mean())
    torch.testing.assert_close(losses["game_alone"], alone)
    torch.testing.assert_close(
        recipe.judged(network, real, fake, (seen,), ())["game"], (softplus(-true).mean() + softplus(made).mean())
    )


def test_the_trees_losses_with_a_condition_and_without(build, at):
    real = [torch.randn(4, 3, side, side) for side in (8, 16, 32)]
    fake = [torch.randn(4, 3, side, side) for side in (8, 16, 32)]
    mean, log_deviation = torch.randn(4, 3), torch.randn(4, 3)
    recipe = build("labelled", unconditional=0.5, divergence=3.0).eval()
    losses = recipe.fooled(real, fake, (mean,), mean, log_deviation)
    told, alone = recipe.discriminators[2](fake[2], mean)
    torch.testing.assert_close(losses["game_32"], softplus(-told).mean())
    torch.testing.assert_close(losses["game_alone_32"], 0.5 * softplus(-alone).mean())
    torch.testing.assert_close(losses["divergence"], 3 * divergence(mean, log_deviation))
    recipe = build("images", colour=7.0).eval()
    losses = recipe.fooled(real, fake, (), mean, log_deviation)
    torch.testing.assert_close(losses["game_8"], softplus(-recipe.discriminators[0](fake[0])).mean())
    torch.testing.assert_close(losses["colour_32"], 7 * colour_difference(fake[2], fake[1]))
    torch.testing.assert_close(losses["colour_16"], 7 * colour_difference(fake[1], fake[0]))


def test_a_game_that_needs_real_scores_gets_them(build, batch, at):
    for kind in ("labelled", "images"):
        resolved = resolve(
            Config(
                plugins=["stackgan++"], data=["emoji"], set={**SMALL, "kind": kind}, loss="relativistic", scale="paper"
            )
        )
        recipe = build_recipe(resolved, open_training_data(resolved).contents, Context())
        at(recipe, 0)
        losses = dict(recipe.step(iter([batch])))
        assert all(loss.isfinite() for found in losses.values() for loss in found.values())


def test_a_wrong_label_is_any_other_one(build, batch):
    recipe = build("labelled")
    seen = set()
    for _ in range(40):
        own, other = (vector.argmax(1) for vector in recipe.conditions(batch, None))
        assert torch.equal(own, batch["label"])
        assert not (own == other).any()
        seen |= set(other.tolist())
    assert seen == set(range(recipe.label.count))


def test_discriminators_see_the_mean_of_what_the_tree_draws_from(build, batch):
    recipe = build("captioned").eval()
    words = recipe.caption.read(TEXTS)
    vector, other = recipe.conditions(batch, words)
    torch.testing.assert_close(vector, recipe.reader(words))
    torch.testing.assert_close(other, vector[[1, 2, 3, 0]])
    _, mean, _ = recipe.generator(*recipe.drawn(4, vector.device, vector))
    torch.testing.assert_close(recipe.mean_of(vector), mean)
    assert not recipe.mean_of(vector).requires_grad


def test_real_images_are_seen_at_every_size(build, batch):
    sizes = build("images").at_sizes(batch["image"])
    assert [image.shape[2] for image in sizes] == [8, 16, 32]
    torch.testing.assert_close(sizes[0], avg_pool2d(avg_pool2d(batch["image"], 2), 2))


def test_sizes_are_halved_as_long_as_eight_pixels_are_left(build):
    assert build("images", size=16).sides == [8, 16]
    assert build("images", branches=2).sides == [16, 32]
    assert build("images", size=28).sides == [14, 28]
    assert build("images", branches=1).sides == [32]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_is_what_is_shown(kind, build, batch, at):
    recipe = build(kind).eval()
    at(recipe, last(recipe))
    graph = recipe.graphs()["generator"]
    said = {"captioned": ["caption"], "labelled": ["label"], "images": []}[kind]
    assert [port.name for port in graph.inputs] == ["noise", *(["variation"] if said else []), *said]
    told = {"captioned": lambda: (recipe.caption.read(TEXTS),), "labelled": lambda: (batch["label"],)}
    noise = [port.fixed(4) for port in graph.inputs[: 2 if said else 1]]
    columns = recipe.preview(batch)
    assert list(columns) == ["8x8", "16x16", "32x32", "real"]
    assert {image.shape[2] for image in columns.values()} == {32}
    torch.testing.assert_close(columns["32x32"], graph.network(*noise, *told.get(kind, tuple)()))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"branches": 0}, "needs branches, words"),
        ({"colour": -1}, "colour >= 0"),
        ({"size": 18}, "halves size 18 to 9, and needs a size that is .*, not 9"),
        ({"matching_rate": 0}, "matching_rate above 0"),
    ],
)
def test_what_cannot_be_is_one_line(said, message, build):
    with pytest.raises((UsageError, Unsupported), match=message):
        build("images", **said)


def built(**parts):
    said = {"set": {**SMALL, "kind": "labelled"}, "scale": "paper"}
    resolved = resolve(Config(plugins=["stackgan++"], data=["emoji"], **said, **parts))
    return build_recipe(resolved, open_training_data(resolved).contents, Context())


def test_a_discriminator_without_scores_of_images_by_themselves_plays_without(batch, at):
    recipe = built(discriminator="stackgan")
    at(recipe, 0)
    losses = dict(recipe.step(iter([batch])))
    assert set(losses["discriminator"]) == {f"{name}_{side}" for side in (8, 16, 32) for name in ("game", "game_wrong")}
    assert set(losses["generator"]) == {"game_8", "game_16", "game_32", "divergence"}


def test_games_of_energies_are_refused():
    with pytest.raises(Unsupported, match="a game of scores alone"):
        built(loss="ebgan", discriminator="ebgan")


def test_a_single_image_has_no_text_of_another(build):
    with pytest.raises(UsageError, match="batch-size 2 or more"):
        next(build().step(iter([{"image": torch.zeros(1, 3, 8, 8), "caption": ["sun"]}])))


@pytest.mark.parametrize("kind", ["labelled", "images"])
def test_labels_and_plain_images_become_models(kind, tmp_path):
    options = [part for name, value in {**SMALL, "size": 16}.items() for part in ("-s", f"{name}={value}")]
    run = tmp_path / "run"
    invoke(
        *["train", "--plugin", "stackgan++", "--data", "emoji", "--device", "cpu", "--precision", "fp32", *options],
        *["-s", f"kind={kind}", "--steps", 3, "--out", run],
    )
    invoke("export", run)
    said = ["--label", "label=0"] if kind == "labelled" else []
    invoke("generate", run / "exports/generator.onnx", "-n", 2, *said, "-o", tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as image:
            assert image.size == (16, 16)
