"""The settings of a run: what nobody states has a value here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from gantk.data.shrunk import ShrinkBy
from gantk.data.worn import Worn
from gantk.errors import UsageError
from gantk.parts.scheduled import Averaged, Factor, Number, Rates, Scheduled
from gantk.parts.schedules import SCHEDULES
from gantk.parts.settings import Name, Settings
from gantk.sizes import Sides, Size, sides_of

DECAY_FROM: Mapping[str, float] = {"constant": 0.5, "linear": 0.5}
"""Where a schedule that is said by its name alone begins to fall, where nobody says it; of others: at once."""


@dataclass(frozen=True, kw_only=True)
class RunSettings(Settings):
    """All settings of a run. The defaults hold where nobody states a setting; None is a value of those that allow it.

    Raises UsageError for a value outside its range.
    """

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    learning_rate: Scheduled = 2e-4
    player_rates: Rates = field(default_factory=dict)
    betas: tuple[Scheduled, Scheduled] = (0.5, 0.999)
    rmsprop_decay: Scheduled = 0.99
    batch_size: int | Number | Callable[[float], int] = 1
    accumulate: int = 1
    critic_steps: int = 1
    schedule: Name | Factor | Callable[[float], float] = "constant"
    decay_from: float = DECAY_FROM["linear"]
    size: Size = 256
    epochs: int = 100
    ema: Averaged = field(default_factory=dict)
    r1: float = 0.0
    r2: float = 0.0
    historical_averaging: float = 0.0
    orthogonal: float = 0.0
    pack: int = 1
    jitter: float = 1.0
    flip: bool = False
    dequantize: bool = False
    shrink: int = 4
    shrink_by: ShrinkBy = "bicubic"
    precision: Literal["auto", "fp32", "bf16"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.batch_size, int) and self.batch_size % self.pack:
            raise UsageError(
                f"setting pack: batches of {self.batch_size} are no whole packs of {self.pack}: say --batch-size "
                f"{-(-self.batch_size // self.pack) * self.pack}, or leave pack out"
            )

    @property
    def sides(self) -> Sides:
        """Height and width in pixels of the crops that are trained on."""
        return sides_of(self.size)

    @property
    def worn(self) -> Worn:
        """What happens to images at a low resolution once they are made smaller."""
        return Worn(self.shrink_blur, self.shrink_noise, self.shrink_jpeg)

    @property
    def rate_factor(self) -> Scheduled:
        """What learning rates are multiplied by."""
        if not isinstance(self.schedule, str):
            return self.schedule
        kind = SCHEDULES[self.schedule]
        begins = "begin" in {parameter.name for parameter in fields(kind)}  # type: ignore[arg-type]
        if self.schedule == "constant" or (begins and self.decay_from == 1):
            return 1.0
        return kind(begin=self.decay_from) if begins else kind()  # type: ignore[call-arg]
