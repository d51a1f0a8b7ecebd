"""S3GAN: turns, labels that are predicted where none is known, whom each loss moves, and what is exported."""

from math import log

import pytest
import torch
from torch import nn

from gantk import Unsupported, UsageError
from gantk_plugins.gan.s3gan import label_surprise, rotated, turn_surprise

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def s3gan(factory, make_build):
    """Return a function that makes a small recipe."""

    def make(loss="hinge", **options):
        build = make_build(
            kind="labelled",
            size=16,
            classes=CLASSES,
            generator="biggan",
            loss=loss,
            normalization=("batch", "spectral"),
            generator_options={"width": 2, "embedding": 3},
        )
        return factory("s3gan", "recipe")(build, **{"latent": 9, "width": 2, **options})

    return make


@pytest.fixture
def batch():
    images = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return {"image": images, "label": torch.tensor([0, -1, 2, -1, -1, -1, -1, -1])}


def test_a_quarter_turn_four_times_is_none():
    images = torch.rand(3, 1, 5, 5)
    turned = rotated(images, 2)
    assert torch.equal(turned[:3], images)
    by_one, by_two, by_three = turned[3:].split(2)
    assert torch.equal(by_one, torch.rot90(images[:2], 1, (2, 3)))
    assert torch.equal(torch.rot90(by_three, 1, (2, 3)), images[:2])
    assert torch.equal(torch.rot90(by_two, 2, (2, 3)), images[:2])


def test_undecided_turns_cost_log_4_and_those_that_are_told_nothing():
    assert turn_surprise(torch.zeros(8 + 6, 4), 8, 2).item() == pytest.approx(log(4))
    sure = torch.zeros(8 + 6, 4)
    sure[:2, 0], sure[8:10, 1], sure[10:12, 2], sure[12:, 3] = 99, 99, 99, 99
    assert turn_surprise(sure, 8, 2).item() == pytest.approx(0)
    sure[2:8] = -50 * torch.eye(6, 4)  # of what is not turned, nothing is asked
    assert turn_surprise(sure, 8, 2).item() == pytest.approx(0)


def test_only_known_labels_are_learned():
    logits = torch.tensor([[0.0, 0, 0], [9, 0, 0], [0, 0, 0]], requires_grad=True)
    loss = label_surprise(logits, torch.tensor([1, -1, 2]))
    assert loss.item() == pytest.approx(log(3))
    loss.backward()
    assert not logits.grad[1].any()
    assert label_surprise(logits, torch.full((3,), -1)).item() == 0


def test_a_predicted_label_stands_for_one_that_is_not_known(s3gan, batch):
    network = s3gan().discriminator.eval()
    unknown = torch.full((8,), -1)
    predicted = network(batch["image"], unknown)[2].argmax(1)
    torch.testing.assert_close(network(batch["image"], unknown)[0], network(batch["image"], predicted)[0])
    wrong = (predicted + 1) % 3
    assert not torch.allclose(network(batch["image"], unknown)[0], network(batch["image"], wrong)[0])


def test_no_gradient_flows_through_a_prediction(s3gan, batch):
    network = s3gan().discriminator
    network(batch["image"], torch.full((8,), -1))[0].sum().backward()
    assert network.module.labels.bias.grad is None
    assert network.module.judge.embedding.parametrizations.weight.original.grad.any()


def test_the_losses_of_a_discriminator_that_knows_nothing(s3gan, batch, stream):
    """Hinge 1 + 1; turns and labels are guessed."""
    recipe = s3gan(turns=0.5, generator_turns=0.25, classification=2.0)
    module = recipe.discriminator.module
    for layer in (module.turns, module.labels, module.judge.scores, module.judge.embedding):
        torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")
        for parameter in layer.parameters():
            nn.init.zeros_(parameter)
    body = recipe.step(stream(batch))
    player, losses = next(body)
    assert player == "discriminator"
    found = {name: loss.item() for name, loss in losses.items()}
    assert found == pytest.approx({"game": 2.0, "turns": 0.5 * log(4), "label": 2 * log(3)})
    player, losses = next(body)
    assert player == "generator"
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(
        {"game": 0.0, "turns": 0.25 * log(4)}, abs=1e-6
    )


@pytest.mark.parametrize("loss", ["non-saturating", "relativistic"])
def test_all_move(loss, s3gan, batch, stream, run_steps):
    recipe = s3gan(loss, every=4)
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(batch), steps=2, critic_steps=2)
    assert [list(moves) for moves in log] == [["discriminator"], ["discriminator", "generator"]]
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_the_known_labels_follow_from_the_seed(s3gan):
    kinds = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        kinds.append(str(s3gan(labelled=0.2).known))
    assert kinds[0] == kinds[1] == "0.2 labelled 3"
    assert kinds[2] == "0.2 labelled 4"


def test_its_graphs(s3gan, batch):
    recipe = s3gan().eval()
    graphs = recipe.graphs()
    assert list(graphs) == ["generator", "classify"]
    found = graphs["classify"].network(batch["image"])
    predicted = recipe.discriminator(batch["image"], batch["label"])[2]
    torch.testing.assert_close(found, predicted.softmax(1))
    assert graphs["classify"].outputs[0].length == 3
    assert graphs["generator"].network(torch.randn(2, 9), torch.tensor([0, 2])).shape == (2, 3, 16, 16)


def test_what_cannot_be(s3gan):
    with pytest.raises(UsageError, match="s3gan needs labelled above 0, up to 1, every >= 1"):
        s3gan(labelled=0)
    for game in ("ebgan", "wgan-gp", "pggan"):
        with pytest.raises(Unsupported, match="gives a game scores alone, no energies and no slopes.*--loss NAME"):
            s3gan(game)
    with pytest.raises(Unsupported, match="weight clipping cannot be used with"):
        s3gan("wgan")
