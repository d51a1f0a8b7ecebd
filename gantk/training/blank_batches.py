"""Batches of black images, for what a recipe makes from the shape of its data where the data is not opened."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from gantk.data.infos import ImageInfo
from gantk.data.kinds import KINDS, NUMBERS, kind_called


class BlankBatches(Iterator[dict[str, Any]]):
    """Black images of the right shape, for what a recipe makes from the shape of its data.

    Besides, a batch has what any kind of the core holds, and the kind that is named.
    """

    def __init__(self, images: Mapping[str, ImageInfo], sides: tuple[int, int], kind: str = "") -> None:
        self.batch: dict[str, Any] = {
            key: torch.full((1, info.channels, *(side // info.shrink for side in sides)), -1.0)
            for key, info in images.items()
        }
        maps = {key: (1, *sides) for key, info in images.items() if info.palette}
        self.batch |= {key: torch.zeros(shape, dtype=torch.int64) for key, shape in maps.items()}
        known = (*KINDS.values(), kind_called(kind))
        self.batch |= {key: torch.zeros(1, dtype=torch.int64) for each in known for key in each.keys(*NUMBERS)}
        self.batch |= {key: [""] for each in known for key in each.keys("texts")}

    def __next__(self) -> dict[str, Any]:
        return dict(self.batch)

    def of(self, kind: str) -> "BlankBatches":
        """Return the same for every kind."""
        return self
