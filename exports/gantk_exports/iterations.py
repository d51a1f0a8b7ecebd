"""How far each step of an exported sampler is from torch's, from torch's own state.

Steps follow from one another, and some of them blow up what differs: fifty of an untrained network part two equal
programs by 50 levels. So each step is compared alone, in both from the state that torch has reached.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from gantk.data.dataset import Array
from gantk.parts.iterated import Iterated, state_of, watched
from gantk.plan.trial import several
from gantk.runtime.model import Model
from gantk.runtime.session import PROCESSOR, Session
from gantk_exports.loops import INDEX, LOOP, STEPS, step_by_step

Tensors = tuple[Tensor, ...]

NUDGE = 1e-5
"""How far numbers are moved to see whether a step decides between values right there."""


class Steps:
    """An exported sampler, run step by step beside the torch module that it was exported from.

    Args:
        model: the exported model.
        module: the torch module.
        sampler: the sampler in it.
    """

    def __init__(self, model: Model, module: nn.Module, sampler: Iterated) -> None:
        proto, self._count = step_by_step(onnx.load(model.path))
        self._session = Session(proto.SerializeToString(), [PROCESSOR], model.threads)
        self._module, self._sampler = module, sampler
        self._names = [port.name for port in model.card.inputs]
        self._outputs = [port.name for port in model.card.outputs]

    def compared(self, values: Sequence[Array]) -> tuple[float, list[tuple[Array, Array]]]:
        """Return the largest difference of a state, and each output from torch's last state beside torch's.

        A state's difference is relative: divided by the largest magnitude in torch's, or 1 where that is less.
        """
        worst = [0.0]
        last: list[list[Array]] = []

        def watch(number: int, before: Tensors, after: Tensors, inputs: Tensors) -> None:
            if number == 0:
                begun = self._run(values, [_array(tensor) for tensor in before], 0, 0, "start")
                worst.append(_difference(begun, before))
            found = self._run(values, [_array(tensor) for tensor in before], number, 1, "end")
            differs = _difference(found, after)
            if differs > NUDGE:
                differs = _difference(found, after, self._margins(number, before, after, inputs))
            worst.append(differs)
            last[:] = [[_array(tensor) for tensor in after]]

        with torch.no_grad(), watched(self._sampler, watch):
            expected = several(self._module(*map(torch.from_numpy, values)))
        answers = self._run(values, last[0], 0, 0, "")
        return float(np.max(worst)), list(zip(answers, map(_array, expected), strict=True))

    def _run(self, values: Sequence[Array], state: Sequence[Array], index: int, steps: int, what: str) -> list[Array]:
        """Return the states of that name, or the outputs, of so many steps from an index and a state on."""
        given = dict(zip(self._names, values, strict=True))
        given |= {f"{LOOP}.given.{place}": tensor for place, tensor in enumerate(state)}
        given |= {INDEX: np.array(index), STEPS: np.array(steps)}
        outputs = [f"{LOOP}.{what}.{place}" for place in range(self._count)] if what else self._outputs
        return self._session.run(outputs, given)

    def _margins(self, number: int, before: Tensors, after: Tensors, inputs: Tensors) -> list[Tensor]:
        """Return how far torch's own step goes where what it is given is moved by next to nothing.

        That is far where a step decides between values, as one that draws a pixel's level does, and was at the border.
        """
        index = torch.tensor(number)
        margins = [torch.zeros(tensor.shape) for tensor in after]
        for sign in (-1, 1):
            moved = [[_moved(tensor, sign * NUDGE) for tensor in tensors] for tensors in (before, inputs)]
            states = several(self._sampler.advance(state_of(tuple(moved[0])), index, *moved[1]))
            margins = [
                torch.maximum(margin, (state - tensor).abs())
                for margin, state, tensor in zip(margins, states, after, strict=True)
            ]
        return margins


def _moved(tensor: Tensor, by: float) -> Tensor:
    return tensor + by if tensor.is_floating_point() else tensor


def _array(tensor: Tensor) -> Array:
    array: Array = tensor.numpy()
    return array


def _difference(found: Sequence[Array], expected: Sequence[Tensor], margins: Sequence[Tensor] | None = None) -> float:
    """Return the largest relative difference of tensors, less its margin."""
    worst = 0.0
    for place, (one, other) in enumerate(zip(found, expected, strict=True)):
        if one.shape != tuple(other.shape):
            return float("inf")
        apart = np.abs(one.astype(np.float64) - _array(other))
        if margins is not None:
            apart = np.maximum(apart - _array(margins[place]), 0)
        value = float(apart.max()) / max(1.0, float(other.abs().max()))
        # The larger of a number and NaN is whichever came first.
        worst = value if not value <= worst else worst
    return worst
