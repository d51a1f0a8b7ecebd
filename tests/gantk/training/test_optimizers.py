"""Optimizers, schedules, moving averages, and the log of losses."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from gantk import Linear, Network, Player, PluginError, Recipe, Stepwise, UsageError
from gantk.parts.context import Context, Progress, Span
from gantk.plan.settings import RunSettings
from gantk.training.losslog import LossLog, NonFiniteLoss
from gantk.training.optimizers import Averages, make_movers

SETTINGS = RunSettings(optimizer="adam", learning_rate=2e-4, betas=(0.5, 0.999))


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
    optimizer = make_movers(Two(), SETTINGS)["generator"].optimizer
    assert [group["lr"] for group in optimizer.param_groups] == [1e-5, 1e-3]
    assert all(group["betas"] == (0.0, 0.9) for group in optimizer.param_groups)
    assert all(group["fused"] for group in optimizer.param_groups)


class Gaining(Two):
    """A player who has a network more in the second stage, where another is new."""

    def __init__(self) -> None:
        super().__init__()
        self.critic = Network(nn.Linear(2, 1), "critic")

    def players(self):
        if self.stage.number == 0:
            return {"generator": Player(self.mapping), "gone": Player(self.critic, optimizer="sgd")}
        return {"generator": Player(self.synthesis, self.mapping), "new": Player(self.critic)}


def test_who_stays_keeps_what_its_optimizer_keeps_of_each_parameter():
    recipe = Gaining()
    recipe.context = Context(spans=(Span("a", 0, 1), Span("b", 1, 2)))
    recipe.context.progress = Progress(0, 2)
    before = make_movers(recipe, SETTINGS)
    for parameter in recipe.parameters():
        parameter.grad = torch.ones_like(parameter)
    for mover in before.values():
        mover.move()
    recipe.context.progress = Progress(1, 2)
    after = make_movers(recipe, SETTINGS, before)
    assert list(after) == ["generator", "new"]
    assert len(after["generator"].optimizer.param_groups) == 2
    state = after["generator"].optimizer.state
    assert all(state[weight]["step"] == 1 for weight in recipe.mapping.parameters())
    assert not any(weight in state for weight in recipe.synthesis.parameters())
    assert not after["new"].optimizer.state


def test_gradients_are_clipped_by_norm():
    recipe = Two()
    mover = make_movers(recipe, replace(SETTINGS, optimizer="sgd", clip=1.0, betas=(0.0, 0.0)))
    before = [parameter.detach().clone() for parameter in recipe.parameters()]
    for parameter in recipe.parameters():
        parameter.grad = torch.full_like(parameter, 100.0)
    mover["generator"].move()
    after = list(recipe.synthesis.parameters())
    # Twelve equal gradients of norm 1 in all, at a rate of 1e-3.
    torch.testing.assert_close(before[2] - after[0], torch.full((2, 2), 1e-3 / math.sqrt(12)), atol=1e-7, rtol=1e-4)


def rates(movers, step):
    """Return the learning rates of a player's networks during a step of 8, as the training sets them."""
    movers["generator"].follow(Progress(step, 8))
    return [group["lr"] for group in movers["generator"].optimizer.param_groups]


def test_learning_rates_follow_the_schedule():
    movers = make_movers(Two(), replace(SETTINGS, schedule="linear", decay_from=0.5))
    assert [rates(movers, step) for step in (0, 4, 6)] == [[1e-5, 1e-3], [1e-5, 1e-3], [0.5e-5, 0.5e-3]]
    # To the bit what version 0.2 computed, whose runs go on.
    assert rates(movers, 7)[1] == 1e-3 * ((1.0 - 7 / 8) / (1.0 - 0.5))


def test_the_rate_of_a_network_alone_follows_a_schedule():
    recipe = Owner()
    recipe.said = {"scale": {recipe.mapping: Stepwise(factor=0.1, points=(0.5,))}}
    movers = make_movers(recipe, SETTINGS)
    assert [rates(movers, step) for step in (3, 4)] == [[2e-4, 2e-4], [pytest.approx(2e-5), 2e-4]]


