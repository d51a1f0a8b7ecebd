"""Processes that load images: the memory that they share, the signals that reach them, their loss."""

import os
import shutil
import signal
from collections import namedtuple
from multiprocessing import active_children

import numpy as np
import pytest
import torch

from gantk.data import workers
from gantk.data.stream import BatchStream
from gantk.errors import DataError

Usage = namedtuple("Usage", "total used free")


class Ones:
    """Samples of ones; the batch from `bad` on cannot be read."""

    def __init__(self, bad=10**9):
        self.bad = bad

    def batch(self, positions):
        if positions[-1] >= self.bad:
            raise DataError("tree.png vanished")
        return {"image": np.ones((len(positions), 4, 4, 3), np.uint8), "name": ["x"] * len(positions)}


def stream(samples, count):
    return BatchStream(samples, {"image": (0, 255)}, torch.device("cpu"), lambda: 2, workers=count)


def test_a_batch_says_how_many_bytes_it_took():
    batches = stream(Ones(), 0)
    next(batches)
    assert batches.batch_bytes == 2 * 4 * 4 * 3


def test_too_little_shared_memory_is_found_before_the_first_step(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(64 * 2**20, 0, 64 * 2**20))
    workers.check_room(2**20, 4)
    workers.check_room(2**40, 0)
    with pytest.raises(DataError, match=r"\(64 MB free\), is too small, and the batches that 4 .* take 72 MB: say"):
        workers.check_room(8 * 2**20, 4)


def test_a_batch_that_shared_memory_does_not_take_is_an_error_not_a_loss(monkeypatch):
    def refuse(_tensor):
        raise RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)")

    monkeypatch.setattr(torch.Tensor, "share_memory_", refuse)
    with pytest.raises(DataError, match=r"is too small: say --workers 0, or give a container more \(.*--shm-size=1g\)"):
        workers.share({"image": torch.ones(1), "name": ["x"]})


def test_an_error_of_another_process_arrives_as_it_was_and_a_killed_one_is_named():
    others = active_children()
    batches = stream(Ones(bad=10), 1)
    next(batches)
    (child,) = [process for process in active_children() if process not in others]
    # None of these reaches what loads: the training needs it to finish its step.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        os.kill(child.pid, number)
    assert os.getpgid(child.pid) != os.getpgid(0)
    assert signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL
    for _ in range(4):
        next(batches)
    assert failure(batches) == "tree.png vanished"
    os.kill(child.pid, signal.SIGKILL)
    # What was loaded ahead comes first.
    said = next(text for text in (failure(batches) for _ in range(9)) if "vanished" not in text)
    assert "ended from outside, most often since memory ran out: say fewer --workers" in said


def failure(batches):
    with pytest.raises(DataError) as caught:
        next(batches)
    return str(caught.value)


def test_other_errors_are_no_lost_process():
    assert workers.lost(RuntimeError("CUDA error")) is None
