"""Values to try a model with: random pixels, drawn vectors, every category, numbers between their limits; no torch."""

from collections.abc import Sequence

import numpy as np

from gantk.data.dataset import Array
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import draw, stream_of


def shape(port: Port | Numbers, batch: int, height: int, width: int) -> tuple[int, ...]:
    """Return the shape of a model's tensor."""
    if isinstance(port, Numbers):
        return (batch, *port.lengths)
    if port.layout == "NHW":
        return (batch, height, width)
    if port.layout == "NCHW":
        return (batch, port.channels, height, width)
    return (batch, height, width, port.channels)


def samples(ports: Sequence[Port | Numbers], batch: int, height: int, width: int) -> tuple[Array, ...]:
    """Return a tensor for each input.

    Random pixels over its range, random classes (one-hot to a network itself), vectors of its distribution, categories
    in turn, numbers from least to largest, texts of one random word and more.
    """
    return tuple(_sample(port, batch, height, width) for port in ports)


def _sample(port: Port | Numbers, batch: int, height: int, width: int) -> Array:
    if isinstance(port, Port):
        low, high = port.range
        # Two images of a graph must not be one.
        seed = [height * width + batch, *([] if port.name == "image" else [stream_of(port.name)])]
        random = np.random.default_rng(seed)
        if port.palette is not None:
            ids = random.integers(0, len(port.palette), (batch, height, width))
            one_hot = port.layout == "NCHW"
            values = np.eye(len(port.palette))[ids] if one_hot else ids[..., None]
            return port.to_tensor(values.astype(port.dtype))
        values = random.uniform(low, high, (batch, height, width, port.channels))
        return port.to_tensor(values.astype(port.dtype))
    if port.kind == "category":
        return np.arange(batch, dtype=port.dtype) % port.categories
    if port.kind == "caption":
        random = np.random.default_rng([batch, stream_of(port.name)])
        tokens = random.integers(1, len(port.words) + 1, (batch, port.length), dtype=port.dtype)
        lengths = 1 + np.arange(batch) % port.length
        return np.where(np.arange(port.length) < lengths[:, None], tokens, 0).astype(port.dtype)
    if port.kind == "scalar":
        middle = port.default or 0.0
        low = middle - 1 if port.low is None else port.low
        high = max(low, middle) + 1 if port.high is None else port.high
        return np.linspace(low, high, batch, dtype=port.dtype)
    return draw(port.name, port.distribution or "normal", batch, port.length, seed=batch).reshape(batch, *port.lengths)
