"""The runner of a recipe's step: several bodies in lockstep, each move they yield performed once."""

from collections.abc import Mapping

import torch
from torch import Tensor

from gantk.errors import PluginError, blamed_line, one_line
from gantk.parts.adaptive import Adaptive
from gantk.parts.losses import AdversarialLoss, Losses
from gantk.recipe.recipe import Batches, Mean, Recipe
from gantk.training.losslog import LossLog
from gantk.training.observer import Observer
from gantk.training.optimizers import Mover
from gantk.training.processes import World
from gantk.training.step_body import Moves, StepBody

Yielded = Moves | Mean | None
"""What a body yields: the moves among its own that are due, a mean, or nothing more."""


class StepRunner:
    """The runner of a recipe's step.

    `accumulate` bodies run in lockstep, each on its own micro-batch; gradients and means are taken over them and over
    the processes. With an `observer` everything is computed and nobody moves.
    """

    def __init__(
        self,
        recipe: Recipe,
        movers: Mapping[str, Mover],
        log: LossLog,
        *,
        world: World | None = None,
        accumulate: int = 1,
        observer: Observer | None = None,
    ) -> None:
        self.recipe = recipe
        self.movers = movers
        self.log = log
        self.world = world or World()
        self.accumulate = accumulate
        self.observer = observer
        self.games = [module for module in recipe.modules() if isinstance(module, AdversarialLoss)]
        self.adaptive = [
            module
            for module in recipe.modules()
            if isinstance(module, Adaptive) and type(module).adapt is not Adaptive.adapt
        ]

    def run(self, batches: Batches) -> dict[str, Losses]:
        """Run the recipe's step to its end; return the last micro-batch's losses by player."""
        bodies = [StepBody(self.recipe, batches, self.movers) for _ in range(self.accumulate)]
        answer: Tensor | None = None
        performed: dict[str, Losses] = {}
        while True:
            yielded = []
            for body in bodies:
                found = self._due(body.resume(answer))
                if isinstance(found, Mapping):
                    self._backward(body, found)
                yielded.append(found)
            first = yielded[0]
            if any(_shape(other) != _shape(first) for other in yielded):
                raise PluginError(
                    f"{bodies[0].name}: micro-batches yield different moves: decide by `yield self.everywhere(value)`"
                )
            if first is None:
                if self.adaptive and self.log.context.is_due(critic=False):
                    self._adapt()
                return performed
            if isinstance(first, Mean):
                answer = self.world.mean(torch.stack([r.value for r in yielded if isinstance(r, Mean)]).mean(0))
            else:
                answer = None
                self._move({player: self.movers[player] for player in first})
                performed |= first

    def _due(self, yielded: Yielded) -> Yielded:
        if not isinstance(yielded, Mapping):
            return yielded
        is_due = self.log.context.is_due
        return {name: losses for name, losses in yielded.items() if is_due(self.movers[name].player.critic)}

    def _backward(self, body: StepBody, moves: Moves) -> None:
        """Add each player's gradients, all of them taken from the graph as it stands."""
        if self.observer is not None:
            self.observer.see_losses(body, moves)
        for number, (player, losses) in enumerate(moves.items()):
            parameters = self.movers[player].parameters
            values = torch.stack([loss.reshape(()) for loss in losses.values()])
            self.log.add(player, tuple(losses), values.detach())
            total = values.sum() / self.accumulate
            more = number + 1 < len(moves)
            try:
                if total.requires_grad:
                    torch.autograd.backward(total, inputs=parameters, retain_graph=more)
            except RuntimeError as error:
                if "modified by an inplace operation" not in str(error) and "second time" not in str(error):
                    raise
                raise PluginError(
                    f"{body.at}: the losses of {player!r} need a graph through a player that has moved since: "
                    "detach() what is shared across a yield, or yield these players at once; leave backward() to gantk"
                ) from error
            if not total.requires_grad or all(parameter.grad is None for parameter in parameters):
                raise PluginError(f"{body.at}: the losses of {player!r} reach none of its parameters")

    def _move(self, movers: Mapping[str, Mover]) -> None:
        if self.observer is not None:
            self.observer.see_gradients(list(movers.values()))
            for mover in movers.values():
                mover.forget()
            return
        with torch.no_grad():
            self.world.average([p.grad for mover in movers.values() for p in mover.parameters if p.grad is not None])
        for player, mover in movers.items():
            for name, cost in mover.move().items():
                self.log.add(player, (name,), cost[None])
            if mover.player.critic:
                self._constrain(mover)

    @torch.no_grad()
    def _adapt(self) -> None:
        """Let games and augmentations change their state once a step, by what they fed back in it."""
        for module in self.adaptive:
            feedback = module.take_feedback()
            if feedback is None:
                continue
            try:
                module.adapt(self.world.mean(feedback))
            except Exception as error:
                raise PluginError(f"{type(module).__name__}.adapt, {blamed_line(error)}{one_line(error)}") from error

    @torch.no_grad()
    def _constrain(self, mover: Mover) -> None:
        for game in self.games:
            for network in mover.player.networks:
                game.constrain(network)


def _shape(yielded: Yielded) -> object:
    """Return what must be the same for all micro-batches."""
    return tuple(yielded) if isinstance(yielded, Mapping) else type(yielded)
