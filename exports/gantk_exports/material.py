"""Inputs for a model from the data that its run was trained on: images, or the numbers that a seed stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gantk.data.dataset import Array
from gantk.engine.subject import OpenSubject
from gantk.engine.target import Request, open_target
from gantk.errors import UsageError
from gantk.runtime.card import Card, Port
from gantk.runtime.generation import drawn

Inputs = tuple[Array, ...]


def material(run: Path, card: Card, count: int, *, test: bool, data: Sequence[str] = ()) -> list[Inputs]:
    """Return up to `count` single inputs of a model: held-out images or training ones, or samples of seed 0 or 1.

    Images are spread evenly over their share, at the size of the run. Raises UsageError where there are none.
    """
    if not any(isinstance(port, Port) for port in card.inputs):
        numbers = drawn(card, count, seed=0 if test else 1)
        columns = [numbers[port.name] for port in card.inputs]
        return [tuple(column[row : row + 1] for column in columns) for row in range(count)]
    opened = open_target(Request(target=run, data=data, device="cpu"))
    port = card.image_in
    subject = OpenSubject(
        functions={}, dataset=opened.dataset, size=opened.size, channels={port.key: port.channels}, device=opened.device
    )
    if not subject.count(port.key, test=test):
        raise UsageError(f"{opened.dataset.name} has no {'held-out' if test else 'training'} images")
    images = subject.images(port.key, test=test, rows=count).numpy().transpose(0, 2, 3, 1)
    # The images are in [-1, 1]: as if those were the values in the files.
    tensors = replace(port, dtype="float32", pixel="float32", window=(-1.0, 1.0)).from_pixels(images)
    if port.dtype != "float32":
        tensors = np.rint(tensors).astype(port.dtype)
    return [(port.to_tensor(tensor[None]),) for tensor in tensors]
