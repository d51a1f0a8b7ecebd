"""Palette: its loss, what it is told, and targets that follow from their sources."""

import pytest
import torch
from torch import nn

from gantk import UsageError
from gantk_plugins.diffusion.palette import SAMPLING, Beside, process
from gantk_plugins.diffusion.process import Sampling

SMALL = {"channels": 4, "multiples": (1, 2), "depth": 1, "attention": (), "dropout": 0.0, "sampling": 6}


@pytest.fixture
def palette(factory, make_build):
    """Return a function that makes a small Palette of grey sources and targets of two channels."""

    def make(size=8, **options):
        build = make_build(kind="paired", size=size, channels={"source": 1, "target": 2})
        return factory("palette", "recipe")(build, **SMALL | options)

    return make


@pytest.fixture
def batch():
    return {"source": torch.rand(3, 1, 8, 8) * 2 - 1, "target": torch.rand(3, 2, 8, 8) * 2 - 1}


class Certain(nn.Module):
    """Tells the noise in targets that are half of their sources: what is best told where there is no doubt."""

    def forward(self, both, gamma):
        source, noisy = both.chunk(2, 1)
        gamma = gamma[:, None, None, None] / 1000
        return (noisy - gamma.sqrt() * source / 2) / (1 - gamma).sqrt()


@pytest.mark.parametrize(("steps", "eta"), [(40, 1.0), (40, 0.0), (1, 1.0)])
def test_a_target_that_follows_from_its_source_is_found_whatever_the_noise(steps, eta):
    way = process(*SAMPLING)
    sampler = Sampling(Beside(Certain(), way), way, 40, known=1)
    source = (torch.rand(4, 2, 4, 4) * 2 - 1).double()
    latent, noise = torch.randn(4, 2, 4, 4).double(), torch.randn(4, 40, 2, 4, 4).double()
    made = sampler(source, latent, noise, torch.full((4,), float(steps)), torch.full((4,), eta))
    torch.testing.assert_close(made, source / 2, atol=1e-4, rtol=0)


@pytest.mark.parametrize("norm", ["l2", "l1"])
def test_the_loss_is_equation_1(norm, palette, batch, stream):
    recipe, asked = palette(norm=norm), []
    recipe.generator.module.register_forward_pre_hook(lambda module, inputs: asked.append(inputs))
    torch.manual_seed(3)
    ((player, losses),) = recipe.step(stream(batch))
    torch.manual_seed(3)
    t, share = torch.randint(1, 2001, (3,)), torch.rand(3)
    noise = torch.randn(3, 2, 8, 8)
    # The network begins by telling zero.
    torch.testing.assert_close(losses, {"noise": noise.square().mean() if norm == "l2" else noise.abs().mean()})
    assert player == "generator"
    both, gamma = asked[0][0], asked[0][1] / 1000
    kept = recipe.training_process.signal.square()
    assert ((gamma <= kept[t - 1]) & (gamma >= kept[t])).all()
    torch.testing.assert_close(gamma, share * kept[t - 1] + (1 - share) * kept[t])
    assert torch.equal(both[:, :1], batch["source"])
    level = gamma[:, None, None, None]
    torch.testing.assert_close(both[:, 1:], level.sqrt() * batch["target"] + (1 - level).sqrt() * noise)


def test_all_weights_move(palette, batch, stream, run_steps):
    recipe = palette()
    before = {name: value.clone() for name, value in recipe.named_parameters()}
    run_steps(recipe, stream(batch), steps=4)
    assert not {name for name, value in recipe.named_parameters() if torch.equal(value, before[name])}


def test_the_graph_translates_by_what_is_drawn(palette, batch):
    recipe = palette().eval()
    graph = recipe.graphs()["source_to_target"]
    assert (graph.task, graph.outputs, graph.size) == ("translate", ("target",), 8)
    assert [port if isinstance(port, str) else port.name for port in graph.inputs] == [
        "source",
        "latent",
        "noise",
        "steps",
        "eta",
    ]
    shown = recipe.preview(batch)
    assert list(shown) == ["input", "output", "reference"]
    given = [port.fixed(3) for port in graph.inputs[1:]]
    assert torch.equal(graph.network(batch["source"], *given), shown["output"])


@pytest.mark.parametrize("said", [{"sampling": 0}, {"sampling": 1001}, {"channels": 3}])
def test_options_that_cannot_be(said, palette):
    with pytest.raises(UsageError):
        palette(**said)
