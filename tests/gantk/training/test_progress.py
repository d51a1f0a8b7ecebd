"""What a training shows of its progress, at the widths of terminals and without one."""

import io
import signal
from pathlib import Path

import pytest
from rich.console import Console

from gantk.training import phases, progress
from gantk.training.pace import Expected, Pace
from gantk.training.phases import Phases
from gantk.training.progress import TrainingProgress

LOSSES = {f"generator/loss_{number}": 0.123 for number in range(20)}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Return a function that lets time pass, of which alone the progress hears."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])

    def passes(seconds):
        now[0] += seconds

    return passes


def follow(clock, steps, seconds, start=0, total=100, expected=1.0):
    """Show so many steps of so many seconds each; return what shows them."""
    shown = TrainingProgress(start, total, 4, shown=True, expected=Expected((expected,), (total,)))
    with shown:
        for _ in range(steps):
            clock(seconds)
            shown.advance()
            shown.show(LOSSES)
    return shown


@pytest.mark.parametrize("columns", [45, 60, 80, 120, 160])
def test_step_share_pace_and_time_left_show_at_every_width(clock, monkeypatch, columns):
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    shown = follow(clock, 34, 2.0, total=3000)
    shown.stopping(signal.SIGTERM)
    out = Console(file=io.StringIO(), width=columns)
    out.print(shown._lines())
    first, second, third = out.file.getvalue().splitlines()
    assert first.startswith("34/3000 1% ")
    assert "0.5 steps/s" in first
    assert first.rstrip().endswith("1.6 h left")
    # The bar takes what room there is.
    assert (len(first.rstrip()) == columns) == (columns >= 50)
    assert ("images/s" in first) == (columns >= 110)
    assert second.startswith("loss_0 0.123")
    assert len(second) <= columns
    assert third.startswith("stopping after this step")


def test_the_newest_preview_is_named(clock, monkeypatch, capsys):
    shown = follow(clock, 2, 1.0)
    shown.previewed(Path("my run/previews/000002.png"))
    assert capsys.readouterr().err.splitlines()[-1] == "newest preview: 'my run/previews/000002.png'"
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    shown = follow(clock, 2, 1.0)
    for step in (1, 2):
        shown.previewed(Path(f"run/previews/00000{step}.png"))
    out = Console(file=io.StringIO(), width=100)
    out.print(shown._lines())
    assert out.file.getvalue().count("newest preview") == 1
    assert out.file.getvalue().splitlines()[2].rstrip() == "newest preview: run/previews/000002.png"
    # The whole of it, however narrow the terminal is: it is pasted.
    out = Console(file=io.StringIO(), width=30)
    out.print(shown._lines())
    assert "".join(out.file.getvalue().splitlines()[2:]) == "newest preview: run/previews/000002.png"


def test_without_a_terminal_a_line_comes_every_so_often(clock, capsys):
    follow(clock, 100, 4.0)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("note: at the pace of the first steps 6 min are left, not 2 min")
    assert lines[1].startswith("step 3/100 (3%), 0.25 steps/s, 6 min left: loss_0 0.123  loss_1")
    told = [int(line.split("/")[0].removeprefix("step ")) for line in lines[1:]]
    assert told == [3, 10, 20, 30, 40, 50, 60, 70, 80, 90]


def test_slow_steps_are_told_every_minute_and_fast_ones_not_each_tenth(clock, capsys):
    follow(clock, 50, 20.0, total=100000, expected=20.0)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("/")[0] for line in lines] == [f"step {step}" for step in range(1, 50, 3)]
    follow(clock, 100, 0.01)
    assert capsys.readouterr().err == ""


def test_the_first_step_does_not_spoil_the_pace(clock, capsys):
    shown = TrainingProgress(0, 50, 1, shown=True, expected=Expected((1.0,), (50,)))
    with shown:
        clock(300)
        shown.advance()
        for _ in range(20):
            clock(1)
            shown.advance()
    said = capsys.readouterr().err
    assert "step 11/50 (22%), 1 steps/s, 39 s left" not in said.splitlines()[0]
    assert "note" not in said
    assert "1 steps/s" in said


def test_what_does_not_lead_says_nothing(clock, capsys):
    shown = TrainingProgress(0, 50, 1, shown=False, expected=Expected((1.0,), (50,)))
    with shown:
        clock(300)
        shown.advance()
        shown.stopping(signal.SIGINT)
    assert capsys.readouterr().err == ""


def test_names_of_losses_cannot_steer_a_terminal(clock, capsys):
    shown = TrainingProgress(0, 50, 1, shown=True, expected=Expected((1.0,), (50,)))
    shown.show({"g/\x1b[2J": 1.0})
    with shown:
        clock(11)
        shown.advance()
    assert r"\x1b[2J 1" in capsys.readouterr().err


def test_the_pace_is_that_of_the_last_minute():
    pace = Pace(10, 0.0)
    assert pace.at(10, 1.0) is None
    for step in range(11, 101):
        pace.mark(step, 2.0 * (step - 10))
    assert pace.at(100, 180.0) == pytest.approx(0.5)
    for step in range(101, 191):
        pace.mark(step, 180.0 + (step - 100))
    assert pace.at(190, 270.0) == pytest.approx(1.0)


def test_what_comes_but_once_is_left_out_of_the_pace(clock, capsys):
    shown = TrainingProgress(0, 100, 1, shown=True, expected=Expected((1.0,), (100,)))
    with shown:
        for step in range(1, 21):
            clock(1)
            shown.advance()
            if step in (4, 8):
                clock(5)
                shown.leave_out(5)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "step 5/100 (5%), 1 steps/s, 2 min left",
        "step 10/100 (10%), 1 steps/s, 2 min left",
        "step 20/100 (20%), 1 steps/s, 80 s left",
    ]


def test_phases_are_one_line_on_a_terminal_and_a_line_each_elsewhere(monkeypatch, capsys):
    said = []
    with Phases(said.append) as steps:
        steps.begin("importing\ttorch")
        steps.say("note")
    assert (said, capsys.readouterr().err) == (["note"], "importing\\ttorch ...\n")
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    with Phases(said.append) as steps:
        steps.begin("reading very many images")
        steps.say("note")
    assert phases.sys.stderr.getvalue() == "\r\x1b[Kreading very ma ...\r\x1b[K"


def test_of_several_processes_the_first_says_what_is_done(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    with Phases(print) as steps:
        steps.begin("importing torch")
    assert capsys.readouterr().err == ""


def test_the_time_left_knows_that_later_stages_are_slower(clock, capsys):
    shown = TrainingProgress(0, 40, 1, shown=True, expected=Expected((1.0, 2.0), (20, 40)))
    with shown:
        for _ in range(12):
            clock(1.0)
            shown.advance()
    # Twelve steps of a second, and twenty of two.
    assert capsys.readouterr().err.splitlines() == ["step 8/40 (20%), 1 steps/s, 52 s left"]
