"""A graph's network, run once: what it gives is held against what the graph says."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gantk.errors import GantkError, blamed_line, one_line
from gantk.parts.iterated import shortened
from gantk.plan.tensors import Ports
from gantk.runtime.ports import Numbers, Port
from gantk.runtime.samples import samples, shape
from gantk.runtime.scale import scaled

BATCHES = (1, 3)


def several(answer: object) -> tuple[Tensor, ...]:
    """Return what a network gave as a tuple of its outputs."""
    return tuple(answer) if isinstance(answer, tuple | list) else (answer,)  # type: ignore[return-value]


def check_shapes(
    network: nn.Module,
    inputs: Ports,
    outputs: Ports,
    sides: tuple[int, int],
    *,
    scale: float = 1,
    batches: Sequence[int] = BATCHES,
) -> None:
    """Run a network on images (N, C, *sides), which come out `scale` times as large.

    `inputs` and `outputs` describe what it takes and gives, images as float (N, C, H, W). Raises GantkError where it
    cannot be run, or gives something else.
    """
    larger = scaled(sides[0], scale), scaled(sides[1], scale)
    for batch in batches:
        check_answers(run(network, inputs, batch, sides), outputs, batch, larger)


def check_answers(answers: Sequence[Tensor], outputs: Ports, batch: int, sides: tuple[int, int]) -> None:
    """Raise GantkError where what a network gave for so many samples are not these outputs, images (N, C, *sides)."""
    if len(answers) != len(outputs):
        raise GantkError(f"its network gives {len(answers)} outputs, not {_names(outputs)}")
    for answer, port in zip(answers, outputs, strict=True):
        expected = shape(port, batch, *sides)
        if not isinstance(answer, Tensor) or tuple(answer.shape) != expected or answer.dtype != torch.float32:
            raise GantkError(f"its network gives {port.name} as {_given(answer)}, not as {expected} float32")


def run(network: nn.Module, inputs: Ports, batch: int, sides: tuple[int, int]) -> tuple[Tensor, ...]:
    """Return what a network gives for values to try it with, on its own device. Raises GantkError where it fails."""
    values = samples(inputs, batch, *sides)
    device = next((weight.device for weight in network.parameters()), torch.device("cpu"))
    try:
        with torch.no_grad(), shortened(exported=True):
            return several(network(*(torch.from_numpy(value).to(device) for value in values)))
    except Exception as error:
        shapes = ", ".join("x".join(str(length) for length in value.shape) for value in values)
        raise GantkError(f"its network cannot be run on {shapes}: {blamed_line(error)}{one_line(error)}") from error


def sides_of(answer: Tensor) -> tuple[int, int]:
    """Return height and width of the image that a network gave. Raises GantkError where it gave none."""
    if not isinstance(answer, Tensor) or answer.ndim != 4:
        raise GantkError(f"its network gives {_given(answer)} and no image")
    return answer.shape[2], answer.shape[3]


def _given(answer: object) -> str:
    if not isinstance(answer, Tensor):
        return f"a {type(answer).__name__}"
    return f"{tuple(answer.shape)} {str(answer.dtype).removeprefix('torch.')}"


def _names(ports: tuple[Port | Numbers, ...]) -> str:
    return f"{len(ports)} ({', '.join(port.name for port in ports)})"
