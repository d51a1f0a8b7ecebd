"""A network that comes to its answer in many alike steps: a sampler."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn

from gantk.errors import PluginError, UsageError, written_at

State = Tensor | tuple[Tensor, ...]
"""What goes from step to step: a tensor (N, ...), or several; their shapes and types stay."""

Watch = Callable[[int, tuple[Tensor, ...], tuple[Tensor, ...], tuple[Tensor, ...]], None]
"""Is told of a step: its number, the state before it and behind it, and what the sampler was given."""

DOMAIN, ENTER, LEAVE = "gantk", "Enter", "Leave"
"""The operators that mark in an exported graph where a step begins and ends."""

MOST_STEPS = 2**20

_MOST = ContextVar("most steps", default=MOST_STEPS)
"""How many steps a sampler takes at most here."""

_EXPORTED = ContextVar("as exported", default=False)
"""Whether a step is held to what an exported one can do."""


class _Index(Tensor):
    """The index of a step, of which Python may not ask the value: an exported step knows none.

    Numbers that follow from it alone are like it; tensors that do are plain ones.
    """

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, arguments: tuple[Any, ...] = (), named: Mapping[str, Any] | None = None
    ) -> Any:
        """Compute as any tensor does."""
        answer: Any = super().__torch_function__(function, types, arguments, named or {})  # type: ignore[no-untyped-call]
        with torch._C.DisableTorchFunctionSubclass():
            return answer.as_subclass(Tensor) if isinstance(answer, cls) and answer.ndim else answer

    def _asked(self, *_: object) -> Any:
        raise TypeError(
            "advance() asks for the value of its index (by `if`, `int` or the like), which an exported step does not "
            "know: look it up in a buffer, self.x[index], or choose by torch.where"
        )

    __bool__ = __int__ = __float__ = __index__ = item = tolist = _asked


class Iterated(nn.Module, ABC):
    """A network whose answer is made in alike steps, as by a diffusion model, by Langevin dynamics, pixel by pixel.

    `start` makes a state of the inputs, `advance` makes of a state the next, `count` times, and `finish` makes the
    answer of the last. An exported model holds `advance` once, in a loop: what differs from step to step is looked up
    by the step's index, in buffers (`self.betas[index]`) and in inputs (`noise[:, index]`), never asked by an `if`.

    Args:
        count: how many steps there are, or may be asked for: see `steps`.

    Raises UsageError where there is none, or more than 2^20.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        if not 1 <= count <= MOST_STEPS:
            raise UsageError(f"{type(self).__name__} takes from 1 to {MOST_STEPS:,} steps, not {count}")
        self.count = count
        self._watch: Watch | None = None

    def steps(self, *inputs: Tensor) -> Tensor | None:
        """Return how many steps the inputs ask for, an int64 without dimensions from 1 to `count`; None: always all."""
        return None

    @abstractmethod
    def start(self, *inputs: Tensor) -> State:
        """Return the state before the first step."""

    @abstractmethod
    def advance(self, state: Any, index: Tensor, *inputs: Tensor) -> State:
        """Return the state after the step `index`, an int64 without dimensions in [0, count)."""

    def finish(self, state: Any, *inputs: Tensor) -> State:
        """Return the answer: the last state, if nothing else is said."""
        answer: State = state
        return answer

    def forward(self, *inputs: Tensor) -> State:
        """Return the answer to the inputs. Raises PluginError where a step gives another state than it takes."""
        state, asked = self.start(*inputs), self.steps(*inputs)
        if torch.compiler.is_exporting():
            return self.finish(self._marked(state, asked, inputs), *inputs)
        numbers = torch.arange(self.count, device=_tensors(self, "start", state)[0].device)
        if _EXPORTED.get():
            numbers = numbers.as_subclass(_Index)
        taken = self.count if asked is None else self._taken(asked)
        for number in range(min(taken, _MOST.get())):
            before, state = state, self.advance(state, numbers[number], *inputs)
            self._check(before, state)
            if self._watch is not None:
                self._watch(number, _tensors(self, "advance", before), _tensors(self, "advance", state), inputs)
        return self.finish(state, *inputs)

    def _taken(self, asked: Tensor) -> int:
        if asked.ndim or asked.dtype != torch.int64 or not 1 <= int(asked) <= self.count:
            raise PluginError(
                f"{written_at(self.steps)}steps() gives {_shown((asked,))}{'' if asked.ndim else f', {asked.item()}'}: "
                f"an int64 without dimensions from 1 to {self.count} is needed"
            )
        return int(asked)

    def _marked(self, state: State, asked: Tensor | None, inputs: tuple[Tensor, ...]) -> State:
        """Return the state after one step, at whose beginning and end an exported graph has a mark each.

        The first is given how many steps were asked for, or 0 where always all are taken, and gives the index.
        """
        values = _tensors(self, "start", state)
        number = torch.zeros((), dtype=torch.int64) if asked is None else asked
        index, *entered = _mark(ENTER, (number, *values), self.count if asked is None else 0)
        answer = self.advance(_alike(entered, state), index, *inputs)
        return _alike(_mark(LEAVE, _tensors(self, "advance", answer)), state)

    def _check(self, before: State, after: State) -> None:
        old, new = _tensors(self, "start", before), _tensors(self, "advance", after)
        if [(one.shape, one.dtype) for one in old] != [(one.shape, one.dtype) for one in new]:
            raise PluginError(
                f"{written_at(self.advance)}advance() makes a state of {_shown(new)} of one of {_shown(old)}: its "
                "shapes and types stay"
            )


