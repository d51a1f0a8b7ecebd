"""Every recipe with every loss and every normalization: it trains, or is refused with its reason."""

import pytest
import torch

from gantk import Unsupported

LOSSES = ("minimax", "non-saturating", "lsgan", "hinge", "wgan-gp")
NORMALIZATIONS = ("instance", "batch", "layer", "spectral", "none")
KEYS = {"cyclegan": ("a", "b"), "pix2pix": ("source", "target")}
every_recipe = pytest.mark.parametrize(("recipe", "generator"), [("cyclegan", "resnet"), ("pix2pix", "unet")])


@pytest.fixture
def trained(factory, make_build, pictures, stream, run_steps):
    """Return a function that trains a recipe for two steps and gives the losses and the networks that moved."""

    def train(recipe, generator, loss, normalization):
        small = {"filters": 4, "blocks": 1} if generator == "resnet" else {"filters": 4}
        build = make_build(
            generator=generator,
            loss=loss,
            normalization=normalization,
            generator_options=small,
            discriminator_options={"filters": 4},
        )
        network = factory(recipe, "recipe")(build)
        before = {name: value.detach().clone() for name, value in network.named_parameters()}
        first, second = KEYS[recipe]
        batch = {first: pictures("flat", 2), second: pictures("3d", 2)}
        log = run_steps(network, stream(batch), steps=2)
        moved = {name.split(".")[0] for name, p in network.named_parameters() if not torch.equal(p, before[name])}
        return log, moved, {name for name, _ in network.named_children()}

    return train


@every_recipe
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_trains_or_is_refused(recipe, generator, loss, normalization, trained):
    if (loss, normalization) == ("wgan-gp", "batch"):
        with pytest.raises(Unsupported, match=r"wgan-gp cannot be used with normalization batch .*ties samples"):
            trained(recipe, generator, loss, (normalization, normalization))
        return
    log, moved, children = trained(recipe, generator, loss, (normalization, normalization))
    assert len(log) == 2
    for moves in log:
        assert set(moves) == {"generator", "discriminator"}
        assert all(value.isfinite() for losses in moves.values() for value in losses.values())
    assert moved == children - {"game", "pool_a", "pool_b"}


@every_recipe
def test_batch_norm_in_the_generator_alone_suits_the_gradient_penalty(recipe, generator, trained):
    log, _, _ = trained(recipe, generator, "wgan-gp", ("batch", "layer"))
    assert any("gradient_penalty" in name for name in log[0]["discriminator"])


@pytest.mark.parametrize(("recipe", "generator"), [("cyclegan", "unet"), ("pix2pix", "resnet")])
def test_each_recipe_takes_the_other_generator(recipe, generator, trained):
    log, moved, _ = trained(recipe, generator, "lsgan", ("instance", "spectral"))
    assert len(log) == 2
    assert len(moved) >= 2
