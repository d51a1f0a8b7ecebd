"""Data sets whose images are there in several domains, row by row."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import reduce
from types import MappingProxyType

import numpy as np

from gantk import DataError, Dataset, Group, Palette, Split, UsageError
from gantk.data.dataset import Column, Images
from gantk.data.joined import JoinedImages
from gantk_datasets.quantised import label_maps


class Aligned(Dataset):
    """Images in several domains, of which a row shows the same thing in each.

    Attributes:
        shown: a source and a target domain, or one domain, which then serves no pairs.
        palettes: the classes of domains whose drawings make label maps, by their colours.
    """

    palettes: Mapping[str, Palette] = MappingProxyType({})

    def __init__(self, shown: Sequence[str]) -> None:
        self.shown = tuple(shown)
        pairs: tuple[str, ...] = ("paired", "unpaired") if len(self.shown) == 2 else ()
        if pairs and self.shown[0] in self.palettes:
            pairs = (*pairs, "layout")
        self.kinds = (*pairs, "images", "domains")

    @property
    def sides(self) -> tuple[str, ...]:
        """The source and the target domain."""
        return self.shown if len(self.shown) == 2 else ()

    @abstractmethod
    def images(self, domain: str, test: bool, load: int | None) -> Images:
        """Return a domain's images of the training or the test share, at `load` pixels when read."""

    def split(self, kind: str, test: bool, load: int | None) -> Split:
        """Return the training or the test share; images are brought to `load` pixels when read."""
        if kind not in self.kinds:
            named = f"{self.name}:{','.join(self.shown)}"
            raise DataError(f"{named} serves {', '.join(self.kinds)} batches, not {kind} ones")
        domains = self.domains if kind == "domains" else self.shown
        columns = {domain: self.images(domain, test, load) for domain in domains}
        groups: tuple[dict[str, Column], ...]
        if kind == "domains":
            numbers = np.repeat(np.arange(len(domains)), [len(column) for column in columns.values()])
            groups = ({"image": reduce(JoinedImages, columns.values()), "domain": numbers.astype(np.int64)},)
        elif kind == "layout":
            drawn, image = columns.values()
            groups = ({"image": image, "layout": label_maps(drawn, self.palettes[self.shown[0]])},)
        elif kind == "images":
            groups = ({"image": columns[self.shown[-1]]},)
        else:
            first, second = columns.values()
            groups = ({"source": first, "target": second},) if kind == "paired" else ({"a": first}, {"b": second})
        return Split(tuple(Group(group) for group in groups))


def named_domains(name: str, argument: str | None, domains: Sequence[str], default: str) -> list[str]:
    """Return the one or two domains that follow a data set's name, `default` where the argument is None.

    Raises UsageError where they name none of the domains, one twice, or more than two.
    """
    shown = [domain.strip() for domain in (argument or default).split(",")]
    if len(shown) > 2 or len(set(shown)) < len(shown) or not set(shown) <= set(domains):
        raise UsageError(
            f"data {name}:{argument}: name one or two of the domains {', '.join(domains)}, such as "
            f"{name}:{','.join(domains[:2])}"
        )
    return shown
