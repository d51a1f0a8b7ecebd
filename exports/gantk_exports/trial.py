"""A graph's network run before it is exported: what it gives is held against what the graph says."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gantk.errors import GantkError, blamed_line, one_line
from gantk.recipe.graph import Task
from gantk.runtime.card import Numbers, Port
from gantk_exports.geometry import Geometry, geometry
from gantk_exports.ports import Ports
from gantk_exports.samples import samples, shape
from gantk_exports.wrapper import several

_BATCHES = (1, 3)


def sizes(
    network: nn.Module, task: Task, inputs: Ports, outputs: Ports, size: int | None
) -> tuple[Geometry | None, int | None]:
    """Return the geometry of a network that takes images of any size, or the one H = W in pixels of its images.

    A network that translates takes any size unless `size` is stated; one that generates is run to find the size; for
    any other `size` must be stated. `inputs` and `outputs` describe what the network takes and gives, images as float
    (N, C, H, W). Raises GantkError where it cannot be run, gives something else, is made for one batch size, or leaves
    its size open.
    """
    image = next((port for port in inputs if isinstance(port, Port)), None)
    if image is not None and task == "translate" and size is None:
        found = geometry(network, image.channels)
        check_shapes(network, inputs, outputs, found.minimum, found.minimum + found.multiple)
        return found, None
    if image is not None and size is None:
        raise GantkError("only a graph that translates takes images of any size; state the size of this Graph")
    size = size or _generated(network, inputs)
    check_shapes(network, inputs, outputs, size, size)
    return None, size


def _generated(network: nn.Module, inputs: Ports) -> int:
    """Return the height of the image that comes of no image."""
    answer = _run(network, inputs, 1, 0, 0)[0]
    if answer.ndim != 4:
        raise GantkError(f"its network gives {tuple(answer.shape)} and no image")
    return answer.shape[2]


def check_shapes(
    network: nn.Module, inputs: Ports, outputs: Ports, height: int, width: int, batches: Sequence[int] = _BATCHES
) -> None:
    """Run a network on images of one size. Raises GantkError where it cannot be, or gives something else."""
    for batch in batches:
        answers = _run(network, inputs, batch, height, width)
        if len(answers) != len(outputs):
            raise GantkError(f"its network gives {len(answers)} outputs, not {_names(outputs)}")
        for answer, port in zip(answers, outputs, strict=True):
            expected = shape(port, batch, height, width)
            if tuple(answer.shape) != expected or answer.dtype != torch.float32:
                given = f"{tuple(answer.shape)} {str(answer.dtype).removeprefix('torch.')}"
                raise GantkError(f"its network gives {port.name} as {given}, not as {expected} float32")


def _run(network: nn.Module, inputs: Ports, batch: int, height: int, width: int) -> tuple[Tensor, ...]:
    values = samples(inputs, batch, height, width)
    try:
        with torch.no_grad():
            return several(network(*map(torch.from_numpy, values)))
    except Exception as error:
        shapes = ", ".join("x".join(str(length) for length in value.shape) for value in values)
        raise GantkError(f"its network cannot be run on {shapes}: {blamed_line(error)}{one_line(error)}") from error


def _names(ports: tuple[Port | Numbers, ...]) -> str:
    return f"{len(ports)} ({', '.join(port.name for port in ports)})"
