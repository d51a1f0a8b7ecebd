"""The observer of a rehearsal: who would move, what the gradients reach, and what an author should know of."""

import inspect
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from gantk.parts.losses import Losses
from gantk.plan.protocol import reached
from gantk.recipe.recipe import Recipe
from gantk.training.optimizers import Mover
from gantk.training.step_body import Moves, StepBody


class Observer:
    """What a rehearsal shows of a recipe. Warnings bear the line of the author's file, each once.

    Attributes:
        asked: the players who would have moved.
        reached: their parameters that had a gradient.
    """

    def __init__(self, movers: Mapping[str, Mover]) -> None:
        self.asked: set[str] = set()
        self.reached: set[nn.Parameter] = set()
        self._critics = {name for name, mover in movers.items() if mover.player.critic}
        self._owners = {parameter: name for name, mover in movers.items() for parameter in mover.parameters}
        self._warned: dict[Any, Any] = {}

    def see_losses(self, body: StepBody, moves: Moves) -> None:
        """Note who is to move, and warn of losses that do not reach their player or were computed through others."""
        for player, losses in moves.items():
            self.asked.add(player)
            found = {name: reached(loss, self._owners) for name, loss in losses.items()}
            self._warn_of_unreached(body, player, losses, found)
            if len(moves) == 1:
                self._warn_of_detours(body, player, set().union(*found.values()))

    def see_gradients(self, movers: Iterable[Mover]) -> None:
        """Note which parameters have a gradient."""
        for mover in movers:
            self.reached.update(parameter for parameter in mover.parameters if parameter.grad is not None)

    def warn_of_the_idle(self, recipe: Recipe) -> None:
        """Warn of players whom no step so far has asked to move."""
        code = inspect.unwrap(type(recipe).step).__code__
        where = f" of stage {name}" if (name := recipe.context.stage.name) else ""
        for player in set(self._owners.values()) - self.asked:
            self._warn(
                f"{type(recipe).__name__}.step yields no move of {player!r} in a round of critic steps{where}: it "
                "learns nothing yet",
                code.co_filename,
                code.co_firstlineno,
            )

    def _warn_of_unreached(self, body: StepBody, player: str, losses: Losses, found: Mapping[str, set[str]]) -> None:
        for name, players in found.items():
            # A term that is switched off may be a plain zero.
            if player not in players and (losses[name].requires_grad or losses[name].item()):
                self._warn_at(body, f"loss {name!r} of {player!r} reaches none of its parameters: was it detached?")

    def _warn_of_detours(self, body: StepBody, player: str, players: set[str]) -> None:
        """Warn of a critic whose losses were computed through those who move at the end of a round alone."""
        others = players - self._critics
        if others and player in self._critics:
            self._warn_at(
                body,
                f"the losses of {player!r} were computed through {', '.join(sorted(others))}, whom they do not move: "
                "detach() what it made, and its gradients are not computed for nothing",
            )

    def _warn_at(self, body: StepBody, text: str) -> None:
        if body.frame is not None:
            self._warn(text, body.frame.f_code.co_filename, body.frame.f_lineno)

    def _warn(self, text: str, file: str, line: int) -> None:
        warnings.warn_explicit(text, UserWarning, file, line, registry=self._warned)
