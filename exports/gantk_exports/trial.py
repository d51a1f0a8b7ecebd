"""The sizes at which a graph's network runs, found before it is exported."""

from torch import nn

from gantk.plan.tensors import Ports
from gantk.plan.trial import check_shapes, run, sides_of
from gantk.recipe.graph import Graph
from gantk_exports.geometry import Geometry, geometry


def sizes(
    network: nn.Module, graph: Graph, inputs: Ports, outputs: Ports
) -> tuple[Geometry | None, tuple[int, int] | None]:
    """Return the geometry of a network that takes images of any size, or the one (H, W) in pixels of its images.

    A network that translates takes any size unless the graph states one; one that generates is run to find the size.
    `inputs` and `outputs` describe what the network takes and gives, images as float (N, C, H, W). Raises GantkError
    where it cannot be run, gives something else, or is made for one batch size.
    """
    if graph.images and graph.sides is None:
        found = geometry(network, inputs, graph.scale)
        check_shapes(network, inputs, outputs, (found.minimum, found.minimum + found.multiple), scale=graph.scale)
        return found, None
    sides = graph.sides or sides_of(run(network, inputs, 1, (0, 0))[0])
    check_shapes(network, inputs, outputs, sides, scale=graph.scale)
    return None, sides
