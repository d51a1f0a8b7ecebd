"""What the checks of a plugin found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["pass", "FAIL", "skip"]


class Failure(Exception):  # noqa: N818 (what a check found, no error of gantk's)
    """Raised by a check that fails; the message is the reason."""


class Skip(Exception):  # noqa: N818 (likewise)
    """Raised by a check that cannot be made here; the message is the reason."""


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes:
        check: the check's name.
        status: `pass`, `FAIL` or `skip`.
        reason: what was seen; of a failure, where and what to do.
    """

    check: str
    status: Status
    reason: str

    def __str__(self) -> str:
        return f"{self.status}  {self.check:<15}  {self.reason}"


@dataclass(frozen=True)
class Report:
    """What all checks of a plugin found, in the order in which they were made.

    Attributes:
        plugin: the plugin's name.
        outcomes: one for each check that was made.
        folder: what the checks left, until their Checker is closed: `run` is the run that they trained, `output.txt`
            holds what they printed.
    """

    plugin: str
    outcomes: tuple[Outcome, ...]
    folder: Path

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The checks that failed."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "FAIL")

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    def __getitem__(self, check: str) -> Outcome:
        """Return what a check found. Raises KeyError where it was not made."""
        for outcome in self.outcomes:
            if outcome.check == check:
                return outcome
        raise KeyError(check)

    def require(self) -> None:
        """Raise AssertionError, with a line for each check that failed."""
        assert self.passed, "\n".join((f"plugin {self.plugin}:", *map(str, self.failures)))

    def __str__(self) -> str:
        return "\n".join((*map(str, self.outcomes), self.summary))

    @property
    def summary(self) -> str:
        """How many checks passed, failed, and were skipped."""
        found = [outcome.status for outcome in self.outcomes]
        counts: tuple[tuple[Status, str], ...] = (("pass", "passed"), ("FAIL", "failed"), ("skip", "skipped"))
        return f"{self.plugin}: " + ", ".join(f"{found.count(status)} {word}" for status, word in counts)
