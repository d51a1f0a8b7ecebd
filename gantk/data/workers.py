"""Processes that load images: what signals reach them, what memory they share, and what to say when one is lost."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from torch import Tensor

from gantk.errors import DataError

AHEAD = 2
"""Batches that each process loads ahead."""

SHARED = Path("/dev/shm")  # noqa: S108 (where Linux keeps memory that processes share)

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")


def ending_signals() -> set[signal.Signals]:
    """Return the signals that ask a training to end.

    Ctrl-C; a scheduler's end; a terminal that was closed; Slurm's warning of a time limit. Windows lacks the last two.
    """
    return {signal.Signals[name] for name in _ENDING if name in signal.Signals.__members__}


@contextmanager
def kept_apart() -> Iterator[None]:
    """While entered, processes are started that no ending signal reaches: the training needs them to finish its step.

    A signal that comes meanwhile is delivered afterwards. `settle` completes this in the new process.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending_signals())
    # Python's own helper is not to be ended either; starting it unblocks some signals here.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, ending_signals())
    child = signal.getsignal(signal.SIGCHLD)
    try:
        yield
    finally:
        # Torch's handler raises wherever the training happens to be; the stream notices a lost process by itself.
        if signal.getsignal(signal.SIGCHLD) is not child:
            signal.signal(signal.SIGCHLD, child)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def settle(_number: int) -> None:
    """Leave the training's process group, which `timeout` and others signal as a whole; the parent ends this one."""
    if not hasattr(signal, "pthread_sigmask"):
        return
    os.setpgid(0, 0)
    if signal.SIGTERM in signal.sigpending():
        signal.sigwait({signal.SIGTERM})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def share(batch: dict[str, Any]) -> None:
    """Move a batch's tensors to the memory that processes share. Raises DataError where it has no room.

    The queue between the processes would do so as well, and lose the batch without a word where it cannot.
    """
    try:
        for value in batch.values():
            if isinstance(value, Tensor):
                value.share_memory_()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise DataError(f"{_little_room()}: {_what_to_do()}") from error


def check_room(batch_bytes: int, workers: int) -> None:
    """Raise DataError where the batches that so many processes load ahead do not fit into shared memory."""
    wanted = batch_bytes * (AHEAD * workers + 1)
    if workers and SHARED.is_dir() and shutil.disk_usage(SHARED).free < wanted:
        raise DataError(
            f"{_little_room()}, and the batches that {workers} processes load ahead take {_megabytes(wanted)}: "
            f"{_what_to_do()}"
        )


def lost(error: RuntimeError) -> DataError | None:
    """Return what to say where torch's error means that a process which loads images is gone, else None."""
    if "DataLoader worker" not in str(error):
        return None
    return DataError(
        "a process that loads images was ended from outside, most often since memory ran out: "
        "say fewer --workers (0: none), or a smaller --batch-size"
    )


def _little_room() -> str:
    free = f" ({_megabytes(shutil.disk_usage(SHARED).free)} free)" if SHARED.is_dir() else ""
    return f"the memory that processes share, {SHARED}{free}, is too small"


def _what_to_do() -> str:
    return "say --workers 0, or give a container more (docker run --shm-size=1g)"


def _megabytes(count: int) -> str:
    return f"{count / 2**20:.0f} MB"
