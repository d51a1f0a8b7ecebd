"""SNGAN: labels in both networks, the projection in closed form, spectral norms in the discriminator."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from gantk import Category, DataError, DiscriminatorSpec, GeneratorSpec, Latent, Unsupported, UsageError

PARTS = {"generator": "sngan", "discriminator": "sngan", "loss": "hinge", "normalization": ("batch", "spectral")}
SMALL = {"size": 16, "generator_options": {"filters": 4}, "discriminator_options": {"filters": 4}}
CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def sngan(factory, make_build):
    """Return a function that makes a small recipe, of labelled images or of others."""

    def make(kind="labelled", classes=CLASSES, **changes):
        return factory("sngan", "recipe")(make_build(kind=kind, classes=classes, **PARTS | SMALL | changes), latent=6)

    return make


@pytest.fixture
def batch(pictures):
    return {"image": pictures("3d", 4)[..., ::2, ::2], "label": torch.tensor([0, 2, 1, 1])}


def test_settings_and_defaults_of_the_paper(factory):
    recipe = factory("sngan", "recipe")
    assert recipe.kind == ("labelled", "images")
    assert recipe.settings.said() == {
        "optimizer": "adam",
        "learning_rate": 2e-4,
        "betas": (0.0, 0.9),
        "batch_size": 64,
        "critic_steps": 5,
        "schedule": "linear",
        "decay_from": 0.0,
        "size": 32,
        "steps": 50_000,
        "precision": "fp32",
    }
    assert recipe.defaults.normalization == {"generator": "batch", "discriminator": "spectral"}
    assert recipe.defaults.loss == "hinge"


def test_the_networks_are_the_papers(factory, make_build):
    recipe = factory("sngan", "recipe")(make_build(kind="images", **PARTS))
    assert recipe.latent == Latent(length=128, distribution="normal")
    generator, discriminator = recipe.generator.module, recipe.discriminator.module
    three, one, norm = 256 * 256 * 9 + 256, 256 * 256 + 256, 2 * 256
    expected = 128 * 4096 + 4096 + 3 * (2 * three - 256 + one + 2 * norm) + norm + 256 * 3 * 9 + 3
    assert sum(p.numel() for p in generator.parameters()) == expected
    layers = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == 4 * 2 + 2 + 1
    assert all(is_parametrized(layer, "weight") for layer in layers)
    assert not any(is_parametrized(layer) for layer in generator.modules())


def test_every_weight_of_the_discriminator_has_a_spectral_norm_of_one(sngan, batch):
    discriminator = sngan().discriminator
    for _ in range(50):
        discriminator(batch["image"], batch["label"])
    for layer in discriminator.eval().modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.Embedding):
            norm = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)
            assert norm.item() == pytest.approx(1, rel=0.02)


def test_the_score_adds_the_product_of_embedding_and_activations(sngan, batch):
    module = sngan(normalization=("batch", "none")).discriminator.module
    image, label = batch["image"], batch["label"]
    phi = torch.relu(module.features(image)[-1]).sum((2, 3))
    one_hot = torch.eye(3)[label]
    v, psi, bias = module.embedding.weight, module.scores.weight[0], module.scores.bias
    expected = torch.einsum("nc,cf,nf->n", one_hot, v, phi) + phi @ psi + bias
    torch.testing.assert_close(module(image, label), expected[:, None])


def test_without_labels_the_score_is_the_sum_over_pixels(sngan, batch):
    discriminator = sngan(kind="images", normalization=("batch", "none")).discriminator
    module, image = discriminator.module, batch["image"]
    expected = module.scores(torch.relu(module.features(image)[-1]).sum((2, 3)))
    torch.testing.assert_close(discriminator(image), expected)
    assert torch.equal(discriminator.given().both(image)[0], discriminator(image))


def test_two_labels_give_two_images_once_trained(sngan, batch, stream, run_steps):
    recipe = sngan()
    run_steps(recipe, stream(batch), steps=3)
    noise = recipe.latent.fixed(1).expand(2, -1)
    one, other = recipe.eval().generator(noise, torch.tensor([0, 1]))
    assert not torch.allclose(one, other, atol=1e-4)
    same, again = recipe.generator(noise, torch.tensor([1, 1]))
    torch.testing.assert_close(same, again)


@pytest.mark.parametrize("kind", ["labelled", "images"])
def test_each_player_moves_all_of_its_network(kind, sngan, batch, stream, run_steps):
    recipe = sngan(kind)
    before = {name: value.detach().clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(batch), steps=4, critic_steps=2)
    assert [list(moves) for moves in log] == [["discriminator"], ["discriminator", "generator"]] * 2
    still = {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    assert still <= {"discriminator.module.scores.bias"}  # which no score inside the margin pulls


def test_both_sides_are_judged_under_the_batchs_labels(sngan, batch, stream, run_steps):
    recipe = sngan()
    seen = []
    recipe.discriminator.register_forward_hook(lambda network, inputs, scores: seen.append(inputs[1]))
    recipe.generator.register_forward_hook(lambda network, inputs, images: seen.append(inputs[1]))
    run_steps(recipe, stream(batch))
    assert len(seen) == 5
    assert all(torch.equal(label, batch["label"]) for label in seen)


def test_hinge_losses_in_closed_form(sngan, batch, stream, run_steps):
    recipe = sngan("images", loss="hinge", normalization=("none", "none"))
    scores = []
    recipe.discriminator.register_forward_hook(lambda network, inputs, given: scores.append(given.detach()))
    (moves,) = run_steps(recipe, stream(batch))
    real, fake, fooled = scores
    judged = torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()
    torch.testing.assert_close(moves["discriminator"]["game"], judged)
    torch.testing.assert_close(moves["generator"]["game"], -fooled.mean())


def test_previews_and_graphs(sngan, batch):
    labelled, plain = sngan().eval(), sngan("images").eval()
    columns = labelled.preview(batch)
    assert list(columns) == [*CLASSES, "real"]
    noise = labelled.latent.fixed(8)
    torch.testing.assert_close(columns["dog"], labelled.generator(noise, torch.ones(8, dtype=torch.int64)))
    columns = plain.preview(batch)
    assert list(columns) == ["generated", "real"]
    assert torch.equal(columns["generated"], plain.generator(plain.latent.fixed(64)))

    (graph,) = labelled.graphs().values()
    assert graph.inputs == (Latent(length=6), Category(count=3, names=CLASSES))
    assert (graph.task, graph.outputs, graph.network) == ("generate", ("image",), labelled.generator)
    assert plain.graphs()["generator"].inputs == (Latent(length=6),)


def test_labels_need_names_and_a_norm_that_knows_them(sngan):
    with pytest.raises(DataError, match="labels have no names"):
        sngan(classes=())
    with pytest.raises(Unsupported, match="no conditioning vector"):
        sngan(normalization=("instance", "spectral"))
    assert sngan("images", normalization=("instance", "spectral")).label is None


def test_an_image_and_a_label_condition_together(make_build):
    network = make_build(**PARTS | SMALL).discriminator(
        DiscriminatorSpec(channels=3, condition_channels=2, classes=4, size=16)
    )
    image, condition = torch.rand(1, 3, 16, 16), torch.rand(1, 2, 16, 16)
    scores = {
        network.eval()(image, condition * factor, torch.tensor([label])).item()
        for factor in (0, 1)
        for label in range(4)
    }
    assert len(scores) == 8


@pytest.mark.parametrize("slot", ["generator", "discriminator"])
def test_wrong_options(slot, factory, make_build):
    spec = GeneratorSpec(latent=8, size=32) if slot == "generator" else DiscriminatorSpec(channels=3, size=32)
    with pytest.raises(UsageError, match="residual networks need filters >= 1, not 0"):
        factory("sngan", slot)(spec, make_build(**PARTS), filters=0)
