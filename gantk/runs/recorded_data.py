"""A run's data as its folder describes them, not opened."""

from collections.abc import Sequence

from gantk.data.dataset import Dataset, Split
from gantk.errors import DataError
from gantk.runs.manifest import DataFacts


class RecordedData(Dataset):
    """What a run's folder says of its data, for when the images are not needed."""

    def __init__(self, facts: DataFacts) -> None:
        self.name = facts.name
        self.kinds = (facts.of_kind,)
        self.licence = facts.licence
        self.summary = facts.summary
        self.classes = tuple(facts.classes)
        self.domains = tuple(facts.domains)
        self._credits = tuple(facts.credits)
        self._fingerprint = facts.fingerprint

    @property
    def credits(self) -> Sequence[str]:
        return self._credits

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        raise DataError(f"the images of {self.name} were not opened")

    def fingerprint(self) -> str:
        return self._fingerprint
