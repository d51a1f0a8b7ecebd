"""What changes its own state by what it hears in a step: games, and augmentations."""

import torch
from torch import Tensor

from gantk.parts.context import Informed


class Adaptive(Informed):
    """Something that adapts once a step: it calls `feed_back` in its losses, and changes its buffers in `adapt`."""

    _fed: tuple[Tensor, int] | None = None

    def feed_back(self, value: Tensor) -> None:
        """Add a value to what `adapt` gets the mean of; in all micro-batches and processes alike, or in none."""
        total, count = self._fed or (torch.zeros_like(value), 0)
        self._fed = total + value.detach(), count + 1

    def take_feedback(self) -> Tensor | None:
        """Return the mean of what was fed back since this was last called, if anything was."""
        fed, self._fed = self._fed, None
        return fed[0] / fed[1] if fed is not None else None

    def adapt(self, feedback: Tensor) -> None:
        """Change buffers in place by the mean of what was fed back in a step, after its last move; nothing by default.

        The mean is over all calls of `feed_back`, over micro-batches and processes.
        """
