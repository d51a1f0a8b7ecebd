"""Values to try a model with: random pixels, drawn vectors, every category; no torch."""

from collections.abc import Sequence

import numpy as np

from gantk.data.dataset import Array
from gantk.runtime.card import Numbers, Port
from gantk.runtime.random import draw


def shape(port: Port | Numbers, batch: int, height: int, width: int) -> tuple[int, ...]:
    """Return the shape of a model's tensor."""
    if isinstance(port, Numbers):
        return (batch,) if port.layout == "N" else (batch, port.length)
    if port.layout == "NCHW":
        return (batch, port.channels, height, width)
    return (batch, height, width, port.channels)


def samples(ports: Sequence[Port | Numbers], batch: int, height: int, width: int) -> tuple[Array, ...]:
    """Return a tensor for each input: random pixels over its range, vectors of its distribution, categories in turn."""
    return tuple(_sample(port, batch, height, width) for port in ports)


def _sample(port: Port | Numbers, batch: int, height: int, width: int) -> Array:
    if isinstance(port, Port):
        low, high = port.range
        values = np.random.default_rng(height * width + batch).uniform(low, high, (batch, height, width, port.channels))
        return port.to_tensor(values.astype(port.dtype))
    if port.kind == "category":
        return np.arange(batch, dtype=port.dtype) % port.categories
    return draw(port.name, port.distribution or "normal", batch, port.length, seed=batch)
