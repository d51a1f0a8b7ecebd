"""Inputs for a model from the data that its run was trained on: images, or the numbers that a seed stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.errors import UsageError
from gantk.evaluation.subject import OpenSubject
from gantk.plan.moved import with_data
from gantk.plan.open_data import open_data
from gantk.runs.run import open_run
from gantk.runtime.card import Card, Port
from gantk.runtime.generation import drawn

Inputs = tuple[Array, ...]


def material(run: Path, card: Card, count: int, *, test: bool, data: Sequence[str] = ()) -> list[Inputs]:
    """Return up to `count` single inputs of a model: held-out images or training ones, or samples of seed 0 or 1.

    Images are spread evenly over their share, at the size of the run, or the centre of them that a model of one size
    takes; `data` says where they are now, where they have moved. Raises DataError or UsageError where there are none.
    """
    if not any(isinstance(port, Port) for port in card.inputs):
        numbers = drawn(card, count, seed=0 if test else 1)
        columns = [numbers[port.name] for port in card.inputs]
        return [tuple(column[row : row + 1] for column in columns) for row in range(count)]
    opened, port = open_run(run), card.image_in
    dataset = open_data(with_data(opened, opened.config, data))
    trained_size = int(opened.config.set["size"])
    height, width = card.sides or (trained_size, trained_size)
    subject = OpenSubject(functions={}, dataset=dataset, size=max(height, width), channels={port.key: port.channels})
    if not subject.count(port.key, test=test):
        raise UsageError(f"{dataset.name} has no {'held-out' if test else 'training'} images")
    images = subject.images(port.key, test=test, rows=count).numpy().transpose(0, 2, 3, 1)
    top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
    images = images[:, top : top + height, left : left + width]
    # The images are in [-1, 1]: as if those were the values in the files.
    tensors = replace(port, dtype="float32", pixel="float32", window=(-1.0, 1.0)).from_pixels(images)
    if port.dtype != "float32":
        tensors = np.rint(tensors).astype(port.dtype)
    return [(port.to_tensor(tensor[None]),) for tensor in tensors]
