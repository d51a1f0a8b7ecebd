"""Ctrl-C where something runs that cannot be interrupted."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gantk.cli.interrupts import answered_interrupts

WORK = """
import click, threading, time
from gantk.cli.main import Commands
from gantk.runtime.session import interruptible

@click.command()
def work():
    def operator():
        print("running", flush=True)
        time.sleep(60)
    interruptible(operator)

commands = Commands("gantk")
commands.add_command(work)
commands.get_command = lambda context, name: work
commands.entries = {"work": []}
commands.main(["work"])
"""
"""A command that runs what does not end when it is told to, as a large operator of a model."""


@pytest.fixture
def running(tmp_path: Path) -> subprocess.Popen[str]:
    """The command, at its work."""
    (tmp_path / "work.py").write_text(WORK)
    command = [sys.executable, str(tmp_path / "work.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "running\n"
        yield process
        process.kill()


def test_the_first_says_what_is_waited_for_and_the_second_ends(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGINT)
    assert running.stderr
    assert running.stderr.readline() == (
        "stopping: what runs now cannot be interrupted and is waited for; Ctrl-C again ends at once\n"
    )
    began = time.monotonic()
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=20) == 130
    assert time.monotonic() - began < 10


def test_what_ends_soon_is_not_spoken_of(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), answered_interrupts():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert capsys.readouterr() == ("", "")


def test_a_handler_that_is_in_place_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with answered_interrupts():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, mine)
