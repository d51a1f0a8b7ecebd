"""The kinds of batches: the keys of each, which kind serves which other, and what to say where data serves it not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal, Self, cast

from gantk.data.dataset import Group, Images, Split
from gantk.data.degradation import Degraded
from gantk.data.first import FirstImage
from gantk.data.palettes import Coloured, LabelMaps
from gantk.data.shrunk import ShrinkBy, Shrunk
from gantk.data.worn import Worn

Holds = Literal["images", "label maps", "classes", "domains", "texts", "numbers"]
"""What a column holds: images, label maps, classes or domains that the data set names, texts, or arrays of numbers."""

NUMBERS: tuple[Holds, ...] = ("classes", "domains")
"""What columns of whole numbers hold, each as a data set's attribute of that name calls them."""

View = Mapping[str, str] | Callable[[Split], Split]
"""How one kind serves another: its columns that are kept, `{"image": "target"}`, or a function of its split."""


class Kind(str):
    """A kind of batches: its name, and what is known of it. A plugin may state one of its own.

    Args:
        name: the name, by which data sets and recipes agree on it.
        columns: what each key of a batch holds; the keys of a batch in their order.
        sides: the two image keys that `--direction` exchanges; empty: there is no direction.
        translates: whether recipes make images of its images, which is what a quick scale depends on.
        serves: poorer kinds that data of this kind serve, and how; the core says so of its own by `served_by`.
        served_by: richer kinds whose data serve this one, and how; the first that there is.
        single: whether there is one image alone, the first of the data, which is taken whole: a size that is one number
            is its longer side.
        aligned_by: the kind whose two sides are those of this one, row by row; held-out batches are read so.
        cure: what to do where data cannot serve it, in words that follow the error.
        whole: whether its images are squares that are neither cut nor mirrored, since other columns say where in them
            something is.
    """

    columns: Mapping[str, Holds]
    sides: tuple[str, ...]
    translates: bool
    serves: Mapping[str, View]
    served_by: Mapping[str, View]
    single: bool
    aligned_by: str
    cure: str
    whole: bool

    def __new__(
        cls,
        name: str,
        columns: Mapping[str, Holds],
        *,
        sides: tuple[str, ...] = (),
        translates: bool = False,
        serves: Mapping[str, View] | None = None,
        served_by: Mapping[str, View] | None = None,
        single: bool = False,
        aligned_by: str = "",
        cure: str = "",
        whole: bool = False,
    ) -> Self:
        kind = super().__new__(cls, name)
        kind.columns, kind.sides, kind.translates = columns, sides, translates
        kind.serves, kind.served_by, kind.single = serves or {}, served_by or {}, single
        kind.aligned_by, kind.cure, kind.whole = aligned_by, cure, whole
        return kind

    def __getnewargs__(self) -> tuple[str, Mapping[str, Holds]]:  # type: ignore[override]
        """Return what a copy is made with; all else is copied from its attributes."""
        return str(self), self.columns

    def keys(self, *holding: Holds) -> tuple[str, ...]:
        """Return its keys; those that hold what is named, where something is."""
        return tuple(key for key, holds in self.columns.items() if not holding or holds in holding)


def _apart(split: Split) -> Split:
    columns = split.columns
    return Split((Group({"a": columns["source"]}), Group({"b": columns["target"]})))


def _coloured(split: Split) -> Split:
    maps = cast(LabelMaps, split.columns["layout"])
    return Split((Group({"source": Coloured(maps), "target": split.columns["image"]}),))


_IMAGES: Mapping[str, View] = {
    "labelled": {"image": "image"},
    "captioned": {"image": "image"},
    "domains": {"image": "image"},
    "layout": {"image": "image"},
    "paired": {"image": "target"},
    "unpaired": {"image": "b"},
    "points": {"image": "point"},
    "scaled": {"image": "high"},
}
"""How single images are had of richer kinds."""


def _at_two_sizes(split: Split, *, key: str, shrink: int, by: ShrinkBy, worn: Worn) -> Split:
    images = cast(Images, split.columns[key])
    low: Images = Shrunk(images, shrink, by)
    if worn != Worn():
        # Refuses images that it cannot be done to before one is read.
        worn.channels(images.channels)
        low = Degraded(low, "", worn)
    return Split((Group({"low": low, "high": images}),))


_IMAGE_KEYS = {
    "images": "image",
    **{kind: view["image"] for kind, view in _IMAGES.items() if not callable(view) and kind != "points"},
}
"""Where each kind holds images of more than a point."""


