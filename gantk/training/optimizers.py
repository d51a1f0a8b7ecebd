"""One optimizer a player, the schedule of its learning rate, and moving averages of weights."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gantk.errors import PluginError
from gantk.plan.protocol import players_of
from gantk.recipe.player import Player
from gantk.recipe.recipe import Recipe

Setting = Callable[[str], Any]
"""Gives a run's setting by name."""


@dataclass(frozen=True)
class Mover:
    """A player with its optimizer: what moves when a recipe yields the player's name."""

    player: Player
    optimizer: torch.optim.Optimizer
    parameters: list[nn.Parameter]
    clip: float | None

    def move(self) -> None:
        """Step along the gradients, then drop them."""
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        # Fused optimizers leave the version counters as they are, and a later backward through a graph of the old
        # values would be wrong in silence.
        torch.autograd.graph.increment_version(self.parameters)
        self.forget()

    def forget(self) -> None:
        """Drop the gradients."""
        for parameter in self.parameters:
            parameter.grad = None


def make_movers(recipe: Recipe, setting: Setting) -> dict[str, Mover]:
    """Return a mover for each player. Raises PluginError where a parameter belongs to no or to two players."""
    return {name: _mover(player, setting) for name, player in players_of(recipe).items()}


def schedule_factor(schedule: str, decay_from: float, fraction: float) -> float:
    """Return what a learning rate is multiplied by at a fraction of the run in [0, 1]."""
    if schedule == "constant" or fraction <= decay_from:
        return 1.0
    return (1.0 - fraction) / (1.0 - decay_from)


def set_learning_rates(movers: Mapping[str, Mover], factor: float) -> None:
    """Multiply every optimizer's initial learning rate by a factor."""
    for mover in movers.values():
        for group in mover.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor


class Averages:
    """Exponential moving averages of networks' weights, by the networks' names."""

    def __init__(self, recipe: Recipe, decays: Mapping[str, float]) -> None:
        networks = recipe.networks()
        for name in decays:
            if name not in networks:
                raise PluginError(f"setting ema: {name} is not a network of this recipe; it has {', '.join(networks)}")
        self.decays = dict(decays)
        self.live = {name: networks[name] for name in decays}
        self.networks = {name: copy.deepcopy(networks[name]).requires_grad_(False) for name in decays}

    @torch.no_grad()
    def update(self) -> None:
        """Move the averages towards the live weights; buffers are copied."""
        for name, decay in self.decays.items():
            average, live = self.networks[name], self.live[name]
            means: list[Tensor] = list(average.parameters())
            if means:
                torch._foreach_lerp_(means, list[Tensor](live.parameters()), 1 - decay)
            for mean, value in zip(average.buffers(), live.buffers(), strict=True):
                mean.copy_(value)

    def lend(self, recipe: Recipe) -> None:
        """Give a copy of the recipe the averaged weights."""
        networks = recipe.networks()
        for name, average in self.networks.items():
            networks[name].module.load_state_dict(average.module.state_dict())


def _mover(player: Player, setting: Setting) -> Mover:
    learning_rate = player.learning_rate or setting("learning_rate")
    groups: list[dict[str, Any]] = []
    for network in player.networks:
        rate = learning_rate * player.scale.get(network, 1.0)
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        groups.append({"params": parameters, "lr": rate, "initial_lr": rate})
    betas, decay = player.betas or setting("betas"), setting("rmsprop_decay")
    optimizer = _optimizer(player.optimizer or setting("optimizer"), groups, betas, decay)
    parameters = [parameter for group in groups for parameter in group["params"]]
    return Mover(player, optimizer, parameters, player.clip or setting("clip"))


def _optimizer(
    name: str, groups: list[dict[str, Any]], betas: tuple[float, float], decay: float
) -> torch.optim.Optimizer:
    if name == "rmsprop":
        return torch.optim.RMSprop(groups, alpha=decay, momentum=0.0, foreach=True)
    if name == "sgd":
        return torch.optim.SGD(groups, momentum=betas[0], fused=True)
    kind = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
    return kind(groups, betas=betas, fused=True)
