"""Scores of a training while it goes on: recorded, the best kept, the training itself untouched."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gantk.runs.best import best_checkpoint
from support.commands import invoke, refusal

TINY = [
    "--plugin", "pix2pix", "--size", "16", "--device", "cpu", "--precision", "fp32", "--batch-size", "2", "-s",
    "generator.filters=4", "-s", "generator.depth=3", "-s", "discriminator.filters=4", "-s", "discriminator.layers=1",
    "--log-every", "2", "-s", "ema={generator: 0.5}",
]  # fmt: skip

METRIC = """
import random
from pathlib import Path

import numpy as np
import torch
from gantk import Metric, Score, Unsupported

SCORES = Path(__file__).with_name("scores")

class Scripted(Metric):
    def __init__(self, *, images: int = 1000, fails: bool = False):
        self.images = images
        self.fails = fails

    def measure(self, subject):
        # It draws wherever it can, and says what the test wrote down, a line a measuring; the first is the rehearsal's.
        torch.rand(5), np.random.rand(5), random.random()
        if self.fails:
            raise Unsupported("needs what there is not")
        values = SCORES.read_text().split()
        SCORES.write_text(" ".join(values[1:]))
        seen = sum(len(piece.made) for piece in subject.translated())
        return [Score(name="scripted", value=float(values[0]), better="lower", protocol="as the test says",
                      details={"seen": seen, "images": self.images, "known": subject.count("source", test=True)})]

@hookimpl
def metric():
    return Scripted
"""


@pytest.fixture
def scripted(plugin_file):
    """Return a function that writes the scores that the metric will say, and returns the metric's path."""
    path = plugin_file("scripted", METRIC)

    def script(*scores: float) -> Path:
        path.with_name("scores").write_text(" ".join(map(str, (0, *scores))))
        return path

    return script


def train(run: Path, *arguments: object) -> str:
    return invoke("train", *TINY, "--out", run, *arguments)


def records(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {
        f"{path.name}/{name}": tensor
        for path in sorted(checkpoint.glob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


def kept(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def test_the_weights_are_those_of_a_training_without(tmp_path, scripted):
    train(tmp_path / "plain", "--steps", "6")
    measured = ["--evaluate-every", "2", "--metric", f"{scripted(3, 2, 1)},l1", "--evaluate-images", "5"]
    train(tmp_path / "measured", "--steps", "6", *measured)
    expected, found = (weights(tmp_path / name / "checkpoints" / "000006") for name in ("plain", "measured"))
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []
    assert any("average" in name for name in found)


def test_scores_are_recorded_as_those_of_evaluate_on_so_many_images(tmp_path, scripted):
    run = tmp_path / "run"
    said = train(run, "--steps", "4", "--evaluate-every", "2", "--metric", "l1", "--metric", scripted(3, 4),
                 "--evaluate-images", "5")  # fmt: skip
    found = records(run)
    assert [(one["metric"], one["step"]) for one in found] == [
        ("l1", 2), ("scripted", 2), ("l1", 4), ("scripted", 4),
    ]  # fmt: skip
    assert found[1]["details"] == {"seen": 5, "images": 5, "known": 5}
    assert found[0]["data"]["counts"] == {"held-out": 5}
    assert f"l1 {found[2]['value']:.4g} at step 4" in said
    assert ", scripted 4 (measured in " in said


def test_the_best_checkpoint_is_kept_and_found(tmp_path, scripted):
    run = tmp_path / "run"
    said = train(run, "--steps", "8", "--evaluate-every", "2", "--metric", scripted(3, 1, 2, 2.5), "--keep", "1")
    assert "scripted 2.5 at step 8, best 1 at step 4 (measured in " in said
    assert kept(run) == ["000004", "000008"]
    assert best_checkpoint(run).step == 4
    assert "step 4, the best by scripted: 1" in invoke("export", run, "--step", "best", "--out", tmp_path / "out")


def test_patience_ends_a_training_that_gets_no_better_and_more_of_it_goes_on(tmp_path, scripted):
    run, metric = tmp_path / "run", scripted(3, 2, 2, 5, 5)
    said = train(run, "--steps", "20", "--evaluate-every", "2", "--metric", metric, "--patience", "2")
    assert "ended after step 8: of 2 evaluations none was better than scripted 2 at step 4" in said
    assert kept(run)[-1] == "000008"
    assert "trained" in (run / "page.js").read_text()
    scripted(4, 1, 9)
    said = invoke("train", "--resume", run, "--patience", "4", "--steps", "12")
    assert "scripted 1 at step 12, the best so far" in said
    assert "ended after" not in said


def test_a_checkpoint_that_a_kill_left_unmeasured_is_measured_first(tmp_path, scripted):
    run, metric = tmp_path / "run", scripted(3, 2)
    train(run, "--steps", "4", "--evaluate-every", "2", "--metric", metric)
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text(lines[0])
    scripted(7, 8)
    invoke("train", "--resume", run, "--steps", "6")
    assert [(one["step"], one["value"]) for one in records(run)] == [(2, 3.0), (4, 7.0), (6, 8.0)]


def test_a_metric_that_fails_later_is_named_and_stops_nothing(tmp_path, scripted):
    run = tmp_path / "run"
    said = train(run, "--steps", "4", "--evaluate-every", "2", "--metric", f"{scripted(3)},l1")
    assert "warning: step 4 is not measured by scripted: metric scripted failed" in said
    assert [(one["metric"], one["step"]) for one in records(run)] == [("scripted", 2), ("l1", 2), ("l1", 4)]
    assert "step 4 has no scripted, l1 " in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--metric", "l1"], "asks for metrics or patience without evaluate_every"),
        (["--patience", "3"], "asks for metrics or patience without evaluate_every"),
        (["--evaluate-every", "2", "--metric", "l2"], "no metric is called l2; of "),
        (["--evaluate-every", "2", "--metric", "one-nn"], "--metric one-nn cannot measure this training: it needs a"),
        (["--evaluate-every", "2", "--metric", "l1", "-s", "l1.bordr=2"], "no option is called l1.bordr; did you mean"),
    ],
)
def test_what_cannot_be_measured_is_said_before_step_1(tmp_path, arguments, message):
    assert message in refusal("train", *TINY, "--steps", "2", "--out", tmp_path / "run", *arguments, status=2)
    assert not (tmp_path / "run").exists()


def test_with_all_images_and_the_same_options_it_is_what_evaluate_measures(tmp_path):
    run = tmp_path / "run"
    train(run, "--steps", "2", "--evaluate-every", "2", "--metric", "l1", "-s", "l1.border=3")
    invoke("evaluate", run, "--metric", "l1", "-s", "l1.border=3")
    during, after = records(run)
    assert "without 3 pixels" in during["protocol"]
    assert {**during, "date": ""} == {**after, "date": ""}
    assert "wrong.border" in refusal("train", *TINY, "--evaluate-every", "2", "--metric", "l1", "-s", "wrong.border=3",
                                     "--out", tmp_path / "other", status=2)  # fmt: skip