def scaled(shrink: int = 4, by: ShrinkBy = "bicubic", worn: Worn = Worn()) -> Kind:  # noqa: B008 (it is frozen)
    """Return the kind whose batches hold the same images at a low and at a high resolution, the low ones worn."""
    return Kind(
        "scaled",
        {"low": "images", "high": "images"},
        translates=True,
        served_by={
            kind: partial(_at_two_sizes, key=key, shrink=shrink, by=by, worn=worn)
            for kind, key in _IMAGE_KEYS.items()
            if kind != "scaled"
        },
        cure="any images will do",
    )


def _first(split: Split, *, key: str) -> Split:
    return Split((Group({"image": FirstImage(cast(Images, split.columns[key]))}),))


_PICTURE = Kind(
    "picture",
    {"image": "images"},
    served_by={kind: partial(_first, key=key) for kind, key in _IMAGE_KEYS.items()},
    single=True,
    cure="any image will do",
)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind: kind
        for kind in (
            Kind("labelled", {"image": "images", "label": "classes"}, cure="labels are one folder a class"),
            Kind(
                "paired",
                {"source": "images", "target": "images"},
                sides=("source", "target"),
                translates=True,
                served_by={"layout": _coloured},
                cure="pairs are two folders with the same file names, or images side by side; where the names of "
                "partners differ, say how: -s 'data.partners=*_photo,*_drawing'",
            ),
            Kind(
                "unpaired",
                {"a": "images", "b": "images"},
                sides=("a", "b"),
                translates=True,
                served_by={"paired": _apart},
                aligned_by="paired",
                cure="name a second folder by another --data",
            ),
            Kind(
                "adapted",
                {"a": "images", "label": "classes", "b": "images"},
                sides=("a", "b"),
                translates=True,
                aligned_by="paired",
                cure="data.view=edges, or negative, makes them of labelled images",
            ),
            Kind(
                "layout",
                {"image": "images", "layout": "label maps"},
                translates=True,
                cure="label maps are one side of pairs: say which, -s data.labels=a or b",
            ),
            Kind(
                "domains",
                {"image": "images", "domain": "domains"},
                translates=True,
                cure="domains are a folder each: name each by --data, or the folder that holds them",
            ),
            Kind(
                "captioned",
                {"image": "images", "caption": "texts"},
                cure="captions are a text file beside each image, or captions.csv: a file name and a text in each line",
            ),
            Kind("points", {"point": "images"}),
            Kind("images", {"image": "images"}, served_by=_IMAGES),
            scaled(),
            _PICTURE,
        )
    }
)
"""The core's own kinds, by name."""

IMAGE_KEYS = tuple(dict.fromkeys(key for kind in KINDS.values() for key in kind.keys("images")))
"""Every key that holds images in a kind of the core."""


def kind_called(name: str, *stated: str) -> Kind:
    """Return what is known of a kind: what its own plugin states, or one of those `stated`, or the core.

    Of one that nobody states, that is its name alone.
    """
    if isinstance(name, Kind):
        return name
    return next((kind for kind in stated if kind == name and isinstance(kind, Kind)), KINDS.get(name, Kind(name, {})))


def views(wanted: str, kinds: Iterable[str]) -> Iterator[tuple[str, View]]:
    """Yield the kinds among those of a data set that serve another, best first, and how."""
    own = tuple(kinds)
    yield from ((richer, view) for richer, view in kind_called(wanted).served_by.items() if richer in own)
    yield from ((kind, kind.serves[wanted]) for kind in map(kind_called, own) if wanted in kind.serves)


def served(kinds: Iterable[str], *asked: str) -> tuple[str, ...]:
    """Return every kind of batches that data of these kinds can serve, of the core's and of those asked for."""
    own = tuple(kinds)
    others = dict.fromkeys((*KINDS, *(poorer for kind in own for poorer in kind_called(kind).serves), *asked))
    return (*own, *(kind for kind in others if kind not in own and any(views(kind, own))))


def poorest(key: str) -> str:
    """Return the poorest kind of batches that holds images of a key; of an unknown one, the key."""
    holding = [kind for kind in KINDS.values() if key in kind.keys("images", "label maps")]
    return min(holding, key=lambda kind: len(kind.columns), default=key)


def aligned_keys() -> dict[str, str]:
    """Return what the keys of sides that are drawn independently are called where their rows belong together."""
    kinds = [kind for kind in KINDS.values() if kind.aligned_by]
    return {key: other for kind in kinds for key, other in zip(kind.sides, KINDS[kind.aligned_by].sides, strict=True)}


def second_sides() -> frozenset[str]:
    """Return the keys of the second side of two."""
    return frozenset(kind.sides[1] for kind in KINDS.values() if kind.sides)
