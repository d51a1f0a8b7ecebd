"""StackGAN: three stages, three kinds of pairs, and a model that is told a text."""

import pytest
import torch
from PIL import Image
from torch.nn.functional import softplus

from gantk import UsageError
from gantk.parts.context import Context
from gantk.plan.assemble import build_recipe, open_training_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk_plugins.text.layers import divergence
from gantk_plugins.text.stackgan import PASSES, halved
from support.commands import invoke, refusal

SMALL = {
    "size": 16,
    "enlargement": 2,
    "batch_size": 4,
    "jitter": 1.0,
    "text": 6,
    "condition": 3,
    "noise": 4,
    "filters": 4,
    "blocks": 1,
    "words": 5,
    "discriminator.filters": 2,
    "discriminator.condition": 3,
}
TEXTS = ["red apple", "red heart", "sun", "fish"]


@pytest.fixture
def build():
    def made(**said):
        resolved = resolve(Config(plugins=["stackgan"], data=["emoji"], set={**SMALL, **said}, scale="paper"))
        return build_recipe(resolved, open_training_data(resolved).contents, Context())

    return made


def test_the_rate_is_halved_at_each_hundred_passes_and_begins_anew_with_stage_two():
    total = sum(PASSES)
    rates = [halved((passes + 0.5) / total) for passes in (0, 99, 100, 199, 200, 699, 700, 799, 1299)]
    assert rates == [1, 1, 1, 1, 1 / 2, 1 / 32, 1, 1, 1 / 32]


def batches(side):
    while True:
        yield {"image": torch.rand(4, 3, side, side) * 2 - 1, "caption": TEXTS}


def moves(recipe, side):
    """Return the first step's losses by player, though nobody moves."""
    body, found, answer = recipe.step(batches(side)), {}, None
    try:
        while True:
            player, losses = body.send(answer)
            found[player] = losses
    except StopIteration:
        return found


def test_each_stage_moves_its_own_networks_on_images_of_its_own_size(build, at):
    recipe = build().train()
    moved = [
        ({"encoders": (recipe.text, recipe.images)}, 8),
        ({"discriminator": (recipe.sketch_judge,), "generator": (recipe.sketch,)}, 8),
        ({"discriminator": (recipe.judge,), "generator": (recipe.refinement,)}, 16),
    ]
    for number, (players, side) in enumerate(moved):
        assert at(recipe, number) == side
        assert {name: player.networks for name, player in recipe.players().items()} == players
        losses = moves(recipe, side)
        assert set(losses) == set(players)
        for player, networks in players.items():
            own = [parameter for network in networks for parameter in network.parameters()]
            others = [parameter for parameter in recipe.parameters() if not any(parameter is each for each in own)]
            total = sum(losses[player].values())
            assert all(gradient is not None for gradient in torch.autograd.grad(total, own, retain_graph=True))
            if player == "generator":
                reached = torch.autograd.grad(total, others, allow_unused=True)
                judged = sum(gradient is not None for gradient in reached)
                assert judged == len(list(recipe.playing()[0].parameters()))


def test_wrong_and_made_pairs_weigh_half_as_much_as_true_ones(build, at):
    recipe = build().eval()
    at(recipe, 1)
    real, fake, vector = torch.randn(4, 3, 8, 8), torch.randn(4, 3, 8, 8), torch.randn(4, 6)
    losses = recipe.judged(recipe.sketch_judge, real, fake, vector, vector[[3, 0, 1, 2]])
    assert set(losses) == {"game", "game_wrong"}
    judge = recipe.sketch_judge
    true, made, wrong = judge(real, vector), judge(fake, vector), judge(real, vector[[3, 0, 1, 2]])
    expected = softplus(-true).mean() + (softplus(made).mean() + softplus(wrong).mean()) / 2
    torch.testing.assert_close(losses["game"] + losses["game_wrong"], expected)


def test_of_joint_scores_wrong_texts_change_those_of_the_text_alone(at):
    said = {name: value for name, value in SMALL.items() if name != "discriminator.condition"}
    config = Config(plugins=["stackgan"], data=["emoji"], discriminator="stackgan++", set=said, scale="paper")
    resolved = resolve(config)
    recipe = build_recipe(resolved, open_training_data(resolved).contents, Context()).eval()
    at(recipe, 1)
    real, fake, vector = torch.randn(4, 3, 8, 8), torch.randn(4, 3, 8, 8), torch.randn(4, 6)
    losses = recipe.judged(recipe.sketch_judge, real, fake, vector, vector.roll(1, 0))
    (true, alone), (made, made_alone) = (recipe.sketch_judge(image, vector) for image in (real, fake))
    wrong, _ = recipe.sketch_judge(real, vector.roll(1, 0))
    games = [softplus(-one).mean() + softplus(other).mean() for one, other in ((true, made), (alone, made_alone))]
    torch.testing.assert_close(losses["game"], sum(games) / 4)
    torch.testing.assert_close(losses["game_wrong"], (softplus(-true).mean() + softplus(wrong).mean()) / 2)


