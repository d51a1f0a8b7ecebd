"""What the doctor of a training says: of trainings that are made to fail, and nothing of healthy ones."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gantk.training.doctor import losses
from gantk.training.doctor.detector import Detector, Finding
from gantk.training.doctor.doctor import Doctor
from support.commands import invoke

TINY = [
    "--size", "16", "--device", "cpu", "--precision", "fp32", "--batch-size", "4", "-s", "generator.filters=4", "-s",
    "discriminator.filters=4", "--log-every", "1",
]  # fmt: skip
PAIRS = ["--plugin", "pix2pix", *TINY, "-s", "generator.depth=3", "-s", "discriminator.layers=1"]
NOISE = ["--plugin", "dcgan", "--data", "emoji", *TINY]


def warned(run: Path) -> list[tuple[str, str]]:
    path = run / "warnings.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [(one["name"], one["of"]) for one in found]


@pytest.fixture
def hasty(monkeypatch):
    """Fewer logs than usual make a fault."""
    monkeypatch.setattr(losses, "LAST", 5)


def test_a_generator_that_cannot_answer_is_seen_by_its_discriminator(tmp_path, hasty):
    # It moves a thousandth as fast, and the discriminator learns undisturbed.
    rates = ["-s", "player_rates={generator: 1e-8, discriminator: 3e-2}", "--normalization", "discriminator=none"]
    said = invoke("train", *NOISE, "--steps", 40, *rates, "--out", tmp_path / "run")
    assert ("the discriminator is too sure", "discriminator") in warned(tmp_path / "run")
    assert said.count("the discriminator is too sure: ") == 1
    assert "Try r1=1 or more" in said
    shown = json.loads((tmp_path / "run" / "page.js").read_text()[5:-2])["warnings"]
    assert any("the discriminator is too sure" in text for text in shown)
    # A run that goes on says nothing twice.
    assert "too sure: " not in invoke("train", "--resume", tmp_path / "run", "--steps", 60)


def test_a_training_that_runs_away_is_seen(tmp_path, hasty):
    settings = ["-s", "learning_rate=30", "-s", "optimizer=sgd", "-s", "betas=0,0.9", "--normalization", "none"]
    said = invoke("train", *PAIRS, "--loss", "lsgan", "--steps", 40, *settings, "--out", tmp_path / "run", status=1)
    assert "became NaN or infinite" in said or "a loss runs away" in said


def test_a_healthy_training_is_told_nothing_and_its_weights_are_those_without_a_doctor(tmp_path, hasty):
    for name, said in (("with", "--doctor"), ("without", "--no-doctor")):
        out = invoke("train", *PAIRS, "--steps", 24, "--preview-every", 6, said, "--out", tmp_path / name)
        assert "warning" not in out
        assert "the doctor" not in out
    assert warned(tmp_path / "with") == []
    one, other = (
        load_file(tmp_path / name / "checkpoints" / "000024" / "generator.safetensors") for name in ("with", "without")
    )
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


class Training:
    """As much of a training as the doctor looks at."""

    def __init__(self, run):
        self.run, self.start, self.total = run, 0, 10
        self.movers = {}
        self.recipe = torch.nn.Module()
        self.batches = type("Batches", (), {"waited": 0.0, "workers": 0})()
        self.device = torch.device("cpu")


class Failing(Detector):
    def logged(self, seen):
        yield Finding("a fault", "someone", "evidence", "rest")
        raise ValueError("a bug")


class Working(Detector):
    def logged(self, seen):
        yield Finding("another", f"of step {seen.step}", "evidence", "rest")


def test_a_detector_that_fails_is_named_once_and_the_others_go_on(tmp_path):
    from gantk.runs.run import Run

    doctor = Doctor(Training(Run(tmp_path)), [Failing(), Working()])
    assert doctor.logged(1, {}) == [
        "note: the doctor no longer looks for failing: ValueError: a bug",
        "warning: step 1: another: evidence. Try rest",
    ]
    assert doctor.logged(2, {}) == ["warning: step 2: another: evidence. Try rest"]
    assert warned(tmp_path) == [("another", "of step 1"), ("another", "of step 2")]
