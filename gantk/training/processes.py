"""Several processes on torch.distributed, started by torchrun."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from gantk.documents import quoted, shortened
from gantk.errors import GantkError, UsageError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class World:
    """This process among the others: `rank` of `size`."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and speaks to the user."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over the processes, in one all-reduce for each dtype."""
        if self.size == 1:
            return
        for dtype in {tensor.dtype for tensor in tensors}:
            same = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = torch.cat([tensor.reshape(-1) for tensor in same])
            torch.distributed.all_reduce(flat)
            flat /= self.size
            start = 0
            for tensor in same:
                tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
                start += tensor.numel()

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of a value over the processes."""
        value = value.clone()
        self.average([value])
        return value

    def share(self, module: nn.Module) -> None:
        """Give every process the first one's parameters and buffers."""
        if self.size > 1:
            with torch.no_grad():
                for tensor in module.state_dict().values():
                    torch.distributed.broadcast(tensor, src=0)

    def agree(self, flag: bool, device: torch.device) -> bool:
        """Return whether the flag is set in any process."""
        if self.size == 1:
            return flag
        votes = torch.tensor(float(flag), device=device)
        torch.distributed.all_reduce(votes)
        return bool(votes > 0)

    def tell(self, decide: Callable[[], Answer]) -> Answer:
        """Return what the first process decides, in every process; where it raises GantkError, the others end too."""
        if self.size == 1:
            return decide()
        told: list[Any] = [None, None]
        refusal: GantkError | None = None
        if self.leads:
            try:
                told = [decide(), None]
            except GantkError as error:
                refusal, told = error, [None, error.exit_code]
        torch.distributed.broadcast_object_list(told, src=0)
        if refusal is not None:
            raise refusal
        if told[1] is not None:
            raise SystemExit(told[1])
        answer: Answer = told[0]
        return answer

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.size > 1:
            torch.distributed.barrier()


def is_started_by_torchrun() -> bool:
    """Return whether torchrun's agent looks after this process, and relays the signals that it gets."""
    return "TORCHELASTIC_RUN_ID" in os.environ


@contextmanager
def joined_world(device: torch.device) -> Iterator[World]:
    """Join the processes that torchrun started; alone without it.

    Raises UsageError where the environment speaks of several, but does not say how they find each other.
    """
    if _stated("WORLD_SIZE", 1) == 1:
        yield World()
        return
    if lacking := [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if not os.environ.get(name)]:
        raise UsageError(
            f"the environment says WORLD_SIZE={os.environ['WORLD_SIZE']}, but no {' and no '.join(lacking)}: "
            "start several processes by torchrun, or take WORLD_SIZE out of the environment to train in one"
        )
    _stated("MASTER_PORT", 1)
    if _stated("RANK", 0) >= _stated("WORLD_SIZE", 1):
        raise UsageError(f"RANK is {os.environ['RANK']}, beyond the {os.environ['WORLD_SIZE']} of WORLD_SIZE")
    try:
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    except (ValueError, RuntimeError) as error:
        raise GantkError(f"the processes cannot join each other: {shortened(error)}") from error
    try:
        yield World(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()


def _stated(name: str, least: int) -> int:
    """Return a number in the environment, or the least one where there is none. Raises UsageError."""
    said = os.environ.get(name) or str(least)
    if not (said.isascii() and said.isdecimal() and least <= int(said) < 2**16):
        raise UsageError(f"the environment says {name}={quoted(said)}: a number is needed there, as torchrun sets it")
    return int(said)
