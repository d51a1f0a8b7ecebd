"""What a graph says of itself, held against what an exported model can be."""

from collections.abc import Collection
from typing import Any

from gantk.recipe.graph import Graph
from gantk.recipe.ports import Caption, Category, Latent, Scalar, Vector
from gantk.runtime.card import Task, fits
from gantk.runtime.scale import LARGEST_SCALE, is_scale

_LARGEST = 8192

_TAKES: dict[Task, str] = {
    "translate": "an image, or several, and gives one image",
    "generate": "no image, and gives one",
    "encode": "an image, or several, and gives vectors",
    "score": "an image, or several, and gives one vector",
}

_INPUTS = (Latent, Category, Scalar, Caption)

RESERVED = ("tile", "exact", "seed", "images", "batch_size", "count", "start", "truncation")
"""What a model's methods in Python call something else than an input."""


def contradiction(graph: Graph, images: Collection[str]) -> str:
    """Return what of a graph cannot be, in words that follow its name, or nothing; `images` are the batches' keys."""
    return (
        _of_sides(graph.inputs, _INPUTS, "inputs", "a gantk.Latent, Category, Scalar or Caption", images)
        or _of_sides(graph.outputs, (Vector,), "outputs", "a gantk.Vector", images)
        or _of_task(graph)
        or _of_names(graph)
        or _of_sizes(graph)
    )


def _of_sides(things: Any, kinds: tuple[type, ...], side: str, others: str, images: Collection[str]) -> str:
    if isinstance(things, str):
        return f"{side} is the text {things!r}: write ({things!r},)"
    for thing in things:
        if isinstance(thing, str) and thing not in images:
            return f"the data has no images {str(thing)!r}, only {', '.join(images)}"
        if not isinstance(thing, (str, *kinds)):
            return f"{side} has a {type(thing).__name__}: the batch key of an image, or {others}, is needed"
    return ""


def _of_task(graph: Graph) -> str:
    if graph.task not in _TAKES:
        return f"no task is called {graph.task!r}, only {', '.join(_TAKES)}"
    takes, gives = ([isinstance(thing, str) for thing in things] for things in (graph.inputs, graph.outputs))
    return "" if fits(graph.task, takes, gives) else f"a graph that {graph.task}s takes {_TAKES[graph.task]}"


def _of_names(graph: Graph) -> str:
    names = [*graph.input_names, *graph.output_names]
    if twice := next((name for name in names if names.count(name) > 1), None):
        example = f", such as Image({twice!r}, name='style')" if twice in graph.images else ""
        return f"two of its tensors are called {twice!r}; give them names of their own{example}"
    if taken := next((name for name in graph.input_names if name in RESERVED), None):
        return f"an input is called {taken!r}, which means something else where a model is used; choose another name"
    first = next(
        (name for name, thing in zip(graph.input_names, graph.inputs, strict=True) if thing in graph.images), ""
    )
    if "image" in graph.input_names and first != "image":
        return "'image' is what its first image is called: put that image first, or choose another name"
    return ""


def _of_sizes(graph: Graph) -> str:
    size, sides = graph.size, graph.sides
    if sides is not None and not (len(sides) == 2 and all(1 <= side <= _LARGEST for side in sides)):
        return f"its size is {size!r}: a number of pixels, or (height, width), from 1 to {_LARGEST}, is needed"
    if graph.images and sides is None and graph.task != "translate":
        return "only a graph that translates takes images of any size; state the size of this Graph"
    if graph.scale == 1:
        return ""
    if graph.task != "translate":
        return f"its scale is {graph.scale!r}, and only a graph that translates has one"
    if not isinstance(graph.scale, int | float) or graph.scale <= 0 or not is_scale(graph.scale):
        return f"its scale is {graph.scale!r}: a whole number up to {LARGEST_SCALE} is needed, or 1 divided by one"
    return ""
