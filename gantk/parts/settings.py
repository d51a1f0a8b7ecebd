"""The training settings that a paper states."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import prod
from typing import Any, Literal

from gantk.data.shrunk import ShrinkBy
from gantk.data.worn import Drawn
from gantk.errors import UsageError
from gantk.parts.ranges import check_ranges
from gantk.parts.scheduled import Averaged, Factor, Number, Rates, Scheduled
from gantk.sizes import Size, sides_of

MOST_PIXELS = 2**30
"""The pixels of a batch, beyond which nobody has the memory for a step."""


Name = Literal["constant", "linear", "cosine", "step", "exponential", "warm-up"]
"""What a schedule is called."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Training settings of a recipe or a loss; None leaves a setting unsaid.

    A rate, a beta, a decay and the batch size are each a number, a schedule such as `Linear(start=0.5, end=0.7)`, or a
    function that gives the number at a fraction of the run in [0, 1).

    Raises UsageError for a value outside its range.

    Args:
        optimizer: update rule of every player that names none itself.
        learning_rate: step size before the schedule.
        player_rates: step size of single players in place of that, by their names, such as `discriminator` (two rates:
            Heusel et al. 2017, arXiv:1706.08500).
        betas: Adam's decay rates; the first is SGD's momentum.
        rmsprop_decay: RMSprop's decay rate of the mean square.
        batch_size: images a step and process.
        accumulate: micro-batches averaged into one move.
        critic_steps: how often critics move in a step, in which the others move once.
        schedule: what the learning rate of every player is multiplied by: a schedule's name, a schedule, or a function.
            By its name alone, `linear` and `cosine` fall to zero, `exponential` to a hundredth.
        decay_from: fraction of the run at which a schedule that is said by its name alone begins to fall, in [0, 1].
        size: height and width in pixels of the crops that are trained on, one number where they are equal.
        steps: length of the run; in a step every player moves.
        epochs: length of the run in passes over the data, where no number of steps is given.
        ema: decay of the moving average kept of weights: of all generators, or of a network's by its name.
        r1: weight of half the squared slope of discriminators at real images, added to any game (Mescheder et al. 2018,
            arXiv:1801.04406).
        r2: the same at made images.
        historical_averaging: weight of every player's squared distance to the mean of its weights over the run
            (Salimans et al. 2016, arXiv:1606.03498, section 3.3).
        orthogonal: weight of how far the filters of generators' layers are from being orthogonal (Brock et al. 2018,
            arXiv:1809.11096, equation 3).
        pack: samples, all real or all made, that a discriminator scores together (Lin et al. 2018, arXiv:1712.04086).
        clip: largest norm of a player's gradient; None: unclipped.
        weight_decay: weight of the L2 term that is added to the gradients of players who state none, or, with `adamw`,
            share of the learning rate by which weights shrink at a move (Loshchilov and Hutter 2019,
            arXiv:1711.05101); None: 0, and 0.01 with `adamw`.
        jitter: images are loaded this many times larger than the crop that is trained on.
        flip: whether images are mirrored left to right at random.
        dequantize: whether images of whole numbers are trained on with noise that fills the gaps between their levels.
        shrink: how many times smaller `low` is than `high` in batches of the kind `scaled`.
        shrink_by: how `low` is made: by a bicubic kernel, or by the mean of each area.
        shrink_blur: standard deviation in pixels of the Gaussian kernel that then blurs `low`, or two between which one
            is drawn for each sample; so are the next two.
        shrink_noise: standard deviation of the noise that `low` gets next, where values reach from 0 to 255.
        shrink_jpeg: quality, from 1 to 100, of the JPEG that `low` becomes at last.
        kind: the kind of batches, where a recipe can train on several.
        statistics: what batch norm reads once trained: averages over the data (`running`), or each `image`'s own
            statistics; unsaid: as the recipe states, else as it was trained.
        precision: what networks compute in: `fp32`, `bf16`, or `auto`: bf16 where the device computes in it.
    """

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None = None
    learning_rate: Scheduled | None = None
    player_rates: Rates | None = None
    betas: tuple[Scheduled, Scheduled] | None = None
    rmsprop_decay: Scheduled | None = None
    batch_size: int | Number | Callable[[float], int] | None = None
    accumulate: int | None = None
    critic_steps: int | None = None
    schedule: Name | Factor | Callable[[float], float] | None = None
    decay_from: float | None = None
    size: Size | None = None
    steps: int | None = None
    epochs: int | None = None
    ema: Averaged | None = None
    r1: float | None = None
    r2: float | None = None
    historical_averaging: float | None = None
    orthogonal: float | None = None
    pack: int | None = None
    clip: float | None = None
    weight_decay: Scheduled | None = None
    jitter: float | None = None
    flip: bool | None = None
    dequantize: bool | None = None
    shrink: int | None = None
    shrink_by: ShrinkBy | None = None
    shrink_blur: Drawn | None = None
    shrink_noise: Drawn | None = None
    shrink_jpeg: Drawn | None = None
    kind: str | None = None
    statistics: Literal["running", "image"] | None = None
    precision: Literal["auto", "fp32", "bf16"] | None = None

    def __post_init__(self) -> None:
        check_ranges(self.said())
        sides = sides_of(self.size or 1)
        pixels = prod(round(side * (self.jitter or 1.0)) for side in sides)
        batch = self.batch_size if isinstance(self.batch_size, int) else 1
        if pixels * batch > MOST_PIXELS:
            raise UsageError(
                f"size {sides}, jitter {self.jitter or 1.0} and batch_size {batch} are {pixels * batch:,} pixels a "
                f"batch, more than {MOST_PIXELS:,}: say less of one of them"
            )

    def said(self) -> dict[str, Any]:
        """Return the settings that are not None, by name."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
