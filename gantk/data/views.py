"""A richer kind of data serves a poorer one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gantk.data.dataset import Dataset, Group, Split
from gantk.errors import DataError


def _keep(**keys: str) -> Callable[[Split], Split]:
    """Return a view with some of a split's columns, renamed: `_keep(image="target")`."""

    def view(split: Split) -> Split:
        return Split((Group({new: split.columns[old] for new, old in keys.items()}),))

    return view


def _apart(split: Split) -> Split:
    columns = split.columns
    return Split((Group({"a": columns["source"]}), Group({"b": columns["target"]})))


VIEWS: Mapping[str, Mapping[str, Callable[[Split], Split]]] = {
    "unpaired": {"paired": _apart},
    "images": {
        "labelled": _keep(image="image"),
        "captioned": _keep(image="image"),
        "domains": _keep(image="image"),
        "paired": _keep(image="target"),
        "unpaired": _keep(image="b"),
        "points": _keep(image="point"),
    },
}
"""How a kind is derived: wanted kind -> kind that the data set has -> view."""


_CURES = {
    "unpaired": "; name a second folder by another --data",
    "labelled": "; labels are one folder a class",
    "paired": "; pairs are two folders with the same file names, or images side by side; where the names of partners "
    "differ, say how: -s 'data.partners=*_photo,*_drawing'",
}


class Turned(Dataset):
    """A data set of two sides whose second is translated into its first; batches of other kinds stay as they are.

    Raises DataError where the data set has no two sides.
    """

    def __init__(self, dataset: Dataset) -> None:
        if not _OTHER_SIDE.keys() & set(dataset.kinds):
            raise DataError(f"{dataset.name} has no two sides whose direction could be b_to_a: {dataset.summary}")
        self.dataset = dataset
        self.name, self.licence, self.kinds = dataset.name, dataset.licence, dataset.kinds
        self.summary = f"{dataset.summary}; b to a"
        self.classes, self.domains, self.argument = dataset.classes, dataset.domains, dataset.argument

    @property
    def notes(self) -> Sequence[str]:
        return self.dataset.notes

    def quick(self, kind: str) -> Mapping[str, Any]:
        return self.dataset.quick(kind)

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        split = self.dataset.split(kind, test, load)
        if kind not in _OTHER_SIDE:
            return split
        columns = split.columns
        turned = {key: columns[other] for key, other in _OTHER_SIDE[kind].items()}
        return Split((Group(turned),) if kind == "paired" else tuple(Group({key: turned[key]}) for key in turned))

    def fingerprint(self) -> str:
        return self.dataset.fingerprint()


_OTHER_SIDE = {"paired": {"source": "target", "target": "source"}, "unpaired": {"a": "b", "b": "a"}}


def serves(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return every kind of batches that data of these kinds can serve."""
    own = tuple(kinds)
    derived = (wanted for wanted, views in VIEWS.items() if wanted not in own and any(kind in views for kind in own))
    return (*own, *derived)


def open_split(dataset: Dataset, kind: str, test: bool, load: int | None) -> Split:
    """Return a split as batches of `kind`. Raises DataError where the data set cannot serve it."""
    if kind in dataset.kinds:
        return dataset.split(kind, test, load)
    for own, view in VIEWS.get(kind, {}).items():
        if own in dataset.kinds:
            return view(dataset.split(own, test, load))
    raise DataError(
        f"{dataset.name} serves batches of the kind {' / '.join(serves(dataset.kinds))}, but the recipe needs {kind} "
        f"ones; it was read so: {dataset.summary}{_CURES.get(kind, '')}"
    )
