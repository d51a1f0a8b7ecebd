"""Recipes with games, discriminators and normalizations that are installed: they train, or say why they cannot.

What is installed is found; the tables name what is refused and why. So a new plugin must train with everything else, or
be entered here with its reason. Of the combinations, so many are tried that every two parts meet.
"""

import random
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import entry_points
from itertools import combinations, product

import pytest
import torch
from torch.nn.functional import avg_pool2d

from gantk import Unsupported
from gantk.plugins.options import options_of

RECIPES = {
    "cyclegan": ("resnet", ("a", "b")),
    "cut": ("resnet", ("a", "b")),
    "pix2pix": ("resnet", ("source", "target")),
    "gan": ("gan", ("image", "image")),
    "dcgan": ("dcgan", ("image", "image")),
}
"""The generator with which each is tried, and the keys of its batches' flat and 3D images."""

NEEDS_MORE = {
    "cgan": "needs class labels|scores no images under other images|gives scores, not energies",
    "triple-gan": "needs class labels|scores no images under other images|gives scores, not energies",
    "stackgan": "needs a vector as the condition|scores no images under other images|gives scores, not energies",
}
"""Discriminators that score an image with what these recipes have not, labels and vectors, and what they say."""

ENERGIES = {"began", "ebgan"}
"""Games that read energies, and discriminators that give them (Zhao et al. 2016): neither goes with scores."""

SLOPES = {"dragan", "singan", "wgan-gp", "wgan-lp", "wgan-div"}
"""Games that bound the critic's slope at each sample by itself, which batch norm ties to the others."""

MIXES = {"pggan", "stylegan", "stylegan2"}
"""Discriminators that read how much the samples of a batch differ, which ties each to the others."""

SMALL = {
    "filters": 8,
    "width": 8,
    "widths": (8, 8, 8),
    "units": 8,
    "dense": 8,
    "layers": 2,
    "blocks": 1,
    "pieces": 2,
    "bottleneck": 4,
    "clip": 0.2,
    "base": 64,
    "most": 8,
}
"""Options; each part takes those that it declares. Weights clipped at 0.01 let two steps of no deep network through."""


@cache
def installed(hook):
    own = [entry for entry in entry_points(group="gantk") if entry.dist is not None and entry.dist.name == "gantk"]
    return sorted(entry.name for entry in own if hasattr(entry.load(), hook))


def refusal(game, discriminator, normalization="none"):
    """Return what is said where a combination cannot be, or None."""
    if discriminator in NEEDS_MORE:
        return NEEDS_MORE[discriminator]
    if normalization == "virtual-batch":
        return "normalization virtual-batch has a reference batch of latents"
    if game in ENERGIES and discriminator not in ENERGIES:
        return "gives scores, not energies"
    if discriminator in ENERGIES and game not in ENERGIES:
        return "gives energies"
    if game in SLOPES and discriminator in MIXES:
        return f"{game} cannot be used with discriminator {discriminator}, which ties samples"
    if game in SLOPES and normalization in ("batch", "spade"):
        return f"{game} cannot be used with normalization {normalization} in the discriminator"
    if game == "wgan" and normalization in ("spectral", "spectral-instance", "spade"):
        return "weight clipping cannot be used with a normalization of the discriminator's weights"
    return None


@pytest.fixture
def trained(factory, make_build, pictures, stream, run_steps):
    """Return a function that trains a recipe for two steps and gives the losses and the networks that moved."""

    def train(recipe, game, discriminator="patchgan", normalization="none", generator=None):
        default, (first, second) = RECIPES[recipe]
        parts = {"generator": generator or default, "discriminator": discriminator, "loss": game}
        build = make_build(
            kind={"a": "unpaired", "source": "paired"}.get(first, "images"),
            size=16,
            normalization=("batch" if generator is None else "instance", normalization),
            **parts,
            **{
                f"{slot}_options": {
                    name: width for name, width in SMALL.items() if name in options_of(factory(plugin, slot))
                }
                for slot, plugin in parts.items()
            },
        )
        network = factory(recipe, "recipe")(build)
        before = {name: value.detach().clone() for name, value in network.named_parameters()}
        batch = {first: avg_pool2d(pictures("flat", 2), 2), second: avg_pool2d(pictures("3d", 2), 2)}
        log = run_steps(network, stream(batch), steps=2)
        moved = {name.split(".")[0] for name, p in network.named_parameters() if not torch.equal(p, before[name])}
        return log, moved, set(network.networks())

    return train


def check(trained, recipe, game, discriminator, normalization, **changes):
    said = refusal(game, discriminator, normalization)
    if said is not None:
        with pytest.raises(Unsupported, match=said):
            trained(recipe, game, discriminator, normalization, **changes)
        return
    log, moved, networks = trained(recipe, game, discriminator, normalization, **changes)
    assert len(log) == 2
    for moves in log:
        assert set(moves) == {"generator", "discriminator"}
        assert all(value.isfinite() for losses in moves.values() for value in losses.values())
    assert moved == networks


def covering(trains: Callable[..., bool], *axes: Sequence[str]) -> list[tuple[str, ...]]:
    """Return rows in which every two values of two axes meet, and meet in one that trains where there is such a row."""
    chosen = []
    rows = list(product(*axes))
    random.Random(0).shuffle(rows)
    met: set[tuple[tuple[int, str], ...]] = set()
    for wanted in (True, False):
        able = [row for row in rows if trains(*row) is wanted]
        for least in range(len(axes) * (len(axes) - 1) // 2, 0, -1):
            for row in able:
                new = set(combinations(enumerate(row), 2)) - met
                if len(new) >= least:
                    met |= new
                    chosen.append(row)
    return chosen


def fits(recipe: str, game: str, discriminator: str) -> bool:
    return refusal(game, discriminator) is None


def normalizes(recipe: str, game: str, normalization: str) -> bool:
    return refusal(game, "patchgan", normalization) is None


@pytest.mark.parametrize(
    ("recipe", "game", "discriminator"),
    covering(fits, tuple(RECIPES), installed("loss"), installed("discriminator")),
)
def test_every_two_of_recipe_game_and_discriminator(recipe, game, discriminator, trained):
    check(trained, recipe, game, discriminator, "none")


@pytest.mark.parametrize(
    ("recipe", "game", "normalization"),
    covering(normalizes, ("cyclegan", "pix2pix"), installed("loss"), installed("normalization")),
)
def test_every_two_of_recipe_game_and_normalization(recipe, game, normalization, trained):
    check(trained, recipe, game, "patchgan", normalization)


@pytest.mark.parametrize("game", sorted(SLOPES))
def test_the_generator_may_have_the_norm_that_the_critic_must_not(game, trained):
    log, _, _ = trained("pix2pix", game, "patchgan", "layer")
    assert any("penalty" in name for name in log[0]["discriminator"])


@pytest.mark.parametrize("recipe", ["cyclegan", "pix2pix"])
def test_the_other_generator_of_translations(recipe, trained):
    check(trained, recipe, "lsgan", "patchgan", "spectral", generator="unet")


def test_the_tables_name_what_is_installed():
    games, discriminators = set(installed("loss")), set(installed("discriminator"))
    assert discriminators >= ENERGIES | MIXES | NEEDS_MORE.keys()
    assert games >= ENERGIES | SLOPES | {"minimax", "non-saturating", "lsgan", "hinge", "wgan"}
