"""Runs a recipe's step: several bodies in lockstep, each move they yield performed once."""

import inspect
import warnings
from collections.abc import Generator, Mapping
from typing import Any

import torch
from torch import Tensor

from gantk.errors import GantkError, PluginError, blamed_line, one_line, written_at
from gantk.parts.losses import AdversarialLoss, Losses
from gantk.plan.protocol import reached
from gantk.recipe.recipe import Batches, Mean, Move, Recipe, Step
from gantk.training.losslog import LossLog
from gantk.training.optimizers import Mover
from gantk.training.processes import World

Request = dict[str, Losses] | Mean | None
"""What a body asks for: moves by player, a mean, or nothing more."""


class Conductor:
    """Performs what a recipe's step yields.

    `accumulate` bodies run in lockstep, each on its own micro-batch; gradients and means are taken over them and over
    the processes. A `rehearsal` computes everything and moves nobody.

    Attributes:
        asked, reached: in a rehearsal, the players who would have moved, and their parameters that had a gradient.
    """

    def __init__(
        self,
        recipe: Recipe,
        movers: Mapping[str, Mover],
        log: LossLog,
        *,
        world: World | None = None,
        accumulate: int = 1,
        rehearsal: bool = False,
    ) -> None:
        self.recipe = recipe
        self.movers = movers
        self.log = log
        self.world = world or World()
        self.accumulate = accumulate
        self.rehearsal = rehearsal
        self.asked: set[str] = set()
        self.reached: set[torch.nn.Parameter] = set()
        self._warned: dict[Any, Any] = {}
        self.games = [module for module in recipe.modules() if isinstance(module, AdversarialLoss)]
        self.adaptive = [game for game in self.games if type(game).adapt is not AdversarialLoss.adapt]

    def step(self, batches: Batches) -> dict[str, Losses]:
        """Run the recipe's step to its end; return the last micro-batch's losses by player."""
        bodies = [self._body(batches) for _ in range(self.accumulate)]
        answer: Tensor | None = None
        performed: dict[str, Losses] = {}
        while True:
            requests = []
            for body in bodies:
                request = self._resume(body, answer)
                if isinstance(request, dict):
                    self._backward(body, request)
                requests.append(request)
            first = requests[0]
            if any(_shape(request) != _shape(first) for request in requests):
                raise PluginError(
                    f"{self._name}.step: micro-batches yield different moves: decide by `yield self.everywhere(value)`"
                )
            if first is None:
                if self.adaptive and self.log.context.is_due(critic=False):
                    self._adapt()
                return performed
            if isinstance(first, Mean):
                answer = self.world.mean(torch.stack([r.value for r in requests if isinstance(r, Mean)]).mean(0))
            else:
                answer = None
                self._move(list(first))
                performed |= first

    def _body(self, batches: Batches) -> Step:
        body = self.recipe.step(batches)
        if not isinstance(body, Generator):
            raise PluginError(
                f"{written_at(self.recipe.step)}{self._name}.step returned a {type(body).__name__}: it must yield its "
                "moves"
            )
        return body

    @property
    def _name(self) -> str:
        return type(self.recipe).__name__

    def _resume(self, body: Step, answer: Tensor | None) -> Request:
        """Run a body to its next yield, and return the moves among it that are due."""
        try:
            move = body.send(answer)  # type: ignore[arg-type]
        except StopIteration:
            return None
        except (GantkError, OSError):
            raise
        except torch.OutOfMemoryError as error:
            raise GantkError("out of memory: say a smaller --batch-size, --size or number of filters") from error
        except Exception as error:
            raise PluginError(
                f"{self._name}.step, {blamed_line(error, body.gi_code.co_filename)}{one_line(error)}; "  # type: ignore[attr-defined]
                "GANTK_TRACE=1 shows the whole way there"
            ) from error
        if isinstance(move, Mean):
            return move
        moves = self._by_player(body, move)
        for player, losses in moves.items():
            self._check(body, player, losses)
        return {
            name: losses for name, losses in moves.items() if self.log.context.is_due(self.movers[name].player.critic)
        }

    def _by_player(self, body: Step, move: Move) -> Mapping[str, Losses]:
        if isinstance(move, tuple) and len(move) == 2 and isinstance(move[0], str):
            move = {move[0]: move[1]}
        if (
            isinstance(move, Mapping)
            and move
            and all(isinstance(losses, Mapping) and losses for losses in move.values())
        ):
            return move
        raise PluginError(
            f'{self._at(body)} yields {_short(move)}: a move is `"player", {{"loss": value}}`, '
            'or `{"player": {...}, ...}` for several at once'
        )

    def _check(self, body: Step, player: str, losses: Losses) -> None:
        if player not in self.movers:
            raise PluginError(
                f"{self._at(body)} yields an unknown player {player!r}; players: {', '.join(self.movers)}"
            )
        for name, loss in losses.items():
            if not isinstance(loss, Tensor) or loss.numel() != 1:
                found = f"of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
                raise PluginError(
                    f"{self._at(body)}: loss {name!r} of {player!r} is {found}: a scalar tensor is needed"
                )

    def _at(self, body: Step) -> str:
        frame = getattr(body, "gi_frame", None)
        return f"{self._name}.step, {frame.f_code.co_filename}:{frame.f_lineno}" if frame else f"{self._name}.step"

    def _backward(self, body: Step, moves: dict[str, Losses]) -> None:
        """Add each player's gradients, all of them taken from the graph as it stands."""
        for number, (player, losses) in enumerate(moves.items()):
            mover = self.movers[player]
            values = torch.stack([loss.reshape(()) for loss in losses.values()])
            self.log.add(player, tuple(losses), values.detach())
            total = values.sum() / self.accumulate
            if self.rehearsal:
                self.asked.add(player)
                self._warn(body, player, losses, alone=len(moves) == 1)
            more = number + 1 < len(moves)
            try:
                if not total.requires_grad:
                    raise PluginError(f"{self._at(body)}: the losses of {player!r} reach none of its parameters")
                torch.autograd.backward(total, inputs=mover.parameters, retain_graph=more)
            except RuntimeError as error:
                if "modified by an inplace operation" not in str(error) and "second time" not in str(error):
                    raise
                raise PluginError(
                    f"{self._at(body)}: the losses of {player!r} need a graph through a player that has moved since: "
                    "detach() what is shared across a yield, or yield these players at once; leave backward() to gantk"
                ) from error
            if all(parameter.grad is None for parameter in mover.parameters):
                raise PluginError(f"{self._at(body)}: the losses of {player!r} reach none of its parameters")

    def _warn(self, body: Step, player: str, losses: Losses, *, alone: bool) -> None:
        """Warn the author of losses that do not reach their player, and of a critic's that came through others."""
        owners = {parameter: name for name, mover in self.movers.items() for parameter in mover.parameters}
        found = {name: reached(loss, owners) for name, loss in losses.items()}
        for name, players in found.items():
            # A term that is switched off may be a plain zero.
            if player not in players and (losses[name].requires_grad or losses[name].item()):
                self._warn_at(body, f"loss {name!r} of {player!r} reaches none of its parameters: was it detached?")
        others = {name for players in found.values() for name in players if not self.movers[name].player.critic}
        if others and alone and self.movers[player].player.critic:
            self._warn_at(
                body,
                f"the losses of {player!r} were computed through {', '.join(sorted(others))}, whom they do not move: "
                "detach() what it made, and its gradients are not computed for nothing",
            )

    def _warn_at(self, body: Step, text: str) -> None:
        frame = getattr(body, "gi_frame", None)
        if frame is not None:
            self._warn_once(text, frame.f_code.co_filename, frame.f_lineno)

    def _warn_once(self, text: str, file: str, line: int) -> None:
        warnings.warn_explicit(text, UserWarning, file, line, registry=self._warned)

    def warn_of_the_idle(self) -> None:
        """Warn the author of players whom no step so far has asked to move."""
        code = inspect.unwrap(type(self.recipe).step).__code__
        for player in self.movers.keys() - self.asked:
            text = f"{self._name}.step yields no move of {player!r} in a round of critic steps: it learns nothing yet"
            self._warn_once(text, code.co_filename, code.co_firstlineno)

    def _move(self, players: list[str]) -> None:
        movers = [self.movers[player] for player in players]
        if self.rehearsal:
            for mover in movers:
                self.reached.update(parameter for parameter in mover.parameters if parameter.grad is not None)
                mover.forget()
            return
        with torch.no_grad():
            self.world.average([p.grad for mover in movers for p in mover.parameters if p.grad is not None])
        for mover in movers:
            mover.move()
            if mover.player.critic:
                self._constrain(mover)

    @torch.no_grad()
    def _adapt(self) -> None:
        """Let games change their state once a step, by what they fed back in it."""
        for game in self.adaptive:
            feedback = game.take_feedback()
            if feedback is None:
                continue
            try:
                game.adapt(self.world.mean(feedback))
            except Exception as error:
                raise PluginError(f"{type(game).__name__}.adapt, {blamed_line(error)}{one_line(error)}") from error

    @torch.no_grad()
    def _constrain(self, mover: Mover) -> None:
        for game in self.games:
            for network in mover.player.networks:
                game.constrain(network)


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:60]}..."


def _shape(request: Request) -> object:
    """Return what must be the same for all micro-batches."""
    return tuple(request) if isinstance(request, dict) else type(request)
