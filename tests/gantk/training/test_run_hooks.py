"""The hooks of a run's life, each heard by a plugin file that merely listens."""

import json
from pathlib import Path

import pytest

from support.commands import invoke

LISTENER = '''"""Writes down what it hears (a listener)."""

import json

from gantk import hookimpl


def note(run, event, *facts):
    run.path.mkdir(parents=True, exist_ok=True)
    with (run.path / "heard.jsonl").open("a") as file:
        file.write(json.dumps([event, *facts]) + "\\n")


@hookimpl
def run_started(run):
    note(run, "run_started")


@hookimpl
def step_ended(run, step, losses):
    note(run, "step_ended", step, {name: float(loss) for name, loss in losses.items()})


@hookimpl
def previewed(run, step, images):
    note(run, "previewed", step, images.name, images.exists())


@hookimpl
def checkpoint_saved(run, path):
    note(run, "checkpoint_saved", path.name, (path / "state.json").exists())


@hookimpl
def evaluated(run, step, scores):
    recorded = len((run.path / "metrics.jsonl").read_text().splitlines())
    note(run, "evaluated", step, {score.name: score.value for score in scores}, recorded)


@hookimpl
def exported(run, model):
    note(run, "exported", model.name, model.exists())


@hookimpl
def run_ended(run, error):
    note(run, "run_ended", str(error) if error else None)
'''

TINY = [
    "--plugin", "pix2pix", "--data", "emoji:line,flat", "--size", "16", "--device", "cpu", "--precision", "fp32",
    "-s", "generator.filters=4", "-s", "discriminator.filters=4", "-s", "discriminator.layers=1",
]  # fmt: skip


@pytest.fixture(scope="module")
def heard(tmp_path_factory) -> list:
    folder = tmp_path_factory.mktemp("hooks")
    listener, run = folder / "listener.py", folder / "run"
    listener.write_text(LISTENER)
    invoke("train", *TINY, "--plugin", str(listener), "--steps", "3", "--preview-every", "2", "--out", str(run))
    invoke("evaluate", str(run), "--metric", "l1", "--metric", "psnr")
    invoke("export", str(run))
    return read(run)


def read(run: Path) -> list:
    return [json.loads(line) for line in (run / "heard.jsonl").read_text().splitlines()]


def of(heard: list, event: str) -> list:
    return [facts for name, *facts in heard if name == event]


def test_hook_run_started(heard):
    assert heard[0] == ["run_started"]
    assert len(of(heard, "run_started")) == 1


def test_hook_step_ended(heard):
    steps = of(heard, "step_ended")
    assert [step for step, _ in steps] == [1, 2, 3]
    assert steps[0][1].keys() == {"generator/game", "generator/l1", "discriminator/game"}
    assert all(value > 0 for _, losses in steps for value in losses.values())


def test_hook_previewed(heard):
    assert of(heard, "previewed") == [[2, "000002.png", True], [3, "000003.png", True]]


def test_hook_checkpoint_saved(heard):
    assert of(heard, "checkpoint_saved") == [["000003", True]]


def test_hook_evaluated(heard):
    (l1_step, l1, l1_recorded), (psnr_step, psnr, psnr_recorded) = of(heard, "evaluated")
    assert l1_step == psnr_step == 3
    assert (l1_recorded, psnr_recorded) == (1, 2)
    assert l1.keys() == {"l1"}
    assert 0 < l1["l1"] < 2
    assert psnr.keys() == {"psnr"}


def test_hook_exported(heard):
    assert of(heard, "exported") == [["source_to_target.onnx", True]]


def test_hook_run_ended(heard, tmp_path):
    assert of(heard, "run_ended") == [[None]]
    failing = tmp_path / "failing.py"
    failing.write_text(
        LISTENER + "\n\n@hookimpl(specname='step_ended')\ndef fail(step):\n    raise ValueError('enough')\n"
    )
    invoke("train", *TINY, "--plugin", str(failing), "--steps", "3", "--out", str(tmp_path / "run"), status=1)
    [[error]] = of(read(tmp_path / "run"), "run_ended")
    assert error.startswith("plugin failing: hook step_ended failed")
    assert error.endswith("enough")
