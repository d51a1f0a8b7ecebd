"""The training settings that a paper states."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from gantk.documents import quoted
from gantk.errors import UsageError


def _whole(most: int) -> tuple[Callable[[Any], bool], str]:
    return lambda value: 1 <= value <= most, f"from 1 to {most:,}"


MOST_PIXELS = 2**30
"""The pixels of a batch, beyond which nobody has the memory for a step."""

_RANGES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "learning_rate": (lambda value: 0 < value < math.inf, "a finite number above 0"),
    "betas": (lambda value: all(0 <= beta < 1 for beta in value), "a pair in [0, 1)"),
    "rmsprop_decay": (lambda value: 0 <= value < 1, "in [0, 1)"),
    "batch_size": _whole(2**20),
    "accumulate": _whole(4096),
    "critic_steps": _whole(1000),
    "decay_from": (lambda value: 0 <= value <= 1, "in [0, 1]"),
    "size": _whole(16_384),
    "steps": _whole(10**9),
    "epochs": _whole(10**9),
    "ema": (lambda value: all(0 <= decay < 1 for decay in value.values()), "a decay in [0, 1) by network"),
    "clip": (lambda value: 0 < value < math.inf, "a finite number above 0"),
    "jitter": (lambda value: 1 <= value <= 16, "from 1 to 16"),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Training settings of a recipe or a loss; None leaves a setting unsaid.

    Raises UsageError for a value outside its range.

    Args:
        optimizer: update rule of every player that names none itself.
        learning_rate: step size before the schedule.
        betas: Adam's decay rates; the first is SGD's momentum.
        rmsprop_decay: RMSprop's decay rate of the mean square.
        batch_size: images a step and process, or a function of the run's progress in [0, 1].
        accumulate: micro-batches averaged into one move.
        critic_steps: how often critics move in a step, in which the others move once.
        schedule: `constant`, or `linear`: constant until `decay_from`, then linearly to zero.
        decay_from: fraction of the run at which the linear decay starts, in [0, 1].
        size: height and width in pixels of the crops that are trained on.
        steps: length of the run; in a step every player moves.
        epochs: length of the run in passes over the data, where no number of steps is given.
        ema: decay of the moving average kept of a network's weights, by the network's name.
        clip: largest norm of a player's gradient; None: unclipped.
        jitter: images are loaded this many times larger than the crop that is trained on.
        flip: whether images are mirrored left to right at random.
        kind: the kind of batches, where a recipe can train on several.
        statistics: what batch norm reads once trained: averages over the data (`running`), or each `image`'s own
            statistics; unsaid: as the recipe states, else as it was trained.
    """

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None = None
    learning_rate: float | None = None
    betas: tuple[float, float] | None = None
    rmsprop_decay: float | None = None
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
    kind: str | None = None
    statistics: Literal["running", "image"] | None = None

    def __post_init__(self) -> None:
        for name, (fits, range_in_words) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not callable(value) and not fits(value):
                raise UsageError(f"setting {name}: {quoted(value)} is not {range_in_words}")
        pixels = round((self.size or 1) * (self.jitter or 1.0)) ** 2
        batch = self.batch_size if isinstance(self.batch_size, int) else 1
        if pixels * batch > MOST_PIXELS:
            raise UsageError(
                f"size {self.size}, jitter {self.jitter or 1.0} and batch_size {batch} are {pixels * batch:,} pixels a "
                f"batch, more than {MOST_PIXELS:,}: say less of one of them"
            )

    def said(self) -> dict[str, Any]:
        """Return the settings that are not None, by name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
