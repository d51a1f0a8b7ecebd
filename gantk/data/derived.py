"""A data set that is made of another one's images."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from gantk.data.dataset import Dataset, Split
from gantk.sizes import Sides


class Derived(Dataset):
    """A data set of another one's images, which has that one's name, licence, credits, notes and fingerprint.

    Args:
        dataset: the other one.
        summary: what is made of it, behind its own summary.
    """

    def __init__(self, dataset: Dataset, summary: str) -> None:
        self.dataset = dataset
        self.name, self.licence, self.argument = dataset.name, dataset.licence, dataset.argument
        self.summary = f"{dataset.summary}; {summary}"

    @property
    def credits(self) -> Sequence[str]:
        return self.dataset.credits

    @property
    def notes(self) -> Sequence[str]:
        return self.dataset.notes

    def quick(self, kind: str) -> Mapping[str, Any]:
        return self.dataset.quick(kind)

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        return self.derived(kind, test, load)

    def covering(self, kind: str, test: bool, load: Sides) -> Split:
        return self.derived(kind, test, load)

    def fingerprint(self) -> str:
        return self.dataset.fingerprint()

    @abstractmethod
    def derived(self, kind: str, test: bool, load: int | Sides | None) -> Split:
        """Return a split, as `split` and `covering` do."""
