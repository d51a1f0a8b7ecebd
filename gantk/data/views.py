"""A data set seen as batches of a kind: its own, or one that a richer kind of it serves."""

from gantk.data.dataset import Dataset, Group, Split
from gantk.data.derived import Derived
from gantk.data.kinds import View, kind_called, served, views
from gantk.errors import DataError, PluginError
from gantk.sizes import Sides


class Turned(Derived):
    """A data set of two sides whose second is translated into its first; batches of other kinds stay as they are.

    Raises DataError where the data set has no two sides.
    """

    def __init__(self, dataset: Dataset) -> None:
        if not any(kind_called(kind).sides for kind in dataset.kinds):
            raise DataError(f"{dataset.name} has no two sides whose direction could be b_to_a: {dataset.summary}")
        super().__init__(dataset, "b to a")
        self.kinds, self.classes, self.domains = dataset.kinds, dataset.classes, dataset.domains

    @property
    def sides(self) -> tuple[str, ...]:
        return tuple(reversed(self.dataset.sides))

    def derived(self, kind: str, test: bool, load: int | Sides | None) -> Split:
        split, sides = _split(self.dataset, kind, test, load), kind_called(kind, *self.dataset.kinds).sides
        other, columns = dict(zip(sides, reversed(sides), strict=True)), split.columns
        return Split(tuple(Group({key: columns[other.get(key, key)] for key in each.columns}) for each in split.groups))


def open_split(dataset: Dataset, kind: str, test: bool, load: int | Sides | None) -> Split:
    """Return a split as batches of `kind`, of images with a shorter side of `load` pixels, or that cover `load`.

    Raises DataError where the data set cannot serve it, PluginError where a column of it is missing.
    """
    if kind in dataset.kinds:
        return _complete(dataset, kind, _split(dataset, kind, test, load))
    for own, view in views(kind, dataset.kinds):
        return _complete(dataset, kind, _seen(view, _split(dataset, own, test, load)))
    cure = kind_called(kind).cure
    raise DataError(
        f"{dataset.name} serves batches of the kind {' / '.join(served(dataset.kinds))}, but the recipe needs {kind} "
        f"ones; it was read so: {dataset.summary}{f'; {cure}' if cure else ''}"
    )


def _split(dataset: Dataset, kind: str, test: bool, load: int | Sides | None) -> Split:
    if isinstance(load, Sides):
        return dataset.covering(kind, test, load)
    return dataset.split(kind, test, load)


def _seen(view: View, split: Split) -> Split:
    if callable(view):
        return view(split)
    return Split((Group({new: split.columns[old] for new, old in view.items()}),))


def _complete(dataset: Dataset, kind: str, split: Split) -> Split:
    wanted = kind_called(kind, *dataset.kinds).columns
    if missing := [key for key in wanted if key not in split.columns]:
        raise PluginError(
            f"data set {dataset.name} gives {kind} batches of {', '.join(split.columns)}, without {missing[0]!r}"
        )
    return split
