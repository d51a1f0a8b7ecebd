"""CUT's step against closed forms, what is detached, and who moves."""

from math import log

import pytest
import torch
from torch import nn

from gantk import Unsupported, UsageError
from gantk_plugins.translation.cut import UNITS, patch_nce

SMALL = {"generator_options": {"filters": 4, "blocks": 1}, "discriminator_options": {"filters": 4}}


class Scale(nn.Module):
    """A generator that multiplies its image by one learned number; its only feature is the image."""

    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.images, self.graphs = [], []

    def forward(self, image):
        self.images.append(image)
        return self.factor * image

    def features(self, image):
        self.graphs.append(torch.is_grad_enabled())
        return [image]


def scaling(factor):
    return lambda spec, build: Scale(factor)


@pytest.fixture
def cut(factory):
    return factory("cut", "recipe")


@pytest.fixture
def batch(pictures):
    return {"a": pictures("flat", 2), "b": pictures("3d", 2)}


@pytest.fixture
def on_pixels(cut, make_build):
    """Return a function that builds a recipe of a scaling generator, which contrasts every pixel of the image."""
    return lambda factor, **options: cut(
        make_build(generator=scaling(factor)), **{"layers": (0,), "patches": 1024} | options
    )


def contrast(recipe, queries, keys):
    """Return the contrast over all pixels of images of a recipe that contrasts the image alone."""
    rows = [images.flatten(2).transpose(1, 2) for images in (queries, keys)]
    with torch.no_grad():
        return patch_nce(recipe.heads(0, rows[0]), recipe.heads(0, rows[1]), 0.07)


def test_losses_in_closed_form(on_pixels, batch, stream, run_steps):
    recipe = on_pixels(0.5, nce=3.0, nce_identity=2.0)
    a, b = batch["a"], batch["b"]
    with torch.no_grad():
        real, fake = recipe.discriminator(b), recipe.discriminator(0.5 * a)
    nce, identity = 1.5 * contrast(recipe, 0.5 * a, a), 1.0 * contrast(recipe, 0.5 * b, b)
    (moves,) = run_steps(recipe, stream(batch))
    assert list(moves) == ["discriminator", "generator"]
    torch.testing.assert_close(
        moves["discriminator"], {"game": ((real - 1).square().mean() + fake.square().mean()) / 2}
    )
    assert list(moves["generator"]) == ["game", "nce", "nce_identity"]
    torch.testing.assert_close(moves["generator"]["nce"], nce)
    torch.testing.assert_close(moves["generator"]["nce_identity"], identity)
    # The generator is judged by the discriminator as it has become.
    with torch.no_grad():
        moved = (recipe.discriminator(0.5 * a) - 1).square().mean()
    torch.testing.assert_close(moves["generator"]["game"], moved)


def test_without_identity_the_contrast_has_its_whole_weight(on_pixels, batch, stream, run_steps):
    recipe = on_pixels(0.5, nce=10.0, nce_identity=0.0)
    expected = 10 * contrast(recipe, 0.5 * batch["a"], batch["a"])
    (moves,) = run_steps(recipe, stream(batch))
    assert list(moves["generator"]) == ["game", "nce"]
    torch.testing.assert_close(moves["generator"]["nce"], expected)
    assert [len(images) for images in recipe.a_to_b.module.images] == [2]


def test_the_contrast_is_a_mean_over_layers(on_pixels, batch, stream, run_steps):
    # The generator's one feature is the image itself; so two layers of the same features, under two heads.
    recipe = on_pixels(0.5, layers=(0, 1), nce_identity=0.0)
    recipe.heads.module.heads[1].load_state_dict(recipe.heads.module.heads[0].state_dict())
    expected = contrast(recipe, 0.5 * batch["a"], batch["a"])
    (moves,) = run_steps(recipe, stream(batch))
    torch.testing.assert_close(moves["generator"]["nce"], expected)


def test_places_are_the_same_in_the_input_and_its_translation(on_pixels, stream, run_steps):
    recipe = on_pixels(1.0, patches=16, nce_identity=0.0)
    noise = torch.rand(2, 3, 32, 32) * 2 - 1
    (moves,) = run_steps(recipe, stream({"a": noise, "b": noise}))
    # Each query equals its own key, so none of the others can be nearer.
    assert moves["generator"]["nce"] < log(16)


def test_mirrored_images_are_compared_where_they_were(on_pixels, pictures, stream, run_steps):
    images = {"a": pictures("flat", 8), "b": pictures("3d", 8)}
    recipe = on_pixels(0.5, flip_equivariance=True)
    expected = [0.5 * contrast(recipe, 0.5 * images[key], images[key]) for key in ("a", "b")]
    (moves,) = run_steps(recipe, stream(images))
    shown = recipe.a_to_b.module.images[0]
    for key, given in zip(("a", "b"), shown.split(8), strict=True):
        mirrored = [torch.equal(one, image.flip(2)) for one, image in zip(given, images[key], strict=True)]
        kept = [torch.equal(one, image) for one, image in zip(given, images[key], strict=True)]
        assert any(mirrored)
        assert not all(mirrored)
        assert all(flipped or same for flipped, same in zip(mirrored, kept, strict=True))
    torch.testing.assert_close(list(moves["generator"].values())[1:], expected)


