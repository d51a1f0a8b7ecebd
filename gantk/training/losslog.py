"""Losses and notes as they are logged, kept on the device until they are read."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gantk.errors import GantkError
from gantk.parts.context import Context
from gantk.parts.losses import Losses
from gantk.training.optimizers import Mover


class NonFiniteLoss(GantkError):  # noqa: N818 (it says what happened)
    """A loss became NaN or infinite."""


@dataclass
class _Record:
    """One player's losses: their sums since the last log, and the step at which each was first not finite (or -1)."""

    total: Tensor
    count: int
    first_bad: Tensor


class LossLog:
    """Sums losses and watches that they stay finite, without waiting for the device."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._records: dict[tuple[str, tuple[str, ...]], _Record] = {}

    def add(self, player: str, names: tuple[str, ...], values: Tensor) -> None:
        """Record a player's losses (one value a name) at the step under way."""
        key = (player, names)
        record = self._records.get(key)
        if record is None:
            unseen = torch.full_like(values, -1.0)
            record = self._records[key] = _Record(torch.zeros_like(values), 0, unseen)
        record.total += values
        record.count += 1
        turned_bad = ~torch.isfinite(values) & (record.first_bad < 0)
        record.first_bad.masked_fill_(turned_bad, float(self.context.progress.step))

    def check(self) -> None:
        """Raise NonFiniteLoss where a loss was not finite; this waits for the device."""
        bad = [
            (int(step), name, player)
            for (player, names), record in self._records.items()
            for name, step in zip(names, record.first_bad.tolist(), strict=True)
            if step >= 0
        ]
        if bad:
            step, name, player = min(bad, key=lambda one: one[0])
            raise NonFiniteLoss(f"loss {name} of player {player} became NaN or infinite at step {step + 1}")

    def read(self) -> dict[str, float]:
        """Return the means since the last read as `player/loss`, and `note/name`; this waits for the device."""
        self.check()
        means = {
            f"{player}/{name}": value
            for (player, names), record in self._records.items()
            for name, value in zip(names, (record.total / record.count).tolist(), strict=True)
        }
        notes = {f"note/{name}": float(total) / count for name, (total, count) in self.context.notes.items()}
        self._records.clear()
        self.context.notes.clear()
        return means | notes


def check_weights(movers: Mapping[str, Mover], step: int) -> None:
    """Raise NonFiniteLoss where a weight is not finite after a step; this waits for the device."""
    for name, mover in movers.items():
        finite = torch.stack([parameter.detach().isfinite().all() for parameter in mover.parameters])
        if not bool(finite.all()):
            raise NonFiniteLoss(f"a weight of player {name} became NaN or infinite by step {step}")


def latest(losses: Mapping[str, Losses]) -> dict[str, Tensor]:
    """Return losses by player as one flat mapping, `player/loss`, still on the device."""
    return {f"{player}/{name}": value.detach() for player, named in losses.items() for name, value in named.items()}