@pytest.mark.parametrize("number", [1, 2])
def test_the_generator_pays_for_the_divergence_of_its_own_condition(number, build, at):
    recipe = build(divergence=3.0)
    side = at(recipe, number)
    torch.manual_seed(1)
    losses = moves(recipe, side)["generator"]
    words = recipe.caption.read(TEXTS)
    network = (recipe.sketch, recipe.refinement)[number - 1].module
    _, mean, log_deviation = network.condition(recipe.text(words), torch.zeros(4, 3))
    torch.testing.assert_close(losses["divergence"], 3 * divergence(mean, log_deviation))
    assert losses["game"].ndim == 0


def test_what_is_exported_is_what_is_shown(build, at):
    recipe = build().eval()
    batch = next(batches(16))
    for number, (side, shown) in enumerate([(8, {"stage I"}), (8, {"stage I"}), (16, {"stage I", "stage II"})]):
        at(recipe, number)
        graph = recipe.graphs()["generator"]
        assert [port.name for port in graph.inputs] == ["noise", "variation", "caption"]
        noise, variation = (port.fixed(4) for port in graph.inputs[:2])
        image = graph.network(noise, variation, recipe.caption.read(TEXTS))
        assert image.shape == (4, 3, side, side)
        columns = recipe.preview(batch)
        assert set(columns) == shown | {"real"}
        assert torch.equal(columns[max(shown)], image)
        assert {len(column) for column in columns.values()} == {4}
    assert torch.equal(
        columns["stage I"][:, :, ::2, ::2],
        recipe.sketch(noise, variation[:, 0], recipe.text(recipe.caption.read(TEXTS)))[0],
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"size": 24}, "of size 24, 2 times as large in stage II as in stage I: size and enlargement must be powers"),
        ({"enlargement": 4}, "the size at least 8 times it"),
        ({"enlargement": 1}, "enlargement at least 2"),
        ({"filters": 1}, "filters >= 2"),
        ({"matching_rate": 0}, "matching_rate above 0"),
    ],
)
def test_what_cannot_be_is_one_line(said, message, build):
    with pytest.raises(UsageError, match=message):
        build(**said)


def test_a_single_image_has_no_text_of_another(build):
    recipe = build()
    body = recipe.step(iter([{"image": torch.zeros(1, 3, 8, 8), "caption": ["sun"]}]))
    with pytest.raises(UsageError, match="batch-size 2 or more"):
        next(body)


def test_a_text_becomes_an_image(tmp_path):
    """Train on files with a text beside each, go on, export, and say a text that is known, and one that is not."""
    for number, (text, colour) in enumerate([("red apple", "red"), ("green apple", "green"), ("sea", "blue")] * 4):
        Image.new("RGB", (24, 24), colour).save(tmp_path / f"{number}.png")
        (tmp_path / f"{number}.txt").write_text(text)
    Image.new("RGB", (24, 24)).save(tmp_path / "untold.png")
    run = tmp_path / "run"
    options = [part for name, value in SMALL.items() for part in ("-s", f"{name}={value}")]
    said = ["train", "--plugin", "stackgan", "--data", tmp_path, "--device", "cpu", "--precision", "fp32", *options]
    shown = invoke(*said, "--steps", 13, "--checkpoint-every", 6, "--out", run)
    assert "images have no caption, and are left out" in " ".join(shown.split())
    whole = {file.name: file.read_bytes() for file in (run / "checkpoints/000013").glob("*.safetensors")}
    invoke("train", "--resume", run, "--step", 6)
    assert all((run / "checkpoints/000013" / name).read_bytes() == data for name, data in whole.items())
    invoke("export", run)
    model = run / "exports/generator.onnx"
    invoke("generate", model, "-n", 2, "--caption", "red apple", "-o", tmp_path / "out")
    (first, second) = sorted((tmp_path / "out").iterdir())
    with Image.open(first) as image:
        assert (image.size, image.mode) == ((16, 16), "RGB")
    assert "red_apple" in second.name
    line = refusal("generate", model, "--caption", "red aple", "-o", tmp_path / "no", status=2)
    assert "caption: the model does not know 1 of its 2 words: aple (near apple)" in line
