"""Trainings from Python: the book's example, and what a run in a program's hands does."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import gantk
from gantk.steering.handle import configuration
from support.commands import invoke

BOOK = Path(__file__).parents[3] / "docs" / "python.md"

TINY = {"size": 16, "batch_size": 2, "device": "cpu", "precision": "fp32", "quiet": True, "checkpoint_every": 2}
NARROW = {"generator.filters": 4, "generator.depth": 3, "discriminator.filters": 4, "discriminator.layers": 1}


def weights(run: gantk.Run, step: int) -> dict[str, torch.Tensor]:
    return load_file(run.path / "checkpoints" / f"{step:06d}" / "generator.safetensors")


def test_the_books_example_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    (example,) = re.findall(r"```python\n(.*?)```", BOOK.read_text("utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(BOOK), "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert (tmp_path / "newest.png").is_file()
    assert any(line.startswith("step 20: l1 0.") for line in said)
    assert any(line.startswith("step 20: ") and line.endswith("000020.png") for line in said)
    assert said[-1].endswith("source_to_target.onnx translate")


class Heard:
    def __init__(self):
        self.steps, self.ended = [], []

    def run_started(self, run):
        self.path = run.path

    def step_ended(self, step, losses):
        self.steps.append((step, sorted(losses)))

    def run_ended(self, error):
        self.ended.append(error)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[gantk.Run, Heard]:
    heard = Heard()
    path = tmp_path_factory.mktemp("python") / "run"
    return gantk.train("pix2pix", steps=4, out=path, set=NARROW, callbacks=[heard], **TINY), heard


def test_callbacks_hear_what_hooks_say(trained):
    run, heard = trained
    assert heard.path == run.path
    assert [step for step, _ in heard.steps] == [1, 2, 3, 4]
    assert heard.steps[0][1] == ["discriminator/game", "generator/game", "generator/l1"]
    assert heard.ended == [None]


def test_it_trains_what_the_command_trains(trained, tmp_path):
    run, _ = trained
    narrow = [word for name, value in NARROW.items() for word in ("-s", f"{name}={value}")]
    invoke("train", "--plugin", "pix2pix", "--steps", 4, "--size", 16, "--batch-size", 2, "--device", "cpu",
           "--precision", "fp32", *narrow, "--out", tmp_path / "run")  # fmt: skip
    expected, found = weights(gantk.Run(tmp_path / "run"), 4), weights(run, 4)
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())


def test_a_run_goes_on_and_says_where_it_is(trained):
    run = gantk.Run(trained[0].path)
    heard = Heard()
    assert run.resume(6, step=2, callbacks=[heard], quiet=True, keep=9) is run
    assert ([step for step, _ in heard.steps], run.step) == ([3, 4, 5, 6], 6)
    assert run.preview().size == run.preview(6).size
    with pytest.raises(gantk.UsageError, match=r"no preview of step 5: there are those of steps"):
        run.preview(5)


def test_scores_are_measured_and_the_best_is_found(trained):
    run = trained[0]
    with pytest.raises(gantk.UsageError, match="named one by one"):
        run.evaluate(["l1", "ssim"])
    (first,) = run.evaluate("l1", step=2)
    (other,) = run.evaluate("l1")
    assert [score.step for score in run.scores()] == [2, run.step]
    best = min((first, other), key=lambda score: score.value).step
    assert run.evaluate("l1", step="best")[0].step == best
    with pytest.raises(gantk.UsageError, match="step 'first': say a number, best"):
        run.export(step="first")


def test_an_exception_of_a_callback_ends_the_training(tmp_path):
    class Failing:
        def step_ended(self):
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        gantk.train("pix2pix", steps=4, out=tmp_path / "run", set=NARROW, callbacks=[Failing()], **TINY)


def test_what_is_said_becomes_a_configuration():
    said = {"normalization": "batch", "metrics": "l1,kid", "evaluate_every": 5, "size": (16, 32), "cycle": 5}
    config = configuration(["cyclegan", Path("mine.py")], "emoji", said, {"generator.filters": 4})
    assert (config.plugins, config.data) == (["cyclegan", "mine.py"], ["emoji"])
    assert (config.normalization, config.metrics) == ({"": "batch"}, ["l1", "kid"])
    assert config.set == {"size": "16x32", "cycle": 5, "generator.filters": 4}
    with pytest.raises(gantk.UsageError, match="gantk.train: evaluate_every"):
        configuration("cyclegan", (), {"evaluate_every": 0}, {})


def test_a_folder_that_is_no_run_is_one_line(tmp_path):
    with pytest.raises(gantk.UsageError, match="is not a run"):
        gantk.Run(tmp_path)
