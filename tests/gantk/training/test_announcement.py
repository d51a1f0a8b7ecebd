"""The lines with which a training begins and ends."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from gantk import Player
from gantk.data.batches import Crops
from gantk.data.dataset import Split
from gantk.data.infos import Contents
from gantk.errors import DataError, GantkError
from gantk.plan.assemble import OpenedData
from gantk.plan.course import Course
from gantk.recipe.stage import WHOLE
from gantk.training.announcement import announced, said_at_end, stopped_by


@pytest.fixture
def training():
    """Return what is announced of a training of 1,000 steps."""
    recipe = nn.Linear(10, 100)
    recipe.networks = lambda: {"generator": recipe}
    dataset = SimpleNamespace(summary="mine: 9 images", quick=lambda kind: {})
    resolved = SimpleNamespace(
        dataset=dataset,
        config=SimpleNamespace(scale=None, set={}),
        kind="images",
        settings=SimpleNamespace(critic_steps=5, sides=(64, 64), batch_size=4, accumulate=1),
    )
    return SimpleNamespace(
        autocast=torch.bfloat16,
        data=OpenedData(split=Split(()), crops=Crops(size=64), contents=Contents({})),
        recipe=recipe,
        total=1000,
        start=0,
        world=SimpleNamespace(size=2),
        resolved=resolved,
        course=Course(resolved, WHOLE, 1000),
        turns=1,
        movers={
            name: SimpleNamespace(player=Player(recipe, critic=name != "generator")) for name in ("generator", "critic")
        },
        device="cpu",
        run=SimpleNamespace(path=Path("runs/mine")),
    )


def test_a_training_is_announced_in_one_line(training):
    assert list(announced(training, 1000.0)) == [
        "cpu x 2 processes, bf16 · mine: 9 images · 64 px, batch 8 · 1 network, 1.1 k parameters · 1000 steps, about "
        "17 min · runs/mine"
    ]
    training.total = 1
    assert "1 step, about 1 s" in next(announced(training, 1.0))
    training.total, training.turns = 1000, 5
    assert "1000 steps (in each, generator moves once, critic 5 times), about 17 min" in next(
        announced(training, 1000.0)
    )
    training.start = 400
    assert "from step 400 to 1000 (in each, generator moves once, critic 5 times), about 10 min" in next(
        announced(training, 600.0)
    )


@pytest.mark.parametrize(
    ("called", "offered"),
    [
        (["train", "--data", "my images", "--out=x"], "gantk train --data 'my images' --scale quick"),
        (["train", "--scale", "paper", "--out", "x", "--size", "9"], "gantk train --scale quick"),
        (["train", "--steps=9", "--batch-size", "4", "--seed", "9"], "gantk train --seed 9 --scale quick"),
        (
            ["train", "-s", "epochs=9", "--set=size=9", "-sgenerator.filters=9", "-s", "pool=9", "--set", "steps=9"],
            "gantk train -s pool=9 --scale quick",
        ),
        (["train", "-s", "generator.blocks=9"], "gantk train -s generator.blocks=9 --scale quick"),
    ],
)
def test_where_it_takes_over_an_hour_the_quick_scale_is_offered_as_a_command(training, monkeypatch, called, offered):
    monkeypatch.setattr(sys, "argv", ["/somewhere/gantk", *called])
    assert list(announced(training, 3700.0))[1:] == [f"to see in minutes whether it works: {offered}"]
    assert len(list(announced(training, 3500.0))) == 1
    training.resolved.config.scale = "quick"
    assert len(list(announced(training, 3700.0))) == 1


def test_what_a_configuration_file_says_of_the_quick_scale_is_said_anew(training, monkeypatch):
    training.resolved.config.set = {"steps": 10**6, "size": 512, "pool": 9}
    monkeypatch.setattr(sys, "argv", ["gantk", "train", "--config", "mine.yaml", "--steps", "9"])
    offered = "gantk train --config mine.yaml -s size=32 -s steps=600 --scale quick"
    assert list(announced(training, 3700.0))[1:] == [f"to see in minutes whether it works: {offered}"]


def test_of_another_program_no_command_is_made_up(training, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mine.py", "--data", "x"])
    assert len(list(announced(training, 3700.0))) == 1


def test_what_comes_next_can_be_pasted():
    run = Path("my run")
    assert list(said_at_end(run, 0, 10, 5.0, stopped=True)) == [
        "stopped after step 10 (2.00 steps/s); go on with: gantk train --resume 'my run'"
    ]
    assert next(said_at_end(run, 4, 5, 5.0, stopped=False)).startswith("trained 1 step in 5 s (0.20 steps/s)")
    assert list(said_at_end(run, 0, 10, 5.0, stopped=False)) == [
        "trained 10 steps in 5 s (2.00 steps/s)",
        f"see it:      {Path.cwd().as_uri()}/my%20run/index.html",
        "measure it:  gantk evaluate 'my run'",
        "ship it:     gantk export 'my run'",
        "show it:     gantk report 'my run'",
    ]


def test_a_command_to_measure_is_not_given_where_nothing_is_held_out():
    lines = list(said_at_end(Path("run"), 0, 10, 5.0, stopped=False, measured=False))
    assert [line.partition(":")[0] for line in lines[1:]] == ["see it", "ship it", "show it"]


def test_what_stopped_a_run_says_how_it_goes_on():
    lost = stopped_by(DataError("a process was ended"), Path("run"), "go on with X")
    assert (type(lost), str(lost)) == (DataError, "the run stopped: a process was ended; go on with X")
    full = stopped_by(OSError(28, "No space left on device"), Path("run"), "go on with X")
    assert (type(full), str(full)) == (GantkError, "the run stopped: No space left on device: run; go on with X")