@contextmanager
def shortened(*, exported: bool = False) -> Iterator[None]:
    """Let every sampler take one step alone as long as the context lasts: all shapes show in it.

    `exported`: one that an export could hold, or TypeError says why it cannot.
    """
    most, held = _MOST.set(1), _EXPORTED.set(exported)
    try:
        yield
    finally:
        _MOST.reset(most)
        _EXPORTED.reset(held)


@contextmanager
def watched(sampler: Iterated, watch: Watch) -> Iterator[None]:
    """Tell `watch` of each step that a sampler takes as long as the context lasts."""
    sampler._watch = watch
    try:
        yield
    finally:
        sampler._watch = None


def samplers_in(module: nn.Module) -> list[Iterated]:
    """Return the samplers that a module is made of."""
    return [part for part in module.modules() if isinstance(part, Iterated)]


def state_of(values: tuple[Tensor, ...]) -> State:
    """Return the tensors of a state as `advance` takes them: one alone, or a tuple."""
    return values if len(values) > 1 else values[0]


def _tensors(sampler: Iterated, method: str, state: object) -> tuple[Tensor, ...]:
    values = state if isinstance(state, tuple) else (state,)
    if not values or not all(isinstance(value, Tensor) and value.ndim for value in values):
        kinds = ", ".join(type(value).__name__ for value in values)
        raise PluginError(
            f"{written_at(getattr(sampler, method))}{method}() gives {kinds or 'nothing'}: a tensor (N, ...), or a "
            "tuple of them, is needed"
        )
    return values


def _alike(values: list[Tensor], state: State) -> State:
    return tuple(values) if isinstance(state, tuple) else values[0]


def _mark(kind: str, values: tuple[Tensor, ...], count: int = 0) -> list[Tensor]:
    # One mark for all: an exporter drops what no answer is made of, such as an index, or what later steps alone read.
    marked = torch.onnx.ops.symbolic_multi_out(
        f"{DOMAIN}::{kind}",
        values,
        {"count": count},
        dtypes=[value.dtype for value in values],
        shapes=[value.shape for value in values],
        version=1,
    )
    return list(marked)


def _shown(state: tuple[Tensor, ...]) -> str:
    return ", ".join(f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}" for value in state)
