"""The trial of a recipe's graphs before it is trained: can they be exported?"""

from collections.abc import Iterator, Mapping

import torch

from gantk.data.infos import ImageInfo
from gantk.errors import GantkError, PluginError, Unsupported, written_at
from gantk.plan.protocol import graphs_of
from gantk.plan.tensors import Ports, known_ports
from gantk.plan.trial import check_answers, run, sides_of
from gantk.recipe.graph import Graph
from gantk.recipe.recipe import Recipe
from gantk.runtime.scale import scaled
from gantk.sizes import Sides

_BATCH = 2

_SMALL = 32
"""Pixels of the smallest images on which a graph is tried that takes any: so a large network takes little time."""


def check_exportable(
    recipe: Recipe, images: Mapping[str, ImageInfo], classes: tuple[str, ...], sides: Sides
) -> list[str]:
    """Run each graph of a recipe in inference form, which is trained on images of height and width `sides`.

    Return notes on those that cannot be exported although they do as they say. Raises PluginError, with the line of the
    author's file, where one cannot be run, or gives something else than it says. Random numbers of the training are not
    touched.
    """
    notes = []
    with torch.random.fork_rng():
        for name, graph in graphs_of(recipe, images).items():
            try:
                _check(graph, *known_ports(graph, images, classes), sides)
            except Unsupported as reason:
                notes.append(f"note: graph {name}: {reason}")
            except GantkError as error:
                raise PluginError(f"{written_at(recipe.graphs)}graph {name}: {error}") from error
    return notes


def _check(graph: Graph, inputs: Ports, outputs: Ports, trained: Sides) -> None:
    """Raise the last problem of a graph that runs at no size at which it may."""
    problem: GantkError | None = None
    for sides in _sides(graph, trained):
        try:
            answers = run(graph.network, inputs, _BATCH, sides)
            if not graph.images and graph.sides is None:
                sides = sides_of(answers[0])
            check_answers(answers, outputs, _BATCH, (scaled(sides[0], graph.scale), scaled(sides[1], graph.scale)))
            return
        except GantkError as error:
            problem = error
    if problem is not None:
        raise problem


def _sides(graph: Graph, trained: Sides) -> Iterator[tuple[int, int]]:
    """Yield the heights and widths that are tried: the one that is stated, or from small ones to the training's."""
    if graph.sides is not None or not graph.images:
        yield graph.sides or (0, 0)
        return
    network, side = graph.network.module, _SMALL
    multiple = getattr(network, "multiple", None) or 1
    least = max(getattr(network, "minimum", None) or 1, multiple)
    while side < max(trained):
        padded = -(-max(side, least) // multiple) * multiple
        yield padded, padded
        side *= 2
    height, width = (-(-max(side, least) // multiple) * multiple for side in trained)
    yield height, width
