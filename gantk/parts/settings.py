"""The training settings that a paper states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Training settings of a recipe or a loss; None leaves a setting unsaid.

    Args:
        optimizer: update rule of every player that names none itself.
        learning_rate: step size before the schedule.
        betas: Adam's decay rates; the first is SGD's momentum.
        batch_size: images a step and process, or a function of the run's progress in [0, 1].
        accumulate: micro-batches averaged into one move.
        critic_steps: steps at which critics move for one at which the others do.
        schedule: `constant`, or `linear`: constant until `decay_from`, then linearly to zero.
        decay_from: fraction of the run at which the linear decay starts, in [0, 1].
        size: height and width in pixels of the crops that are trained on.
        steps: length of the run.
        epochs: length of the run in passes over the data, where no number of steps is given.
        ema: decay of the moving average kept of a network's weights, by the network's name.
        clip: largest norm of a player's gradient; None: unclipped.
        jitter: images are loaded this many times larger than the crop that is trained on.
        flip: whether images are mirrored left to right at random.
    """

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None = None
    learning_rate: float | None = None
    betas: tuple[float, float] | None = None
    batch_size: int | Callable[[float], int] | None = None
    accumulate: int | None = None
    critic_steps: int | None = None
    schedule: Literal["constant", "linear"] | None = None
    decay_from: float | None = None
    size: int | None = None
    steps: int | None = None
    epochs: int | None = None
    ema: Mapping[str, float] | None = None
    clip: float | None = None
    jitter: float | None = None
    flip: bool | None = None

    def said(self) -> dict[str, Any]:
        """Return the settings that are not None, by name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
