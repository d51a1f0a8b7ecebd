"""Signals that ask a training to end."""

import os
import signal
from contextlib import ExitStack

import pytest

from gantk.data.workers import ending_signals
from gantk.runs.config import Config
from gantk.training.interrupts import Interrupts, undone_by_signals
from gantk.training.launch import launch


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_the_first_signal_is_noted_and_told(number):
    before = signal.getsignal(number)
    heard = []
    with Interrupts(heard.append) as interrupts:
        os.kill(os.getpid(), number)
        # A closed terminal hangs up twice, and a scheduler's warning is followed by its end.
        for again in (signal.SIGHUP, signal.SIGTERM):
            os.kill(os.getpid(), again)
    assert interrupts.received == number
    assert heard == [number]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_before_the_first_step_a_signal_undoes_what_has_begun(number):
    def undone():
        os.kill(os.getpid(), number)
        undoing.append("the rest")

    def begin():
        with undone_by_signals(), ExitStack() as begun:
            begun.callback(undone)
            os.kill(os.getpid(), number)

    undoing = []
    with pytest.raises(SystemExit) as ended:
        begin()
    assert (ended.value.code, undoing) == (128 + number, ["the rest"])
    assert signal.getsignal(number) is signal.SIG_DFL
    with pytest.raises(KeyboardInterrupt), undone_by_signals():
        raise KeyboardInterrupt


def test_a_start_that_is_ended_leaves_no_folder(tmp_path):
    there = []

    def begin(doing):
        if doing == "building the networks":
            there.append((tmp_path / "run").is_dir())
            os.kill(os.getpid(), signal.SIGTERM)

    said = {"plugins": ["gan"], "data": ["points:ring"], "set": {"generator.units": 8}}
    with pytest.raises(SystemExit) as ended:
        launch(Config(**said), tmp_path / "run", print, begin)
    assert (ended.value.code, there, list(tmp_path.iterdir())) == (143, [True], [])


def test_a_second_ctrl_c_ends_at_once():
    with Interrupts(lambda number: None):
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("relayed", [False, True])
def test_under_nohup_a_closed_terminal_ends_nothing_but_what_torchrun_relays_does(relayed):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts(lambda number: None, relayed=relayed) as interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
        assert (interrupts.received == signal.SIGHUP) == relayed
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_where_a_system_lacks_signals_the_others_are_heard(monkeypatch):
    members = {name: signal.Signals[name] for name in ("SIGINT", "SIGTERM")}
    monkeypatch.setattr(signal, "Signals", type("Few", (), {"__members__": members, "__class_getitem__": members.get}))
    assert ending_signals() == {signal.SIGINT, signal.SIGTERM}
