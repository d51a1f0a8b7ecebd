"""Fixed batches of a data set's test share: previews show them, and scores are measured on them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from gantk.data.batches import Crops
from gantk.data.cropping import Cropping
from gantk.data.dataset import Dataset, Split, image_columns
from gantk.data.infos import image_infos, windows_of
from gantk.data.kinds import aligned_keys, kind_called
from gantk.data.samples import read_rows
from gantk.data.stream import KeyedBatch, as_tensors, on_device
from gantk.data.views import open_split
from gantk.errors import DataError, UsageError
from gantk.sizes import Sides

FLAT = 0.02
"""The standard deviation of its values, as a share of their window, below which an image shows nearly nothing."""


def held_out_batch(
    dataset: Dataset, kind: str, crops: Crops, rows: slice | Sequence[int] | int, device: torch.device
) -> dict[str, Any]:
    """Return held-out samples, cut centrally: the rows named, or so many as `held_out_rows` chooses.

    Where the data holds the kind that this one is aligned by, the batch also has `reference`, what its first side
    should become: of unpaired batches, what `a` should. Without a test share the training share serves.
    """
    split, aligned = _test_split(dataset, kind, crops.load)
    if isinstance(rows, int):
        chosen: Sequence[int] = _spread(split, rows)
    else:
        chosen = range(len(split))[rows] if isinstance(rows, slice) else rows
    cut = Cropping(crops.size, random=False, flip=False)
    read: dict[str, Any] = {}
    for group in split.groups:
        # A shorter group starts over.
        read |= read_rows(group, [row % len(group) for row in chosen], cut, [()] * len(chosen))
    batch = on_device(as_tensors(read), windows_of(image_infos(split)), device)
    if not aligned:
        return batch
    first, second = kind_called(kind).sides
    known = aligned_keys()
    sides = {key: batch[known[key]] for key in (first, second)}
    return KeyedBatch(sides | {"reference": sides[second]})


def holds_out(dataset: Dataset, kind: str, load: int | Sides) -> bool:
    """Return whether what was trained on a kind of batches can be held against others of it.

    There must be a test share, and not one picture alone, as nothing is learned of another from that.
    """
    train, test = (open_split(dataset, kind, share, load) for share in (False, True))
    return len(train) > 1 and all(len(group) for group in test.groups)


def held_out_rows(dataset: Dataset, kind: str, crops: Crops, wanted: Sequence[int] | int) -> list[int]:
    """Return the rows of the test share that are wanted, or so many of them.

    They are spread evenly; where one is nearly of one colour, a neighbour that is not takes its place. Raises
    UsageError where there is no such row.
    """
    split, _ = _test_split(dataset, kind, crops.load)
    if isinstance(wanted, int):
        return _spread(split, wanted)
    if missing := [row for row in wanted if row >= len(split)]:
        raise UsageError(
            f"preview_images: there is no held-out image {missing[0]}; {dataset.name} has {len(split)}, counted from 0"
        )
    return list(wanted)


def _spread(split: Split, wanted: int) -> list[int]:
    count = len(split)
    shown = min(wanted, count)
    places = [round(i * (count - 1) / max(shown - 1, 1)) for i in range(shown)]
    bounds = zip([-1, *places], places, [*places[1:], count], strict=False)
    return [
        next((row for row in (*range(place, after), *range(place - 1, before, -1)) if not _is_flat(split, row)), place)
        for before, place, after in bounds
    ]


def _is_flat(split: Split, row: int) -> bool:
    """Return whether an image of a row is nearly of one colour; an image of one pixel is a point, and is not."""
    for group in split.groups:
        for images in image_columns(group.columns).values():
            low, high = images.window
            pixels = images[row % len(group)]
            flat = np.std(pixels, axis=(0, 1), dtype=np.float64).max() < FLAT * (high - low)
            if flat and pixels.shape[:2] != (1, 1):
                return True
    return False


def _test_split(dataset: Dataset, kind: str, load: int | Sides) -> tuple[Split, bool]:
    """Return the test share, and whether it is aligned though batches that are not are trained on."""
    known = kind_called(kind)
    aligned = known.aligned_by in dataset.kinds
    read = known.aligned_by if aligned else kind
    split = open_split(dataset, read, True, load)
    if not all(len(group) for group in split.groups):
        split = open_split(dataset, read, False, load)
    if not all(len(group) for group in split.groups):
        raise DataError(f"{dataset.name} holds no images")
    return split, aligned
