"""The Improved GAN: K logits for K + 1 classes, weights that begin by data, who learns of what, and the classifier."""

from math import exp, log

import pytest
import torch
from torch.nn.functional import softplus

from gantk import Unsupported, UsageError
from gantk_plugins.gan.improved_gan import Classifier, NormedDense
from support.commands import invoke, refusal

CLASSES = ("one", "two", "three")


@pytest.fixture
def improved(factory, make_build):
    """Return a function that makes a small recipe."""

    def make(loss="minimax", **options):
        build = make_build(
            kind="labelled", size=8, classes=CLASSES, generator="improved-gan", loss=loss,
            normalization=("batch", "none"), generator_options={"units": 6},
        )  # fmt: skip
        small = {"latent": 5, "labels": 3, "widths": (7, 6), **options}
        return factory("improved-gan", "recipe")(build, **small)

    return make


@pytest.fixture
def batch():
    images = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return {"image": images, "label": torch.tensor([0, 1, 2, 1, 1, 0])}


def of_logits(*logits):
    """Return a classifier without hidden noise, which gives each image these logits."""
    made = Classifier(3, len(logits), [2], (0.0, 0.0))
    with torch.no_grad():
        made.last.length.zero_()
        made.last.bias.copy_(torch.tensor(logits))
    return made


@pytest.mark.parametrize(("classes", "logit"), [(1, 0.7), (1, -2.0), (4, 0.3), (10, -1.0)])
def test_the_chance_of_being_real_is_z_of_z_and_1(classes, logit):
    """One class is the plain GAN, D = sigmoid(l); K equal logits give K e^l / (K e^l + 1)."""
    score = of_logits(*[logit] * classes)(torch.rand(2, 3, 1, 1))
    assert score.shape == (2,)
    z = classes * exp(logit)
    torch.testing.assert_close(torch.sigmoid(score), torch.full((2,), z / (z + 1)))


def test_logits_beyond_float_range_of_their_exponentials_stay_finite():
    score = of_logits(200.0, 199.0)(torch.rand(1, 3, 1, 1))
    assert score.item() == pytest.approx(200 + log(1 + exp(-1)))


def test_layers_begin_with_mean_0_and_variance_1_of_the_data():
    torch.manual_seed(0)
    x = torch.randn(200, 5) * 3 + 2
    layer = NormedDense(5, 4)
    begun = layer.begin(x)
    made = layer(x)
    torch.testing.assert_close(made, begun)
    torch.testing.assert_close(made.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(made.std(0, correction=0), torch.ones(4), atol=1e-5, rtol=0)
    assert [name for name, _ in layer.named_parameters()] == ["direction", "bias"]
    assert "length" in dict(NormedDense(5, 4, learns_length=True).named_parameters())


def test_a_weight_has_the_length_that_is_said_whatever_its_direction():
    layer = NormedDense(5, 4)
    first = layer(torch.eye(5))
    with torch.no_grad():
        layer.direction.mul_(7)
    torch.testing.assert_close(layer(torch.eye(5)), first)
    torch.testing.assert_close((first**2).sum(0), torch.ones(4))


def test_the_step_is_the_papers(improved, batch, stream):
    recipe = improved(input_noise=0.0, noise=0.0)
    module, generator = recipe.discriminator.module, recipe.generator
    torch.manual_seed(3)
    body = recipe.step(stream(batch))
    player, judged = next(body)
    torch.manual_seed(3)
    fake = generator(recipe.latent.drawn(6, torch.device("cpu")))
    assert player == "discriminator"
    torch.testing.assert_close(
        judged["game"], 0.5 * softplus(-module(batch["image"])).mean() + 0.5 * softplus(module(fake)).mean()
    )
    logits = module.logits(module.features(batch["image"]))
    expected = -torch.log_softmax(logits, 1)[torch.arange(6), batch["label"]].mean()
    torch.testing.assert_close(judged["label"], expected)
    player, losses = next(body)
    assert player == "generator"
    assert list(losses) == ["features"]
    assert next(body, None) is None


@pytest.mark.parametrize(("loss", "adversarial"), [("minimax", 0.0), ("relativistic", 1.0), ("dragan", 0.5)])
def test_all_move(loss, adversarial, improved, batch, stream, run_steps):
    recipe = improved(loss, adversarial=adversarial)
    recipe.prepare(stream(batch))
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    (losses,) = run_steps(recipe, stream(batch))
    assert list(losses) == ["discriminator", "generator"]
    assert ("game" in losses["generator"]) == (adversarial > 0)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_before_step_1_the_classifier_has_seen_images(improved, batch, stream):
    recipe = improved(input_noise=0.0, noise=0.0)
    before = recipe.discriminator.module.last.length.clone()
    recipe.prepare(stream(batch))
    module = recipe.discriminator.module
    logits = module.logits(module.features(batch["image"]))
    torch.testing.assert_close(logits.mean(0), torch.zeros(3), atol=0.2, rtol=0)
    assert not torch.equal(before, module.last.length)


def test_noise_stands_before_each_layer_in_training_alone(improved, batch):
    recipe = improved()
    images = batch["image"]
    assert not torch.equal(recipe.discriminator(images), recipe.discriminator(images))
    recipe.eval()
    assert torch.equal(recipe.discriminator(images), recipe.discriminator(images))


def test_its_graphs(improved, batch):
    recipe = improved().eval()
    graphs = recipe.graphs()
    assert list(graphs) == ["generator", "classify"]
    assert [port.name for port in graphs["generator"].inputs] == ["latent"]
    given = graphs["classify"].network(batch["image"])
    assert given.shape == (6, 3)
    torch.testing.assert_close(given.sum(1), torch.ones(6))
    module = recipe.discriminator.module
    assert torch.equal(given.argmax(1), module.logits(module.features(batch["image"])).argmax(1))


def test_the_known_labels_follow_from_the_seed(improved):
    kinds = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        kinds.append(str(improved().known))
    assert kinds[0] == kinds[1] != kinds[2]


def test_what_cannot_be(improved):
    with pytest.raises(Unsupported, match="improved-gan's classifier scores images: a game of energies has none"):
        improved("ebgan")
    with pytest.raises(UsageError, match="improved-gan needs labels of at least 1, .*, not labels=0"):
        improved(labels=0)


def test_more_labels_than_there_are_is_one_line(tmp_path):
    said = f"train --plugin improved-gan --data emoji --size 16 -s labels=100000 --steps 1 --out {tmp_path / 'run'}"
    assert "100000 labels were asked for" in refusal(*said.split())


def test_a_run_learns_labels_and_its_error_is_measured(tmp_path):
    said = "train --plugin improved-gan --data emoji --size 16 -s labels=20 -s widths=32,32 -s generator.units=16"
    invoke(*said.split(), "--steps", 3, "--batch-size", 20, "--device", "cpu", "--out", tmp_path / "run")
    said = invoke("evaluate", tmp_path / "run", "--metric", "code-error", "-s", "code-error.output=label")
    assert "code_error" in said
