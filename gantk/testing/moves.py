"""Checks of who moves: parameters are compared before and after each move of each player."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gantk.parts.losses import AdversarialLoss
from gantk.recipe.recipe import Recipe
from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure
from gantk.testing.runs import training
from gantk.training.optimizers import Mover
from gantk.training.step_runner import StepRunner
from gantk.training.training import Training


@dataclass
class Watch:
    """What happened to a recipe's parameters while it trained.

    Attributes:
        recipe: the recipe.
        names: a parameter's name.
        kept: each parameter as it was after the last move.
        networks: the networks of each player, in all stages.
        owned: the parameters of each player, in all stages.
        moved: the parameters that moved, by player.
        reached: the parameters that had a gradient, be it zero: that of a last bias is, in a Wasserstein game.
        faults: what moved that should not have, and when.
    """

    recipe: nn.Module
    names: dict[nn.Parameter, str] = field(default_factory=dict)
    kept: dict[nn.Parameter, Tensor] = field(default_factory=dict)
    networks: dict[str, dict[nn.Module, None]] = field(default_factory=dict)
    owned: dict[str, set[nn.Parameter]] = field(default_factory=dict)
    moved: dict[str, set[nn.Parameter]] = field(default_factory=dict)
    reached: set[nn.Parameter] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = {parameter: name.replace(".module.", ".") for name, parameter in self.recipe.named_parameters()}
        self.keep(self.names)

    def expect(self, movers: Mapping[str, Mover]) -> None:
        """Note who moves in a stage: each of them may wait for a later one to move all that it has."""
        for name, mover in movers.items():
            self.networks.setdefault(name, {}).update(dict.fromkeys(mover.player.networks))
            self.owned.setdefault(name, set()).update(mover.parameters)

    def keep(self, parameters: Any) -> None:
        """Note parameters as they are."""
        self.kept |= {parameter: parameter.detach().clone() for parameter in parameters}

    def changed(self) -> set[nn.Parameter]:
        """Return the parameters that are not as they were noted."""
        return {parameter for parameter, value in self.kept.items() if not torch.equal(parameter.detach(), value)}

    def blame(self, parameters: set[nn.Parameter], what: str) -> None:
        """Note that parameters moved which should not have."""
        if parameters:
            first = next(name for parameter, name in self.names.items() if parameter in parameters)
            self.faults.append(f"{first} changed {what}")


@dataclass(frozen=True, kw_only=True)
class WatchedMover(Mover):
    """A mover that tells what its moves do."""

    name: str
    watch: Watch

    def move(self) -> dict[str, Tensor]:
        """Move, and note what else has moved."""
        watch = self.watch
        watch.blame(watch.changed(), f"in step(), before the move of player {self.name}: leave moves to the engine")
        watch.keep(watch.names)
        watch.reached |= {parameter for parameter in self.parameters if parameter.grad is not None}
        costs = super().move()
        changed = watch.changed()
        watch.blame(changed - set(self.parameters), f"by the move of player {self.name}, who does not own it")
        watch.moved.setdefault(self.name, set()).update(changed & set(self.parameters))
        watch.keep(watch.names)
        return costs


def moves(checked: CheckedPlugin) -> str:
    """Train each stage until its players have moved, and compare all parameters around each move."""
    found = _found(checked)
    if found["faults"]:
        raise Failure(found["faults"][0])
    return "; ".join(f"{name}: {count} parameters" for name, count in found["moved"].items())


def reaches(checked: CheckedPlugin) -> str:
    """Train until each player has moved, and collect the parameters that a gradient reached."""
    found = _found(checked)
    if found["missed"]:
        raise Failure(f"{found['missed'][0]}: use it in the losses, or freeze it (requires_grad_(False))")
    return f"{found['reached']} parameters"


def _found(checked: CheckedPlugin) -> dict[str, Any]:
    """Return what happened in a training, which is made by whoever asks first."""
    kept = checked.folder / "moves.json"
    if not kept.exists():
        ready = training(checked, checked.folder / "moves")
        watch = _watched(ready)
        found = {
            "faults": [*watch.faults, *_still(ready, watch)],
            "moved": {name: len(moved) for name, moved in watch.moved.items()},
            "reached": len(watch.reached),
            "missed": [
                f"no gradient of player {name} reaches {called}"
                for name, parameters in watch.owned.items()
                for parameter, called in watch.names.items()
                if parameter in parameters - watch.reached
            ],
        }
        kept.write_text(json.dumps(found), "utf-8")
    answer: dict[str, Any] = json.loads(kept.read_text("utf-8"))
    return answer


def _still(ready: Training, watch: Watch) -> list[str]:
    """Return the players, and the networks of players, that have not moved."""
    faults = []
    for name, networks in watch.networks.items():
        if name not in watch.moved:
            faults.append(f"player {name} never moves: step() does not yield it")
            continue
        for network in networks:
            own = {parameter for parameter in network.parameters() if parameter.requires_grad}
            if own and not own & watch.moved[name]:
                called = next((key for key, value in ready.recipe.named_modules() if value is network), "a network")
                faults.append(f"{called} does not move at the moves of player {name}: its losses do not reach it")
    return faults


def _watched(ready: Training) -> Watch:
    """Train a few steps, and return what happened."""
    watch = Watch(ready.recipe)
    for game in ready.recipe.modules():
        if isinstance(game, AdversarialLoss):
            _let_constrain(game, watch)
    _let_begin(ready.recipe, watch)
    for number, span in enumerate(ready.course.spans):
        ready.enter(number)
        watch.expect(ready.movers)
        ready.movers = _watching(ready.movers, watch)
        ready.runner = StepRunner(ready.recipe, ready.movers, ready.log, accumulate=ready.runner.accumulate)
        for step in range(span.begin, min(span.begin + 2, span.end)):
            _step(ready, step, watch)
    return watch


def _step(ready: Training, step: int, watch: Watch) -> None:
    ready.step(step)
    watch.blame(watch.changed(), "in step(), after the last move: leave moves to the engine")
    watch.keep(watch.names)


def _watching(movers: Mapping[str, Mover], watch: Watch) -> dict[str, Mover]:
    return {name: WatchedMover(**vars(mover), name=name, watch=watch) for name, mover in movers.items()}


def _let_begin(recipe: Recipe, watch: Watch) -> None:
    """Allow a recipe to change weights as a stage begins."""
    begin = recipe.begin

    def allowed() -> None:
        begin()
        watch.keep(watch.names)

    recipe.begin = allowed  # type: ignore[method-assign]


def _let_constrain(game: AdversarialLoss, watch: Watch) -> None:
    """Allow a game to change a critic that has moved, as by clipping its weights."""
    constrain = game.constrain

    def allowed(network: nn.Module) -> None:
        constrain(network)
        watch.keep(network.parameters())

    game.constrain = allowed  # type: ignore[method-assign]