def test_keys_carry_no_gradient(on_pixels, batch, stream, run_steps):
    recipe = on_pixels(0.5)
    recipe.a_to_b.module.graphs.clear()
    heads = []
    recipe.heads.register_forward_hook(lambda network, inputs, output: heads.append(output.requires_grad))
    run_steps(recipe, stream(batch))
    # Queries, then keys: of A and its translation, then of B and what became of it.
    assert recipe.a_to_b.module.graphs == heads == [True, False, True, False]


def test_each_loss_reaches_whom_it_should(cut, make_build, batch, stream):
    recipe = cut(make_build(**SMALL)).train()
    generator = [*recipe.a_to_b.parameters(), *recipe.heads.parameters()]
    body = recipe.step(stream(batch))
    player, losses = next(body)
    assert player == "discriminator"
    reached = torch.autograd.grad(sum(losses.values()), generator, allow_unused=True)
    assert all(gradient is None for gradient in reached)
    player, losses = next(body)
    assert player == "generator"
    reached = torch.autograd.grad(sum(losses.values()), generator)
    assert all(gradient.abs().sum() > 0 for gradient in reached)
    assert not set(recipe.discriminator.parameters()) & set(generator)


def test_each_player_moves_all_of_its_networks(cut, make_build, batch, stream, run_steps):
    recipe = cut(make_build(**SMALL))
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    log = run_steps(recipe, stream(batch), steps=2)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}
    owned = [p for player in recipe.players().values() for network in player.networks for p in network.parameters()]
    assert len(owned) == len(set(owned)) == len(before)
    assert all(loss.isfinite() for moves in log for losses in moves.values() for loss in losses.values())


def test_critic_steps_without_the_generator_cost_it_one_image_and_no_graph(cut, make_build, batch, stream, run_steps):
    recipe = cut(make_build(**SMALL))
    calls = []
    recipe.a_to_b.register_forward_hook(
        lambda network, inputs, output: calls.append((len(output), output.requires_grad))
    )
    log = run_steps(recipe, stream(batch), steps=2, critic_steps=2)
    assert [list(moves) for moves in log] == [["discriminator"], ["discriminator", "generator"]]
    assert calls == [(2, False), (4, True)]


@pytest.mark.parametrize(
    ("blocks", "layers", "channels"),
    [
        (9, (0, 2, 3, 4, 8), [3, 8, 16, 16, 16]),
        (3, (0, 2, 3, 4, 5), [3, 8, 16, 16, 16]),
        (1, (0, 2, 3, 4), [3, 8, 16, 16]),
    ],
)
def test_the_layers_of_the_paper(cut, make_build, blocks, layers, channels):
    recipe = cut(make_build(generator_options={"filters": 4, "blocks": blocks}))
    assert recipe.layers == layers
    assert [head[0].in_features for head in recipe.heads.module.heads] == channels
    assert all(head[0].out_features == head[2].in_features == head[2].out_features == UNITS == 256
               for head in recipe.heads.module.heads)  # fmt: skip


def test_weights_are_drawn_as_the_authors_do(cut, make_build):
    recipe = cut(make_build(generator_options={"filters": 32, "blocks": 1}, discriminator_options={"filters": 32}))
    for network in (recipe.a_to_b, recipe.discriminator, recipe.heads):
        layers = [one for one in network.modules() if isinstance(one, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
        for layer in (one for one in layers if one.weight.numel() > 10_000):
            reference = nn.init.xavier_normal_(torch.empty_like(layer.weight), gain=0.02)
            assert layer.weight.std().item() == pytest.approx(reference.std().item(), rel=0.05)
        assert all((layer.bias == 0).all() for layer in layers if layer.bias is not None)


def test_finding_the_features_leaves_the_generator_as_it_was(cut, make_build):
    recipe = cut(make_build(normalization=("batch", "instance"), **SMALL))
    assert all(module.training for module in recipe.modules())
    norms = [module for module in recipe.a_to_b.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert all((norm.running_mean == 0).all() and norm.num_batches_tracked == 0 for norm in norms)


def test_preview_and_graphs(cut, make_build, batch):
    recipe = cut(make_build(**SMALL)).eval()
    with torch.no_grad():
        assert list(recipe.preview(batch)) == ["input", "output"]
        assert list(recipe.preview(batch | {"reference": batch["b"]})) == ["input", "output", "reference"]
    (graph,) = recipe.graphs().values()
    assert graph.network is recipe.a_to_b
    assert (graph.inputs, graph.outputs) == (("a",), ("b",))


def test_settings_of_the_paper(cut):
    said = cut.settings.said()
    assert (said["learning_rate"], said["betas"], said["batch_size"], said["epochs"]) == (2e-4, (0.5, 0.999), 1, 400)
    assert (said["schedule"], said["decay_from"], said["jitter"], said["flip"]) == ("linear", 0.5, 286 / 256, True)


def test_what_it_cannot_do_is_refused(cut, make_build):
    with pytest.raises(UsageError, match="the same channels, not 3 and 1"):
        cut(make_build(channels={"a": 3, "b": 1}, **SMALL))
    with pytest.raises(UsageError, match="patches >= 2 and temperature > 0, not 1 and 0.07"):
        cut(make_build(**SMALL), patches=1)
    with pytest.raises(UsageError, match=r"layers from 0 to 4 of this generator, not \(0, 5\)"):
        cut(make_build(**SMALL), layers=(0, 5))
    with pytest.raises(Unsupported, match="no inner activations"):
        cut(make_build(generator="unet"))
