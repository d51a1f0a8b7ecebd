"""What each recipe ships, against what it computes while it trains: batch norm at batches of 1 and of 8."""

import pytest
import torch
from torch import nn

from gantk.plan.assemble import open_training_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.training import statistics
from gantk.training.exhibits import Exhibits
from gantk.training.inference import ImageNorm
from gantk.training.processes import World
from gantk.training.statistics import APART, batch_norms
from gantk.training.training import Training

SMALL = {"generator.filters": 4, "discriminator.filters": 4, "critic_steps": 1}
BATCH = {"generator": "batch", "discriminator": "batch"}
DENSE = {"generator.dense": 8, "discriminator.dense": 8}

RECIPES = {
    "pix2pix": SMALL | {"discriminator.layers": 1},
    "cyclegan": SMALL | {"generator.blocks": 1, "discriminator.layers": 1, "pool": 2},
    "cut": SMALL | {"generator.blocks": 1, "discriminator.layers": 1},
    "srgan": SMALL | {"generator.blocks": 1, "discriminator.dense": 8},
    "dcgan": SMALL,
    "infogan": SMALL | DENSE,
    "bigan": {"generator.units": 8, "units": 8, "discriminator.units": 8},
    "vae": {"generator.filters": 4, "filters": 4},
    "vaegan": SMALL | {"filters": 4},
    "ebgan": SMALL,
    "wgan": SMALL,
    "wgan-gp": SMALL,
    "wgan-lp": SMALL,
    "wgan-div": SMALL,
    "sngan": SMALL,
    "gan": {"generator.units": 8, "discriminator.units": 8},
    "cgan": {"generator.units": 8, "discriminator.units": 8},
}
AT_ONE_IMAGE = {"pix2pix", "cyclegan", "cut", "dcgan", "ebgan", "wgan", "wgan-gp", "wgan-lp", "wgan-div", "sngan"}
OTHERS = {"cyclegan", "cut", "gan", "cgan"}
"""Recipes whose paper has no batch norm, and in which it is put here."""


def trained(plugin: str, batch: int, steps: int, folder, **said) -> Training:
    resolved = resolve(
        Config(
            plugins=[plugin],
            data=["emoji:line,flat"],
            normalization=BATCH if plugin in OTHERS else {},
            set={"size": 16, "batch_size": batch, "steps": 100, "jitter": 1.0} | RECIPES[plugin] | said,
            scale="paper",
            device="cpu",
            precision="fp32",
        )
    )
    training = Training(resolved, open_training_data(resolved), Run(folder), torch.device("cpu"), World(), print)
    for step in range(steps):
        training.step(step)
    return training


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(statistics, "MOST", 8)


@pytest.mark.parametrize("plugin", RECIPES)
def test_batches_ship_what_they_trained(plugin, tmp_path):
    made = Exhibits(trained(plugin, 8, 6, tmp_path)).ship()
    assert made.settled.apart is not None
    assert made.settled.apart < APART
    assert made.settled.warning == ""
    assert not any(isinstance(layer, ImageNorm) for layer in made.form.modules())
    exported = {layer for graph in made.plain.graphs().values() for layer in batch_norms(graph.network).values()}
    names = {name for name, layer in batch_norms(made.plain).items() if layer in exported}
    assert {name.rpartition(".")[0] for name in made.settled.averages} == names


@pytest.mark.parametrize("plugin", sorted(AT_ONE_IMAGE))
def test_one_image_at_a_time_ships_its_own_statistics(plugin, tmp_path):
    training = trained(plugin, 1, 3, tmp_path)
    made = Exhibits(training).ship()
    assert made.settled.apart is None
    assert made.settled.averages == {}
    for layer in training.recipe.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    networks = training.recipe.networks()
    compared = 0
    for name, network in made.form.networks().items():
        if any(isinstance(layer, ImageNorm) for layer in network.modules()) and name not in ("discriminator", "heads"):
            inputs = _inputs(training)
            torch.testing.assert_close(network(*inputs), networks[name](*inputs), rtol=1e-4, atol=1e-5)
            compared += 1
    assert compared


def _inputs(training):
    """Return what a generator takes: one image, or noise and, where images are labelled, a label."""
    recipe = training.recipe
    if not hasattr(recipe, "latent"):
        return (torch.rand(1, 3, 16, 16) * 2 - 1,)
    return (recipe.latent.drawn(1), torch.zeros(1, dtype=torch.int64))[: 2 if getattr(recipe, "label", None) else 1]


def test_statistics_that_are_not_those_of_the_training_are_told(tmp_path):
    made = Exhibits(trained("pix2pix", 8, 12, tmp_path, statistics="image")).ship()
    assert made.settled.averages == {}
    assert any(isinstance(layer, ImageNorm) for layer in made.form.modules())
    assert made.settled.apart > 0


def test_shipping_leaves_the_training_as_it_was(tmp_path):
    training = trained("pix2pix", 2, 2, tmp_path)
    state = {name: value.clone() for name, value in training.recipe.state_dict().items()}
    random, positions = torch.get_rng_state(), training.batches.state()
    Exhibits(training).ship()
    assert all(torch.equal(state[name], value) for name, value in training.recipe.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert positions == training.batches.state()
    assert training.recipe.training