def test_a_rate_that_is_said_of_a_player_stands_in_place_of_its_own():
    said = replace(SETTINGS, schedule="linear", decay_from=0.5, player_rates={"generator": 0.1})
    assert [rates(make_movers(Two(), said), step) for step in (0, 6)] == [[1e-3, 0.1], [0.5e-3, 0.05]]
    with pytest.raises(UsageError, match="setting player_rates: no player is called generatr; did you mean"):
        make_movers(Two(), replace(SETTINGS, player_rates={"generatr": 0.1}))
    with pytest.raises(UsageError, match="setting player_rates: .*0.0.* is not a finite number above 0"):
        replace(SETTINGS, player_rates={"generator": 0.0})


def test_where_nothing_follows_the_progress_nothing_is_set():
    assert make_movers(Two(), replace(SETTINGS, learning_rate=1e-4))["generator"].following == ()


class Owner(Two):
    """A recipe whose player is told everything itself."""

    def __init__(self, **said) -> None:
        super().__init__()
        self.said = said

    def players(self):
        return {"generator": Player(self.mapping, self.synthesis, **self.said)}


def test_a_player_has_schedules_of_its_own():
    recipe = Owner(
        learning_rate=Linear(start=0.4, end=0.0),
        betas=(lambda fraction: 0.5 + 0.2 * fraction, 0.99),
        weight_decay=Stepwise(start=0.1, factor=0.5, points=(0.5,)),
    )
    mover = make_movers(recipe, replace(SETTINGS, schedule="step"))["generator"]
    told = []
    for step in (0, 4, 6):
        mover.follow(Progress(step, 8))
        told.append([mover.optimizer.param_groups[0][name] for name in ("lr", "betas", "weight_decay")])
    # The run's schedule multiplies the player's own rate.
    expected = [(0.4, 0.5, 0.1), (0.2 * 0.1, 0.6, 0.05), (0.1 * 0.01, 0.65, 0.05)]
    for (rate, betas, decay), (wanted, first, shrinks) in zip(told, expected, strict=True):
        assert (rate, *betas, decay) == pytest.approx((wanted, first, 0.99, shrinks))


def test_a_player_s_own_rmsprop_and_sgd_follow_too():
    smooth = make_movers(Owner(optimizer="rmsprop", rmsprop_decay=Linear(start=0.9, end=0.5)), SETTINGS)["generator"]
    heavy = make_movers(Owner(optimizer="sgd", betas=(Linear(start=0.0, end=0.8), 0.9)), SETTINGS)["generator"]
    for mover in (smooth, heavy):
        mover.follow(Progress(4, 8))
    assert smooth.optimizer.param_groups[1]["alpha"] == pytest.approx(0.7)
    assert heavy.optimizer.param_groups[1]["momentum"] == pytest.approx(0.4)


@pytest.mark.parametrize(
    "said",
    [{"betas": (2.0, 0.9)}, {"learning_rate": 0.0}, {"weight_decay": -1.0}, {"rmsprop_decay": Linear(start=2.0)}],
)
def test_a_player_s_number_out_of_range_is_one_line(said):
    (name,) = said
    with pytest.raises(UsageError, match=f"a player's {name}: .* is not ") as caught:
        Player(**said)
    assert "\n" not in str(caught.value)


def test_a_player_of_no_network_is_refused():
    networks = [nn.Linear(1, 1)]
    for wrong, kind in ((networks, "list"), (networks[0].parameters(), "generator")):
        with pytest.raises(UsageError, match=rf"a player has networks, Player\(first, second\), not a {kind}"):
            Player(wrong)


def test_a_decay_of_an_average_may_follow_the_progress():
    recipe = Two()
    averages = Averages(recipe, {"mapping": lambda fraction: fraction})
    start = recipe.mapping.module.weight.detach().clone()
    with torch.no_grad():
        recipe.mapping.module.weight.add_(1.0)
    averages.update(Progress(3, 4))
    torch.testing.assert_close(averages.networks["mapping"].module.weight, start + 0.25)


def test_averages_follow_weights_and_copy_buffers():
    recipe = Two()
    recipe.mapping.module.register_buffer("seen", torch.zeros(()))
    averages = Averages(recipe, {"mapping": 0.9})
    start = recipe.mapping.module.weight.detach().clone()
    with torch.no_grad():
        recipe.mapping.module.weight.add_(1.0)
        recipe.mapping.module.seen.add_(7)
    averages.update(Progress(0, 1))
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
