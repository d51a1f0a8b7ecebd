"""Optimizers, schedules, moving averages, and the log of losses."""

import math

import pytest
import torch
from torch import nn

from gantk import Network, Player, PluginError, Recipe
from gantk.parts.context import Context, Progress
from gantk.training.losslog import LossLog, NonFiniteLoss
from gantk.training.optimizers import Averages, make_movers, schedule_factor, set_learning_rates

SETTINGS = {"optimizer": "adam", "learning_rate": 2e-4, "betas": (0.5, 0.999), "rmsprop_decay": 0.99, "clip": None}


class Two(Recipe):
    kind = "images"
    step = preview = graphs = None  # Not asked for here.

    def __init__(self) -> None:
        super().__init__()
        self.mapping = Network(nn.Linear(2, 2), "mapping")
        self.synthesis = Network(nn.Linear(2, 2), "synthesis")

    def players(self):
        return {
            "generator": Player(
                self.mapping, self.synthesis, scale={self.mapping: 0.01}, learning_rate=1e-3, betas=(0.0, 0.9)
            )
        }


def test_a_player_has_its_own_rates():
    optimizer = make_movers(Two(), SETTINGS.__getitem__)["generator"].optimizer
    assert [group["lr"] for group in optimizer.param_groups] == [1e-5, 1e-3]
    assert all(group["betas"] == (0.0, 0.9) for group in optimizer.param_groups)
    assert all(group["fused"] for group in optimizer.param_groups)


def test_gradients_are_clipped_by_norm():
    recipe = Two()
    mover = make_movers(recipe, {**SETTINGS, "optimizer": "sgd", "clip": 1.0, "betas": (0.0, 0.0)}.__getitem__)
    before = [parameter.detach().clone() for parameter in recipe.parameters()]
    for parameter in recipe.parameters():
        parameter.grad = torch.full_like(parameter, 100.0)
    mover["generator"].move()
    after = list(recipe.synthesis.parameters())
    # Twelve equal gradients of norm 1 in all, at a rate of 1e-3.
    torch.testing.assert_close(before[2] - after[0], torch.full((2, 2), 1e-3 / math.sqrt(12)), atol=1e-7, rtol=1e-4)


@pytest.mark.parametrize(("fraction", "factor"), [(0.0, 1.0), (0.5, 1.0), (0.75, 0.5), (0.999, 0.002)])
def test_linear_decay_is_constant_then_falls_to_zero(fraction, factor):
    assert schedule_factor("linear", 0.5, fraction) == pytest.approx(factor)
    assert schedule_factor("constant", 0.5, fraction) == 1.0


def test_learning_rates_follow_the_schedule():
    movers = make_movers(Two(), SETTINGS.__getitem__)
    set_learning_rates(movers, 0.5)
    set_learning_rates(movers, 0.25)
    assert [group["lr"] for group in movers["generator"].optimizer.param_groups] == [2.5e-6, 2.5e-4]


def test_averages_follow_weights_and_copy_buffers():
    recipe = Two()
    recipe.mapping.module.register_buffer("seen", torch.zeros(()))
    averages = Averages(recipe, {"mapping": 0.9})
    start = recipe.mapping.module.weight.detach().clone()
    with torch.no_grad():
        recipe.mapping.module.weight.add_(1.0)
        recipe.mapping.module.seen.add_(7)
    averages.update()
    torch.testing.assert_close(averages.networks["mapping"].module.weight, start + 0.1)
    assert averages.networks["mapping"].module.seen == 7
    with pytest.raises(PluginError, match="decoder is not a network of this recipe; it has mapping, synthesis"):
        Averages(recipe, {"decoder": 0.9})


def test_losses_are_averaged_between_reads():
    log = LossLog(Context(Progress(0, 10)))
    log.add("generator", ("game", "cycle"), torch.tensor([1.0, 10.0]))
    log.add("generator", ("game", "cycle"), torch.tensor([3.0, 20.0]))
    assert log.read() == {"generator/game": 2.0, "generator/cycle": 15.0}
    assert log.read() == {}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_the_first_loss_that_is_not_finite_is_named_with_its_step(bad):
    context = Context(Progress(0, 10))
    log = LossLog(context)
    for step, value in enumerate([1.0, bad, 1.0, bad]):
        context.progress = Progress(step, 10)
        log.add("discriminator", ("game", "penalty"), torch.tensor([1.0, value]))
    with pytest.raises(NonFiniteLoss, match="loss penalty of player discriminator became NaN or infinite at step 2$"):
        log.check()


def test_the_loss_that_went_first_is_named():
    context = Context(Progress(0, 10))
    log = LossLog(context)
    log.add("generator", ("game", "cycle"), torch.tensor([1.0, math.inf]))
    context.progress = Progress(1, 10)
    log.add("generator", ("game", "cycle"), torch.tensor([math.nan, math.nan]))
    with pytest.raises(NonFiniteLoss, match="loss cycle .* at step 1$"):
        log.check()


def test_networks_compute_in_bf16_and_hand_back_float32():
    class Inner(nn.Conv2d):
        def features(self, x):
            return [self(x)]

        def forward(self, x):
            seen.append(super().forward(x).dtype)
            return super().forward(x)

    seen: list[torch.dtype] = []
    network = Network(Inner(1, 1, 1), "generator", torch.bfloat16)
    x = torch.zeros(1, 1, 2, 2)
    assert {network(x).dtype, network.eager(x).dtype, network.features(x)[0].dtype} == {torch.float32}
    assert seen == [torch.bfloat16, torch.float32, torch.bfloat16]


@pytest.mark.parametrize("norm", [nn.InstanceNorm2d, nn.BatchNorm2d])
def test_one_call_for_each_gives_what_calls_apart_give(norm):
    torch.manual_seed(0)
    network = Network(nn.Sequential(nn.Conv2d(3, 4, 3), norm(4)), "generator").double()
    a, b = torch.randn(2, 3, 8, 8, dtype=torch.float64), torch.randn(1, 3, 8, 8, dtype=torch.float64)
    for together, apart in zip(network.each(a, b), (network(a), network(b)), strict=True):
        torch.testing.assert_close(together, apart, rtol=0, atol=1e-12)
