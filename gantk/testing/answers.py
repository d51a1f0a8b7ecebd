"""What a network gives for inputs, and what is required of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gantk.errors import blamed_line, one_line
from gantk.parts.networks import Network
from gantk.parts.specs import GeneratorSpec
from gantk.testing.cases import Case
from gantk.testing.report import Failure


def run(case: Case, network: Network, inputs: dict[str, Tensor]) -> Any:
    """Return what a network gives, as it gives it. Raises Failure, the line of the plugin and the shapes."""
    try:
        return network(*inputs.values())
    except Exception as error:
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in inputs.items())
        raise Failure(f"{case.title}: fails on {shapes}: {blamed_line(error)}{one_line(error)}") from error


def answered(case: Case, network: Network, inputs: dict[str, Tensor], seed: int = 0) -> list[Tensor]:
    """Return what a network gives, without gradients, its noise drawn from a seed."""
    torch.manual_seed(seed)
    with torch.no_grad():
        return tensors(run(case, network, inputs))


def perturbed(network: Network) -> Network:
    """Move all weights a little: gates that begin at zero open, so that what lies behind them shows."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return network


def tensors(answer: Any) -> list[Tensor]:
    """Return the tensors of an answer, which may be one or several."""
    return list(answer) if isinstance(answer, list | tuple) else [answer]


def equal(ones: list[Tensor], others: list[Tensor]) -> bool:
    """Return whether two answers are equal bit for bit."""
    return all(torch.equal(one, other) for one, other in zip(ones, others, strict=True))


def check_answer(case: Case, network: Network, inputs: dict[str, Tensor], where: str) -> None:
    """Require finite numbers of the shape that the spec asks for. Raises Failure."""
    count = len(next(iter(inputs.values())))
    try:
        with torch.no_grad():
            answer = tensors(network(*inputs.values()))
    except ValueError as error:
        # Batch norm refuses a single value in training mode, and says so; that is known of it.
        if count == 1 and network.training and "more than 1 value per channel" in str(error):
            return
        raise Failure(f"{where}: {blamed_line(error)}{one_line(error)}") from error
    except Exception as error:
        raise Failure(f"{where}: {blamed_line(error)}{one_line(error)}") from error
    for tensor in answer:
        if not tensor.isfinite().all():
            raise Failure(f"{where}: gives {int((~tensor.isfinite()).sum())} numbers that are NaN or infinite")
        if expected := wrong_shape(case, tensor, count):
            raise Failure(f"{where}: gives a tensor of {tuple(tensor.shape)}; {expected} is needed")


def check_range(case: Case) -> None:
    """Require images in [-1, 1], be the weights as they begin or up to 64 times as large. Raises Failure."""
    network, inputs = perturbed(case.network()).eval(), case.inputs(4)
    for factor in (1, 4, 16, 64):
        # Weights so large may make numbers infinite, which is no fault: only those that a network begins with must not.
        images = answered(case, network, inputs)[0].nan_to_num(0.0, 0.0, 0.0)
        if (largest := float(images.abs().max())) > 1 + 1e-4:
            grown = f", its weights {factor} times as large" if factor > 1 else ""
            raise Failure(
                f"{case.title}: gives values up to {largest:.3g}{grown}: images are in [-1, 1]; end it by nn.Tanh()"
            )
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(4)


def wrong_shape(case: Case, tensor: Tensor, count: int) -> str:
    """Return the shape that is needed, where a tensor has another."""
    spec = case.spec
    if isinstance(spec, GeneratorSpec):
        needed = (count, spec.outputs, *(spec.scale * side for side in spec.sides))
        return "" if tuple(tensor.shape) == needed else str(needed)
    if spec.output == "energies":
        return "" if tuple(tensor.shape) == (count,) else f"an energy for each image, ({count},),"
    return "" if tensor.shape[:1] == (count,) else f"a row of scores for each image, ({count}, ...),"
