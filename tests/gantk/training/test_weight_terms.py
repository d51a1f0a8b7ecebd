"""What weights cost by themselves: historical averaging, and filters that are not orthogonal."""

import shutil

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.utils import parametrizations

from gantk import GeneratorSpec, Network, UsageError
from gantk.parts.networks import Generator
from gantk.plan.settings import RunSettings
from gantk.training.weight_terms import HistoricalAverage, Orthogonal, generators_weights
from support.commands import invoke, refusal

NARROW = "-s generator.filters=4 -s discriminator.filters=4 --size 32 --batch-size 4 --device cpu --precision fp32"


def parameter(*shape):
    made = nn.Parameter(torch.randn(shape, dtype=torch.float64))
    made.grad = torch.ones_like(made)
    return made


def test_the_distance_is_to_the_mean_of_all_values_before_each_move():
    one, idle = nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.ones(3))
    term, seen = HistoricalAverage(0.5), []
    for values in ([1.0, 2.0], [3.0, 2.0], [-1.0, 8.0]):
        one.data = torch.tensor(values)
        one.grad = torch.ones(2)
        seen.append(one.data.clone())
        mean = torch.stack(seen).mean(0)
        cost = term.add([one, idle])
        assert cost.item() == pytest.approx(0.5 * (one - mean).square().sum().item())
        torch.testing.assert_close(one.grad, 1 + 2 * 0.5 * (one.data - mean))
    assert idle.grad is None
    assert idle not in term.means


def test_a_game_whose_players_circle_comes_to_rest():
    """The paper's: V(x, y) = (f(x) - 1) (y - 1), f(x) = x below 0 and x^2 above, whose equilibrium is at 1 and 1."""

    def farthest(weight):
        x, y = (nn.Parameter(torch.tensor(start, dtype=torch.float64)) for start in (1.5, 1.5))
        terms, distances = [HistoricalAverage(weight), HistoricalAverage(weight)], []
        for _ in range(3000):
            value = (torch.where(x < 0, x, x.square()) - 1) * (y - 1)
            x.grad, y.grad = torch.autograd.grad(value, (x, y))
            y.grad = -y.grad
            with torch.no_grad():
                for one, term in zip((x, y), terms, strict=True):
                    term.add([one])
                    one -= 0.01 * one.grad
            distances.append(((x - 1) ** 2 + (y - 1) ** 2).sqrt().item())
        return max(distances[-500:])

    assert farthest(0.0) > 0.5
    assert farthest(0.5) < 0.05


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 2, 3, 3)])
@pytest.mark.parametrize("transposed", [False, True])
def test_the_gradient_is_the_whole_one_of_the_formula(shape, transposed):
    weight = parameter(*shape)
    w = (weight.transpose(0, 1) if transposed else weight).flatten(1)
    formula = 0.3 * (w @ w.T * (1 - torch.eye(len(w), dtype=w.dtype))).square().sum()
    (gradient,) = torch.autograd.grad(formula, weight)
    cost = Orthogonal(0.3, ((weight, transposed),)).add([weight])
    assert cost.item() == pytest.approx(formula.item(), rel=1e-6)
    torch.testing.assert_close(weight.grad, 1 + gradient)


def test_orthogonal_filters_of_any_length_cost_nothing():
    weight = parameter(3, 5)
    with torch.no_grad():
        weight.copy_(torch.diag(torch.tensor([1.0, -2.0, 7.0])) @ torch.linalg.qr(torch.randn(5, 3))[0].T)
    cost = Orthogonal(1.0, ((weight, False),)).add([weight])
    assert cost.item() == pytest.approx(0, abs=1e-4)
    torch.testing.assert_close(weight.grad, torch.ones_like(weight), atol=1e-3, rtol=0)


def test_weights_are_those_of_generators_without_embeddings_biases_and_gains():
    spectral = parametrizations.spectral_norm(nn.Conv2d(2, 3, 3))
    layers = nn.Sequential(
        nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Embedding(5, 2), nn.ConvTranspose2d(2, 3, 4), spectral
    )
    generator = Generator(layers, "generator", GeneratorSpec(latent=2, size=8), "mine")
    wanted = [(layers[0].weight, False), (layers[3].weight, True), (spectral.parametrizations.weight.original, False)]
    found = generators_weights([generator, Network(nn.Linear(2, 2), "encoder")])
    assert [(id(weight), turned) for weight, turned in found] == [(id(weight), turned) for weight, turned in wanted]


def tensors(checkpoint):
    return {
        f"{path.name}/{name}": tensor
        for path in sorted(checkpoint.glob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_run_that_goes_on_has_the_same_means(tmp_path, optimizer):
    run = tmp_path / "run"
    terms = (
        f"-s historical_averaging=0.01 -s orthogonal=1e-4 -s optimizer={optimizer} --checkpoint-every 2 --log-every 1"
    )
    invoke(*f"train --plugin dcgan --data emoji {NARROW} {terms} --steps 4 --out {run}".split())
    logged = (run / "scalars.jsonl").read_text("utf-8")
    for name in ("generator/history", "discriminator/history", "generator/orthogonal"):
        assert name in logged
    assert "discriminator/orthogonal" not in logged
    whole = shutil.copytree(run / "checkpoints" / "000004", tmp_path / "whole")
    invoke("train", "--resume", run, "--step", 2)
    found, expected = tensors(run / "checkpoints" / "000004"), tensors(whole)
    assert found.keys() == expected.keys()
    assert any(name.endswith("history_mean") for name in found)
    assert all(moves == 4 for name, moves in found.items() if name.endswith("history_moves"))
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []


def test_unsaid_nothing_changes(tmp_path):
    invoke(*f"train --plugin dcgan --data emoji {NARROW} --steps 1 --out {tmp_path / 'run'}".split())
    names = tensors(tmp_path / "run" / "checkpoints" / "000001")
    assert not any("history" in name for name in names)


def test_what_cannot_be_is_said_before_step_1():
    said = "train --plugin cogan --data emoji -s orthogonal=1e-4 --dry-run"
    assert "recipe cogan takes no generator of others: orthogonal would change nothing" in refusal(
        *said.split(), status=2
    )
    with pytest.raises(UsageError, match="^setting historical_averaging: -1 is not at least 0"):
        RunSettings(historical_averaging=-1)
