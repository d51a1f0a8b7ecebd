"""Numbers that change while a run goes on, by name."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, log, pi
from typing import ClassVar

from gantk.errors import UsageError
from gantk.parts.context import Progress


class Schedule(ABC):
    """A number that changes while a run goes on.

    Attributes:
        name: what a configuration calls it; a subclass of a plugin's own has none, and is not written into one.
    """

    name: ClassVar[str] = ""

    @abstractmethod
    def at(self, progress: Progress) -> float:
        """Return the number that holds during a step."""


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """The same number all the time.

    Args:
        start: the number.
    """

    name = "constant"
    start: float = 1.0

    def at(self, progress: Progress) -> float:
        return self.start


@dataclass(frozen=True, kw_only=True)
class Linear(Schedule):
    """A straight line from one number to another.

    Args:
        start: the number until `begin`.
        end: the number from `finish` on.
        begin: fraction of the run at which it leaves `start`.
        finish: fraction of the run at which it comes to `end`.
    """

    name = "linear"
    start: float = 1.0
    end: float = 0.0
    begin: float = 0.0
    finish: float = 1.0

    def __post_init__(self) -> None:
        _check_span(self.name, self.begin, self.finish)

    def at(self, progress: Progress) -> float:
        fraction = progress.fraction
        if fraction <= self.begin or fraction >= self.finish:
            return self.start if fraction <= self.begin else self.end
        return (self.start * (self.finish - fraction) + self.end * (fraction - self.begin)) / (self.finish - self.begin)


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Half a cosine wave from one number to another: slow at both ends (arXiv:1608.03983, equation 5).

    Args:
        start: the number until `begin`.
        end: the number from `finish` on.
        begin: fraction of the run at which it leaves `start`.
        finish: fraction of the run at which it comes to `end`.
    """

    name = "cosine"
    start: float = 1.0
    end: float = 0.0
    begin: float = 0.0
    finish: float = 1.0

    def __post_init__(self) -> None:
        _check_span(self.name, self.begin, self.finish)

    def at(self, progress: Progress) -> float:
        done = min(max((progress.fraction - self.begin) / (self.finish - self.begin), 0.0), 1.0)
        return self.end + (self.start - self.end) * (1 + cos(pi * done)) / 2


@dataclass(frozen=True, kw_only=True)
class Stepwise(Schedule):
    """A number that is multiplied by the same factor at some points of the run.

    Args:
        start: the number at first.
        factor: what it is multiplied by at each point.
        points: fractions of the run.
    """

    name = "step"
    start: float = 1.0
    factor: float = 0.1
    points: tuple[float, ...] = (0.5, 0.75)

    def at(self, progress: Progress) -> float:
        passed = sum(progress.fraction >= point for point in self.points)
        return float(self.start * self.factor**passed)


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """A number that is multiplied by the same factor at each step.

    Args:
        start: the number until `begin`.
        end: the number at the end of the run; where `factor` is said, the number at which it stays.
        begin: fraction of the run at which it leaves `start`.
        factor: what it is multiplied by at a step; unsaid: what brings it to `end` at the end of the run.
    """

    name = "exponential"
    start: float = 1.0
    end: float = 0.01
    begin: float = 0.0
    factor: float | None = None

    def __post_init__(self) -> None:
        _check_span(self.name, self.begin, 1.0)
        if self.start <= 0 or self.end <= 0 or (self.factor is not None and self.factor <= 0):
            raise UsageError(
                f"schedule exponential: start {self.start}, end {self.end} and factor {self.factor} must be above 0"
            )

    def at(self, progress: Progress) -> float:
        if progress.fraction <= self.begin:
            return self.start
        if self.factor is None:
            done = (progress.fraction - self.begin) / (1 - self.begin)
            return float(self.start * (self.end / self.start) ** done)
        number = self.start * self.factor ** (progress.step - self.begin * progress.total)
        return float(max(number, self.end) if self.factor < 1 else min(number, self.end))


@dataclass(frozen=True, kw_only=True)
class WarmUp(Schedule):
    """A schedule whose number rises in a straight line at first.

    Args:
        start: share of the number at the first step.
        finish: fraction of the run at which all of it is there.
        steps: steps until all of it is there, in place of `finish`.
        then: the schedule whose number it is; unsaid: 1 all the time.
    """

    name = "warm-up"
    start: float = 0.0
    finish: float = 0.05
    steps: int | None = None
    then: Schedule | None = None

    def __post_init__(self) -> None:
        if self.finish <= 0 or (self.steps is not None and self.steps < 1):
            raise UsageError(
                f"schedule warm-up: finish {self.finish} must be above 0, and steps {self.steps} at least 1"
            )

    def at(self, progress: Progress) -> float:
        rises = self.finish * progress.total if self.steps is None else self.steps
        done = min(progress.step / rises, 1.0)
        number = self.then.at(progress) if self.then is not None else 1.0
        return number * (self.start * (1 - done) + done)


@dataclass(frozen=True, kw_only=True)
class HalfLife(Schedule):
    """The decay of a moving average by its half-life; 0, which keeps nothing, before it begins, and at first if ramped.

    After a half-life, weights of that time count half in the average: the decay is 0.5 ** (1 / half-life in steps), as
    StyleGAN2 has it (arXiv:1912.04958, appendix B; the authors' code), whose half-life is 0.0004 of the run, or 10,000
    images.

    Args:
        share: the half-life as a share of the run's steps.
        images: the half-life in images, over all processes, in place of `share`.
        decay: the decay whose half-life it is, in place of `share`.
        ramp: the half-life is at most this share of the steps, and so of the images, since it began, 0.05 in
            arXiv:2006.06676; unsaid: any.
        begin: fraction of the run at which it begins, such as BigGAN's first steps without an average.
    """

    name = "half-life"
    share: float = 0.01
    images: int | None = None
    decay: float | None = None
    ramp: float | None = None
    begin: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or not (self.ramp is None or 0 < self.ramp <= 1):
            raise UsageError(f"schedule half-life: share {self.share} and ramp {self.ramp} must be above 0, up to 1")
        if (self.images is not None and self.images < 1) or not (self.decay is None or 0 < self.decay < 1):
            raise UsageError(
                f"schedule half-life: images {self.images} must be at least 1, and decay {self.decay} between 0 and 1"
            )
        if self.images is not None and self.decay is not None:
            raise UsageError("schedule half-life: images and decay both say how long it is: say one of them")
        _check_span(self.name, self.begin, 1.0)

    def at(self, progress: Progress) -> float:
        made = progress.step - self.begin * progress.total
        if made < 0:
            return 0.0
        steps = self._steps(progress)
        if self.ramp is not None:
            steps = min(steps, self.ramp * made)
        return float(0.5 ** (1 / steps)) if steps else 0.0

    def _steps(self, progress: Progress) -> float:
        if self.decay is not None:
            return log(0.5) / log(self.decay)
        return self.share * progress.total if self.images is None else self.images / progress.images


SCHEDULES: Mapping[str, type[Schedule]] = {
    kind.name: kind for kind in (Constant, Linear, Cosine, Stepwise, Exponential, WarmUp, HalfLife)
}
"""Every schedule that a configuration can say, by name."""


def _check_span(name: str, begin: float, finish: float) -> None:
    if not 0 <= begin < finish <= 1:
        raise UsageError(f"schedule {name}: begin {begin} and finish {finish} are not 0 <= begin < finish <= 1")
