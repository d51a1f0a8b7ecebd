"""The body of a recipe's step: what it yields is held against the protocol, and an error bears the author's line."""

from collections.abc import Collection, Mapping
from types import FrameType

import torch
from torch import Tensor

from gantk.errors import GantkError, PluginError, blamed_line, one_line, written_at
from gantk.parts.losses import Losses
from gantk.recipe.recipe import Batches, Mean, Move, Recipe, Step

Moves = Mapping[str, Losses]
"""The losses of each player who is to move at once."""


class StepBody:
    """One call of a recipe's `step`.

    Raises PluginError where that yields nothing.
    """

    def __init__(self, recipe: Recipe, batches: Batches, players: Collection[str]) -> None:
        self.name = f"{type(recipe).__name__}.step"
        self._players = players
        self._body: Step = recipe.step(batches)
        if not hasattr(self._body, "send"):
            raise PluginError(
                f"{written_at(recipe.step)}{self.name} returned a {type(self._body).__name__}: it must yield its moves"
            )

    @property
    def frame(self) -> FrameType | None:
        """Where the body stands."""
        return getattr(self._body, "gi_frame", None)

    @property
    def at(self) -> str:
        """Where the body stands, for a message."""
        return f"{self.name}, {self.frame.f_code.co_filename}:{self.frame.f_lineno}" if self.frame else self.name

    def resume(self, answer: Tensor | None) -> Moves | Mean | None:
        """Run the body to its next yield; return the moves or the mean that it asks for, or None at its end.

        Raises PluginError where the body fails, or yields what is no move.
        """
        try:
            move = self._body.send(answer)  # type: ignore[arg-type]
        except StopIteration:
            return None
        except (GantkError, OSError):
            raise
        except torch.OutOfMemoryError as error:
            raise GantkError("out of memory: say a smaller --batch-size, --size or number of filters") from error
        except Exception as error:
            raise PluginError(
                f"{self.name}, {blamed_line(error, self._body.gi_code.co_filename)}{one_line(error)}; "  # type: ignore[attr-defined]
                "GANTK_TRACE=1 shows the whole way there"
            ) from error
        if isinstance(move, Mean):
            return move
        moves = self._by_player(move)
        for player, losses in moves.items():
            self._check(player, losses)
        return moves

    def _by_player(self, move: Move) -> Moves:
        if isinstance(move, tuple) and len(move) == 2 and isinstance(move[0], str):
            move = {move[0]: move[1]}
        if (
            isinstance(move, Mapping)
            and move
            and all(isinstance(losses, Mapping) and losses for losses in move.values())
        ):
            return move
        raise PluginError(
            f'{self.at} yields {_short(move)}: a move is `"player", {{"loss": value}}`, '
            'or `{"player": {...}, ...}` for several at once'
        )

    def _check(self, player: str, losses: Losses) -> None:
        if player not in self._players:
            raise PluginError(f"{self.at} yields an unknown player {player!r}; players: {', '.join(self._players)}")
        for name, loss in losses.items():
            if not isinstance(loss, Tensor) or loss.numel() != 1:
                found = f"of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
                raise PluginError(f"{self.at}: loss {name!r} of {player!r} is {found}: a scalar tensor is needed")


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:60]}..."
