"""Inputs for a model from the data that its run was trained on: images, or the numbers that a seed stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from gantk.data.dataset import Array, Dataset
from gantk.data.kinds import poorest, scaled
from gantk.errors import UsageError
from gantk.evaluation.subject import OpenSubject
from gantk.plan.moved import with_data
from gantk.plan.open_data import open_data
from gantk.runs.run import open_run
from gantk.runtime.card import Card
from gantk.runtime.generation import Column, drawn
from gantk.runtime.samples import samples
from gantk.sizes import Sides
from gantk.training.trained import Trained

Inputs = tuple[Array, ...]


def material(trained: Trained, card: Card, count: int, *, test: bool, data: Sequence[str] = ()) -> list[Inputs]:
    """Return up to `count` single inputs of a model: held-out images or training ones, or samples of seed 0 or 1.

    Images are spread evenly over their share, at the size of the run, or the centre of them that a model of one size
    takes; `data` says where they are now, where they have moved. Raises DataError or UsageError where there are none.
    """
    # All of them are in memory at once.
    count = min(count, max(2, card.at_once))
    # A default would be the only value that is measured, and nobody says a caption.
    varied = [port for port in card.numbers_in if port.default is not None or port.kind == "caption"]
    others = replace(card, inputs=tuple(port for port in card.inputs if port not in varied))
    numbers: dict[str, Column] = drawn(others, count, seed=0 if test else 1)
    numbers |= {port.name: value for port, value in zip(varied, samples(varied, count, 0, 0), strict=True)}
    columns: dict[str, Column] = {
        **numbers,
        **(_images(trained, card, count, test=test, data=data) if card.images_in else {}),
    }
    rows = min(len(column) for column in columns.values())
    return [tuple(columns[port.name][row : row + 1] for port in card.inputs) for row in range(rows)]


def _images(trained: Trained, card: Card, count: int, *, test: bool, data: Sequence[str]) -> dict[str, Array]:
    """Return the tensors of a model's images, up to `count` of each."""
    dataset = _opened(trained, data)
    channels = {port.key: port.channels for port in card.images_in if port.palette is None}
    found = {}
    for port in card.images_in:
        # Batches of two sizes hold smaller images than they are read at.
        factor = round(card.scale) if poorest(port.key) == scaled() else 1
        sides = Sides(*(factor * side for side in card.sides)) if card.sides else trained.sides
        subject = OpenSubject(functions={}, dataset=dataset, size=sides.size, channels=channels, scaled=scaled(factor))
        _refuse_none(subject, port.key, test=test)
        taken = subject.images(port.key, test=test, rows=count).numpy()
        images = taken[..., None] if port.palette is not None else taken.transpose(0, 2, 3, 1)
        height, width = card.sides or images.shape[1:3]
        top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
        images = images[:, top : top + height, left : left + width]
        if port.palette is not None:
            found[port.name] = port.to_tensor(images.astype(port.dtype))
            continue
        # The images are in [-1, 1]: as if those were the values in the files.
        tensors = replace(port, dtype="float32", pixel="float32", window=(-1.0, 1.0)).from_pixels(images)
        if port.dtype != "float32":
            tensors = np.rint(tensors).astype(port.dtype)
        found[port.name] = port.to_tensor(tensors)
    return found


def look_for(trained: Trained, keys: Iterable[str], shares: Iterable[bool], data: Sequence[str] = ()) -> None:
    """Raise DataError or UsageError where `material` would find no images of a key, in the held-out share or the other.

    To be asked before an export, which takes minutes until it needs them.
    """
    keys = list(keys)
    if not keys:
        return
    dataset = _opened(trained, data)
    subject = OpenSubject(functions={}, dataset=dataset, size=trained.sides.size, channels={})
    for key, test in product(keys, shares):
        _refuse_none(subject, key, test=test)


def _opened(trained: Trained, data: Sequence[str]) -> Dataset:
    """Return a run's data."""
    return open_data(with_data(open_run(trained.run), trained.config, data))


def _refuse_none(subject: OpenSubject, key: str, *, test: bool) -> None:
    if not subject.count(key, test=test):
        raise UsageError(f"{subject.dataset.name} has no {'held-out' if test else 'training'} images")
