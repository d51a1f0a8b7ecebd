"""The tensors of an exported graph, as its card describes them."""

from typing import Literal

from gantk.data.infos import ImageInfo
from gantk.errors import GantkError, Unsupported
from gantk.recipe.graph import Graph
from gantk.recipe.ports import Category, Latent, Vector
from gantk.runtime.card import Numbers, Port
from gantk.runtime.random import stream_of
from gantk.training.trained import Trained

Io = Literal["uint8", "float"]
Ports = tuple[Port | Numbers, ...]

_COLOURS = {1: "grey", 3: "RGB", 4: "RGBA"}


def ports(graph: Graph, trained: Trained, io: Io) -> tuple[Ports, Ports]:
    """Return the descriptions of a graph's inputs and outputs: an image is called `image`, or `output`.

    Raises GantkError where two tensors would bear one name.
    """
    inputs = tuple(_described(thing, "image", trained, io) for thing in graph.inputs)
    outputs = tuple(_described(thing, "output", trained, io) for thing in graph.outputs)
    names = [each.name for each in (*inputs, *outputs)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise GantkError(f"two of its tensors are called {twice[0]!r}; give them names of their own")
    return inputs, outputs


def _described(thing: str | Latent | Category | Vector, name: str, trained: Trained, io: Io) -> Port | Numbers:
    if not isinstance(thing, str):
        return numbers(thing, trained.classes)
    return port(name, thing, trained.images[thing], io)


def port(name: str, key: str, info: ImageInfo, io: Io) -> Port:
    """Return the card's description of an image, which batches have under `key`."""
    if info.palette is not None:
        raise Unsupported(
            f"a graph that takes or gives the label map {key!r} cannot be exported: let it take an image, and look "
            "values up inside"
        )
    low, high = info.window
    window = (float(low), float(high))
    return Port(
        name=name,
        key=key,
        layout="NCHW" if io == "float" else "NHWC",
        dtype="float32" if io == "float" else info.dtype,
        channels=info.channels,
        colour=_COLOURS.get(info.channels, ""),
        range=(-1.0, 1.0) if io == "float" else window,
        pixel=info.dtype,
        window=window,
    )


def numbers(thing: Latent | Category | Vector, classes: tuple[str, ...]) -> Numbers:
    """Return the card's description of a vector or a category; a `label` without names has the data's."""
    if isinstance(thing, Latent):
        return Numbers(
            name=thing.name,
            kind="latent",
            length=thing.length,
            distribution=thing.distribution,
            stream=stream_of(thing.name),
        )
    if isinstance(thing, Category):
        named = thing.name == "label" and len(classes) == thing.count
        return Numbers(
            name=thing.name,
            kind="category",
            layout="N",
            dtype="int64",
            stream=stream_of(thing.name),
            categories=thing.count,
            names=thing.names or (classes if named else ()),
        )
    if thing.length is None:
        return Numbers(name=thing.name, kind="vector", layout="N")
    return Numbers(name=thing.name, kind="vector", length=thing.length)
