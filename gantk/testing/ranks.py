"""The check of a training in two processes, which must ask for the same at the same time."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gantk.testing.checked import CheckedPlugin
from gantk.testing.report import Failure, Skip
from gantk.testing.runs import apart, config, training
from gantk.testing.stages import steps_of
from gantk.testing.worker import forked
from gantk.training.processes import World
from gantk.training.training import Training

STEPS = 2

_PATIENCE = timedelta(seconds=60)
_TOGETHER = "leave moves to the engine, and decide by `yield self.everywhere(value)` what depends on data"


def processes(checked: CheckedPlugin) -> str:
    """Train two steps in two processes that average gradients, and compare their moves and their weights."""
    if not hasattr(os, "fork"):
        raise Skip("this system cannot fork processes")
    config(checked)
    for old in checked.folder.glob("rank*"):
        old.unlink()
    answers = forked([partial(_as_rank, checked, rank) for rank in range(2)], seconds=2 * _PATIENCE.total_seconds())
    if answers[0] == answers[1] != "done":
        raise Failure(str(answers[0]))
    # One that died is why the other complains.
    for rank, answer in sorted(enumerate(answers), key=lambda one: isinstance(one[1], str)):
        if answer != "done":
            raise Failure(f"process {rank} of 2: {answer['died'] if isinstance(answer, dict) else answer}")
    first, second = (load_file(checked.folder / f"rank{rank}.safetensors") for rank in range(2))
    for name, value in first.items():
        if not torch.equal(value, second[name]):
            raise Failure(
                f"{name.replace('.module.', '.')} {apart(value, second[name])} between two processes: {_TOGETHER}"
            )
    return f"{len(first)} parameters are equal"


@dataclass(frozen=True)
class Compared(World):
    """A process that says what it is about to average: torch would abort where another averages something else.

    Attributes:
        watched: the training, once it is ready.
    """

    watched: list[Training] = field(default_factory=list)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Average as ever, if both processes have come to the same. Raises Failure in both if not."""
        self.meet(self._asked(tensors))
        super().average(tensors)

    def meet(self, asked: Sequence[str]) -> None:
        """Raise Failure where the other process asks for something else: first what, then the details."""
        answers: list[list[str]] = [[]] * self.size
        torch.distributed.all_gather_object(answers, list(asked))
        for one, two in zip(*answers, strict=False):
            if one != two:
                raise Failure(f"the processes part ways: process 0 {one}, and process 1 {two}: {_TOGETHER}")

    def _asked(self, tensors: Sequence[Tensor]) -> list[str]:
        """Return "moves generator at step 1", then each gradient; or the mean that is asked for."""
        done = self.watched[0]
        step = f"at step {done.context.progress.step + 1}"
        names = {parameter: name.replace(".module.", ".") for name, parameter in done.recipe.named_parameters()}
        averaged = {id(tensor) for tensor in tensors}
        owners = {parameter: name for name, mover in done.movers.items() for parameter in mover.parameters}
        moved = {parameter: owner for parameter, owner in owners.items() if id(parameter.grad) in averaged}
        if not tensors:
            return [f"averages nothing {step}"]
        if not moved:
            return [f"asks for a mean of shape {tuple(tensors[0].shape)} {step}"]
        players = ", ".join(dict.fromkeys(moved.values()))
        return [
            f"moves {players} {step}",
            *(
                f"has {'a' if parameter in moved else 'no'} gradient of {names[parameter]} when it moves {owner} {step}"
                for parameter, owner in owners.items()
            ),
        ]


def _as_rank(checked: CheckedPlugin, rank: int) -> str:
    """Train as one of two processes; return "done", or what went wrong."""
    if platform.system() == "Linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    meeting = (checked.folder / "ranks").as_uri()
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2, timeout=_PATIENCE)
    try:
        world = Compared(rank, 2)
        done = training(checked, checked.folder / "processes", world=world)
        world.watched.append(done)
        for step in steps_of(done, STEPS):
            done.step(step)
        world.meet([f"is done after step {step + 1}"])
    except Exception as error:
        return str(error)
    weights = {name: value.detach().contiguous().clone() for name, value in done.recipe.named_parameters()}
    save_file(weights, checked.folder / f"rank{rank}.safetensors")
    return "done"
