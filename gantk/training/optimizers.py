"""One optimizer a player, what of it follows the run's progress, and moving averages of weights."""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gantk.errors import PluginError, UsageError
from gantk.parts.context import Progress
from gantk.parts.scheduled import Scheduled, changes, value_at
from gantk.plan.course import START
from gantk.plan.protocol import player_names, players_of
from gantk.plan.settings import RunSettings
from gantk.recipe.player import Player
from gantk.recipe.recipe import Recipe
from gantk.text import nearest
from gantk.training.light_optimizers import spare_the_compiler, step
from gantk.training.weight_terms import HistoricalAverage, Orthogonal, generators_weights


@dataclass(frozen=True)
class Hyperparameter:
    """A hyper-parameter of an optimizer, made of numbers that may follow the progress."""

    numbers: tuple[Scheduled, ...]
    combined: Callable[..., Any]

    @property
    def follows(self) -> bool:
        """Whether it follows the progress."""
        return any(map(changes, self.numbers))

    def at(self, progress: Progress) -> Any:
        """Return what holds during a step."""
        return self.combined(*(value_at(number, progress) for number in self.numbers))


@dataclass(frozen=True)
class Mover:
    """A player with its optimizer: what moves when a recipe yields the player's name.

    Attributes:
        following: what follows the progress, for each group of the optimizer's parameters; empty: nothing does.
        history: what holds its parameters to their mean over the run, or None.
        orthogonal: what holds the filters of its generators apart, or None.
    """

    player: Player
    optimizer: torch.optim.Optimizer
    parameters: list[nn.Parameter]
    clip: float | None
    following: tuple[Mapping[str, Hyperparameter], ...] = ()
    history: HistoricalAverage | None = None
    orthogonal: Orthogonal | None = None

    def follow(self, progress: Progress) -> None:
        """Give the optimizer the rates, momenta and decays that hold during a step."""
        # A resume replaces the groups.
        for group, following in zip(self.optimizer.param_groups, self.following, strict=True):
            for name, one in following.items():
                group[name] = one.at(progress)

    def move(self) -> dict[str, Tensor]:
        """Step along the gradients, then drop them; return what the weights themselves have cost, by name."""
        terms = {"history": self.history, "orthogonal": self.orthogonal}
        with torch.no_grad():
            costs = {name: term.add(self.parameters) for name, term in terms.items() if term is not None}
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.clip)
        step(self.optimizer)
        # Fused optimizers leave the version counters as they are, and a later backward through a graph of the old
        # values would be wrong in silence.
        torch.autograd.graph.increment_version(self.parameters)
        self.forget()
        return costs

    def forget(self) -> None:
        """Drop the gradients."""
        for parameter in self.parameters:
            parameter.grad = None


def make_movers(recipe: Recipe, settings: RunSettings, before: Mapping[str, Mover] | None = None) -> dict[str, Mover]:
    """Return a mover for each player of the present stage; whoever moved before goes on with what its optimizer keeps.

    Raises PluginError where a parameter belongs to no or to two players, UsageError where a rate is said of nobody.
    """
    movers = {name: _mover(name, player, settings) for name, player in players_of(recipe).items()}
    if unknown := settings.player_rates.keys() - (known := player_names(recipe)):
        raise UsageError(f"setting player_rates: no player is called {min(unknown)}{nearest(min(unknown), known)}")
    for name, mover in movers.items():
        last = (before or {}).get(name)
        if last is not None and type(last.optimizer) is type(mover.optimizer):
            for parameter in mover.parameters:
                if kept := last.optimizer.state.get(parameter):
                    mover.optimizer.state[parameter] = kept
        if last is not None and last.history is not None and mover.history is not None:
            mover.history.means.update(last.history.means)
            mover.history.moves.update(last.history.moves)
    return movers


class Averages:
    """Exponential moving averages of networks' weights, by the networks' names."""

    def __init__(self, recipe: Recipe, decays: Mapping[str, Scheduled]) -> None:
        networks = recipe.networks()
        for name in decays:
            if name not in networks:
                raise PluginError(f"setting ema: {name} is not a network of this recipe; it has {', '.join(networks)}")
        self.decays = dict(decays)
        self.live = {name: networks[name] for name in decays}
        self.networks = {name: copy.deepcopy(networks[name]).requires_grad_(False) for name in decays}

    @torch.no_grad()
    def update(self, progress: Progress) -> None:
        """Move the averages towards the live weights after a step; buffers are copied."""
        for name, scheduled in self.decays.items():
            decay = value_at(scheduled, progress)
            average, live = self.networks[name], self.live[name]
            means: list[Tensor] = list(average.parameters())
            if means:
                torch._foreach_lerp_(means, list[Tensor](live.parameters()), 1 - decay)
            for mean, value in zip(average.buffers(), live.buffers(), strict=True):
                mean.copy_(value)

    def load_into(self, recipe: Recipe) -> None:
        """Give a copy of the recipe the averaged weights."""
        networks = recipe.networks()
        for name, average in self.networks.items():
            networks[name].module.load_state_dict(average.module.state_dict())


def _mover(name: str, player: Player, settings: RunSettings) -> Mover:
    spare_the_compiler()
    own_rate = settings.learning_rate if player.learning_rate is None else player.learning_rate
    rate = settings.player_rates.get(name, own_rate)
    make, further = _rule(player, settings)
    groups: list[dict[str, Any]] = []
    following: list[dict[str, Hyperparameter]] = []
    for network in player.networks:
        scale = player.scale.get(network, 1.0)
        own = {
            "lr": Hyperparameter((rate, scale, settings.rate_factor), lambda *factors: math.prod(factors)),
            **further,
        }
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        groups.append({"params": parameters, **{name: one.at(START) for name, one in own.items()}})
        following.append({name: one for name, one in own.items() if one.follows})
    parameters = [parameter for group in groups for parameter in group["params"]]
    weights = generators_weights(player.networks) if settings.orthogonal else ()
    return Mover(
        player,
        make(groups),
        parameters,
        player.clip or settings.clip,
        tuple(following) if any(following) else (),
        HistoricalAverage(settings.historical_averaging) if settings.historical_averaging else None,
        Orthogonal(settings.orthogonal, weights) if weights else None,
    )


def _rule(
    player: Player, settings: RunSettings
) -> tuple[Callable[[list[dict[str, Any]]], torch.optim.Optimizer], dict[str, Hyperparameter]]:
    """Return what makes a player's optimizer, and its hyper-parameters besides the learning rate."""
    betas = settings.betas if player.betas is None else player.betas
    decay = settings.rmsprop_decay if player.rmsprop_decay is None else player.rmsprop_decay
    shrinks = settings.weight_decay if player.weight_decay is None else player.weight_decay
    further = {} if shrinks is None else {"weight_decay": Hyperparameter((shrinks,), float)}
    name = player.optimizer or settings.optimizer
    if name == "rmsprop":
        return partial(torch.optim.RMSprop, foreach=True), {"alpha": Hyperparameter((decay,), float), **further}
    if name == "sgd":
        momentum = Hyperparameter(betas[:1], float)
        # A checkpoint may hold a momentum that begins later: what an optimizer may keep is asked of this default.
        usual = 0.5 if momentum.follows else momentum.at(START)
        return partial(torch.optim.SGD, momentum=usual, fused=True), {"momentum": momentum, **further}
    kind = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
    return partial(kind, fused=True), {"betas": Hyperparameter(betas, lambda *pair: pair), **further}
