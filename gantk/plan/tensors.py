"""The tensors of a graph, as a model's card describes them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from gantk.data.infos import ImageInfo
from gantk.data.words import RULE
from gantk.errors import Unsupported
from gantk.recipe.graph import Graph
from gantk.recipe.ports import Caption, Category, Latent, Scalar, Vector
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.random import stream_of

Io = Literal["uint8", "float"]
Ports = tuple[Port | Numbers, ...]

_COLOURS = {1: "grey", 3: "RGB", 4: "RGBA"}


def ports(graph: Graph, images: Mapping[str, ImageInfo], classes: tuple[str, ...], io: Io) -> tuple[Ports, Ports]:
    """Return the descriptions of a graph's inputs and outputs.

    `images` are those of the batches by key, `classes` the names of the data's labels.
    """
    return _ports(graph, images, classes, lambda name, key: port(name, key, images[key], io))


def known_ports(graph: Graph, images: Mapping[str, ImageInfo], classes: tuple[str, ...]) -> tuple[Ports, Ports]:
    """Return what the graph's network itself takes and gives: images as float (N, C, H, W), label maps by classes."""
    return _ports(graph, images, classes, lambda name, key: _known(name, key, images[key]))


def _ports(
    graph: Graph, images: Mapping[str, ImageInfo], classes: tuple[str, ...], port_of: Callable[[str, str], Port]
) -> tuple[Ports, Ports]:
    if graph.task == "generate" and any(isinstance(each, str) and images[each].palette for each in graph.outputs):
        raise Unsupported("a label map comes out of a graph that translates alone")
    inputs, outputs = (
        tuple(
            port_of(name, str(thing)) if isinstance(thing, str) else numbers(thing, classes)
            for name, thing in zip(names, things, strict=True)
        )
        for names, things in ((graph.input_names, graph.inputs), (graph.output_names, graph.outputs))
    )
    return inputs, outputs


def port(name: str, key: str, info: ImageInfo, io: Io) -> Port:
    """Return the card's description of an image or a label map, which batches have under `key`.

    A label map is its ids, whatever `io` is: one byte a pixel where there are no more than 256 classes, as in its file.
    """
    low, high = info.window
    if info.palette is not None:
        return Port(
            name=name,
            kind="labels",
            key=key,
            layout="NHW",
            dtype=(dtype := "uint8" if len(info.palette) <= 256 else "uint16"),
            channels=1,
            range=(float(low), float(high)),
            pixel=dtype,
            window=(float(low), float(high)),
            palette=info.palette,
        )
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


def _known(name: str, key: str, info: ImageInfo) -> Port:
    """Return an image as its network knows it, or a label map as one-hot numbers or scores of its classes."""
    if info.palette is None:
        return port(name, key, info, "float")
    ids = port(name, key, info, "uint8")
    return replace(ids, layout="NCHW", dtype="float32", channels=len(info.palette))


def numbers(thing: Latent | Category | Scalar | Caption | Vector, classes: tuple[str, ...]) -> Numbers:
    """Return the card's description of what is no image; a category `label` without names has the data's."""
    if isinstance(thing, Latent):
        return Numbers(
            name=thing.name,
            kind="latent",
            layout="N..." if thing.shape else "NC",
            length=thing.length,
            shape=thing.shape,
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
            default=thing.default,
        )
    if isinstance(thing, Caption):
        return Numbers(
            name=thing.name, kind="caption", dtype="int64", length=thing.length, words=thing.words, rule=RULE
        )
    if isinstance(thing, Scalar):
        return Numbers(
            name=thing.name, kind="scalar", layout="N", default=thing.default, low=thing.low, high=thing.high
        )
    if thing.length is None:
        return Numbers(name=thing.name, kind="vector", layout="N")
    return Numbers(name=thing.name, kind="vector", length=thing.length)
