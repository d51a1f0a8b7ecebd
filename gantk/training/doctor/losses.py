"""Losses that run away, that no longer move, and discriminators that are too sure."""

from collections import deque
from collections.abc import Iterator, Sequence
from statistics import fmean, median, pstdev

from gantk.training.doctor.detector import Detector, Finding, Logged

FIRST, LAST = 5, 12
"""Logs that say what was usual at first, and logs in a row that a fault lasts before it is said."""

SURE = 0.03
"""The share of its first losses below which a discriminator is too sure."""

AWAY = 100.0
"""How many times a loss is beyond what was usual, in three logs in a row, before it is said to run away."""

STILL, MOVED = 1e-4, 1e-2
"""The scatter, as a share of the mean, of a loss that stands still, and of one that has moved."""


class _Course:
    """The course of one loss."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.last: deque[float] = deque(maxlen=LAST)
        self.usual: deque[float] = deque(maxlen=50)

    def add(self, value: float) -> None:
        if len(self.first) < FIRST:
            self.first.append(value)
        if len(self.last) == LAST:
            self.usual.append(abs(self.last[0]))
        self.last.append(value)

    @property
    def full(self) -> bool:
        """Whether enough logs came after the first."""
        return len(self.last) == LAST and len(self.usual) >= FIRST


class Losses(Detector):
    """Watches every loss of every player."""

    def __init__(self) -> None:
        self._courses: dict[str, _Course] = {}

    def logged(self, seen: Logged) -> Iterator[Finding]:
        """Yield losses that run away or stand still, and critics that are too sure."""
        for name, value in seen.losses.items():
            if name.startswith("note/"):
                continue
            course = self._courses.setdefault(name, _Course())
            course.add(value)
            if course.full:
                yield from self._found(name, course, seen)

    def _found(self, name: str, course: _Course, seen: Logged) -> Iterator[Finding]:
        player, _, loss = name.partition("/")
        first, last = median(map(abs, course.first)), list(course.last)
        usual = max(median(course.usual), first)
        if usual > 0 and min(map(abs, last[-3:])) > AWAY * usual:
            yield Finding(
                "a loss runs away",
                name,
                f"{name} is {last[-1]:.3g}, where {usual:.3g} was usual",
                "an older checkpoint (--resume --step N) with a lower learning_rate or clip=1, or --precision fp32",
            )
        elif player in seen.judging and loss == "game" and min(last) >= 0 and _mostly(last) < SURE * first:
            yield Finding(
                "the discriminator is too sure",
                player,
                f"{name} was {_mostly(last):.2g} or less in most of {LAST} logs, from {first:.2g} at first: it tells "
                "every made image from every real one, and the generator learns little from it",
                f"r1=1 or more, a lower rate (player_rates={{{player}: 1e-4}}), --augmentation diffaugment, or another "
                "--loss, such as wgan-gp",
            )
        elif _stands_still(last) and _has_moved([*course.first, *course.usual]):
            yield Finding(
                "a loss no longer moves",
                name,
                f"{name} was {last[-1]:.4g} in the last {LAST} logs",
                "another --loss or a lower learning_rate where previews stand still too, or an end here",
            )


def _mostly(values: Sequence[float]) -> float:
    """Return what three quarters of the values are no larger than."""
    return sorted(values)[3 * len(values) // 4 - 1]


def _stands_still(values: Sequence[float]) -> bool:
    return pstdev(values) <= STILL * abs(fmean(values)) + 1e-12


def _has_moved(values: Sequence[float]) -> bool:
    sizes = [abs(value) for value in values]
    return pstdev(sizes) > MOVED * fmean(sizes)
