"""A recipe that grows: sizes, batches and players by stage, rehearsed before step 1 and exact across a border."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gantk.plan.assemble import open_training_data
from gantk.plan.resolve import resolve
from gantk.runs.config import Config
from gantk.runs.run import Run
from gantk.training.full_rehearsal import rehearse_run
from gantk.training.processes import World
from gantk.training.trained import load_trained
from gantk.training.training import Training
from support.commands import invoke

GROWING = Path(__file__).parents[3] / "docs" / "tutorial" / "gantk_tutorial" / "growing.py"
SMALL = ["-s", "filters=2", "-s", "discriminator.filters=2", "-s", "discriminator.layers=1", "-s", "batch_size=2"]
TINY = ["--size", "16", "--device", "cpu", "--precision", "fp32", "--workers", "0", "--log-every", "1", *SMALL]
BORDER, STEPS = 2, 6


def train(run: Path, *options: object, plugin: Path = GROWING, status: int = 0) -> str:
    return invoke("train", "--plugin", plugin, *TINY, "--out", run, *options, status=status)


def tensors(run: Path, step: int) -> dict[str, torch.Tensor]:
    return {
        f"{path.name}/{name}": tensor
        for path in sorted((run / "checkpoints" / f"{step:06d}").glob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A run over the border that never stopped, with a checkpoint of each step."""
    run = tmp_path_factory.mktemp("whole") / "run"
    train(run, "--steps", STEPS, "--checkpoint-every", 1, "--preview-every", 1, "-s", "jitter=1.25", "--keep", 9)
    return run


def test_sizes_batches_and_players_follow_the_stages(whole):
    logged = [json.loads(line) for line in (whole / "scalars.jsonl").read_text().splitlines()]
    for line in logged:
        small = line["step"] <= BORDER
        assert ("small/game" in line, "details/game" in line) == (small, not small)
    positions = [
        json.loads((whole / "checkpoints" / f"{step:06d}" / "state.json").read_text())["positions"]["images"]
        for step in range(1, STEPS + 1)
    ]
    assert positions == [4, 8, 10, 12, 14, 16]
    players = [
        {name.split("/")[1] for name in tensors(whole, step) if name.startswith("optimizers")} for step in (2, 3)
    ]
    assert players == [{"discriminator", "small"}, {"discriminator", "details"}]


def test_who_stays_keeps_its_optimizer_and_who_rests_is_frozen(whole):
    before, after = tensors(whole, BORDER), tensors(whole, BORDER + 1)
    count = "optimizers.safetensors/discriminator/0/step"
    assert (before[count], after[count]) == (2, 3)
    for name in before:
        if name.startswith("generator.safetensors"):
            # Details fade in from nothing, so their first gradient is zero.
            assert torch.equal(before[name], after[name]), name
    last = tensors(whole, STEPS)
    generators = [name for name in last if name.startswith("generator.safetensors")]
    moved = {name.split("/")[1].split(".")[0] for name in generators if not torch.equal(last[name], after[name])}
    assert moved == {"details"}


@pytest.mark.parametrize("stop", [BORDER - 1, BORDER, BORDER + 1])
def test_a_resume_is_exact_before_at_and_after_a_border(whole, tmp_path, stop):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    invoke("train", "--resume", run, "--step", stop)
    expected, found = tensors(whole, STEPS), tensors(run, STEPS)
    assert expected.keys() == found.keys()
    assert [name for name in expected if not torch.equal(expected[name], found[name])] == []
    states = [json.loads((one / "checkpoints" / f"{STEPS:06d}" / "state.json").read_text()) for one in (whole, run)]
    assert states[0] == states[1]


def test_a_checkpoint_is_exported_at_the_size_of_its_stage(whole, tmp_path):
    from gantk.runtime.model_file import load

    for step, size in ((BORDER, 8), (BORDER + 1, 16)):
        assert load_trained(whole, step).sides == (size, size)
        out = tmp_path / f"{step}.onnx"
        invoke("export", whole, "--step", step, "--out", out)
        assert load(out).generate(count=1)[0].size == (size, size)


def test_a_dry_run_lists_the_stages(tmp_path):
    said = train(tmp_path / "run", "--steps", 6, "--dry-run")
    assert "  small    8 px, batch 4, steps 1 to 2   move: discriminator and small\n" in said
    assert "  details  16 px, batch 2, steps 3 to 6  move: discriminator and details\n" in said


def test_what_is_trained_is_said_with_its_first_and_last_stage(tmp_path):
    said = train(tmp_path / "run", "--steps", 2)
    assert "from 8 px, batch 4 to 16 px, batch 2 in 2 stages" in said
    refused = train(tmp_path / "short", "--steps", 1, status=2)
    assert refused.endswith(
        "steps 1 are fewer than the 2 stages of recipe growing (small, details): say --steps 2 or more\n"
    )
    assert not (tmp_path / "short").exists()


def test_a_run_goes_on_for_longer_unless_that_would_lead_back(whole, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    refused = invoke("train", "--resume", run, "--steps", 30, status=2)
    assert "step 6 is in stage details, which would begin at step 10 of 30 only: say --steps with a smaller" in refused
    invoke("train", "--resume", run, "--steps", 7)
    assert load_trained(run).sides == (16, 16)
    # Step 1 was in the first stage, and of three steps the second would be in the other.
    invoke("train", "--resume", run, "--step", 1, "--steps", 3)
    assert load_trained(run, 1).sides == (8, 8)


def ready(tmp_path) -> Training:
    request = Config(
        plugins=[str(GROWING)],
        set={"size": 16, "steps": 9, "batch_size": 2, "filters": 2, "discriminator.filters": 2}
        | {"discriminator.layers": 1},
        device="cpu",
        precision="fp32",
        workers=0,
    )
    resolved = resolve(request)
    data = open_training_data(resolved)
    return Training(resolved, data, Run(tmp_path / "run"), torch.device("cpu"), World(), lambda _: None)


def test_each_stage_begins_once_before_its_first_step(tmp_path, monkeypatch):
    training, begun = ready(tmp_path), []
    monkeypatch.setattr(training.recipe, "begin", lambda: begun.append(training.context.progress.step))
    rehearse_run(training)
    assert begun == []
    for step in range(5):
        training.step(step)
    assert begun == [0, 3]


def test_a_rehearsal_leaves_no_trace(tmp_path):
    training = ready(tmp_path)

    def stands() -> tuple[object, ...]:
        values = {name: value.clone() for name, value in training.recipe.state_dict().items()}
        noise, notes = torch.get_rng_state(), dict(training.context.notes)
        batches = training.batches.state(), training.batches.crops.size
        return training.stage, training.recipe.stage, list(training.movers), batches, notes, [noise, *values.values()]

    training.step(0)
    *before, tensors_before = stands()
    expected = rehearse_run(training)
    *after, tensors_after = stands()
    assert before == after
    assert all(map(torch.equal, tensors_before, tensors_after))
    assert expected.ends == (3, 9)
    assert all(seconds > 0 for seconds in expected.seconds)
    assert expected.left(0) == pytest.approx(3 * expected.seconds[0] + 6 * expected.seconds[1])
    assert expected.left(4) == pytest.approx(5 * expected.seconds[1])
    kept = training.movers["discriminator"].optimizer.state_dict()["state"]
    assert kept[0]["step"] == 1


@pytest.mark.parametrize(
    ("written", "instead", "reason"),
    [
        (
            "        real = next(batches)",
            "        assert self.stage.number == 0\n        real = next(batches)",
            "step, ",
        ),
        ('{"made": self.generator(', '{"made": self.generator(*[0] * self.stage.number, ', "preview, "),
        ('Stage(name="details", share=2)', 'Stage(name="small", share=2)', "names two stages 'small'"),
        (
            'Stage(name="details", share=2)',
            'Stage(name="details", share=0)',
            "stage 'details': share 0 must be above 0",
        ),
        ('Stage(name="details", share=2)', 'Stage(name="details", scale=2)', "scale 2 must be at most 1"),
        ('Stage(name="small", scale=0.5, batch=2), Stage(name="details", share=2)', "", "stages\\(\\) returns a list"),
        (
            '"details": Player(pyramid.details)',
            '"details": Player(pyramid.small)',
            "no player moves generator.module.det",
        ),
    ],
)
def test_what_is_wrong_with_a_later_stage_shows_before_step_1(tmp_path, written, instead, reason):
    text = GROWING.read_text("utf-8")
    assert written in text
    plugin = tmp_path / "mine.py"
    plugin.write_text(text.replace(written, instead), "utf-8")
    refused = train(tmp_path / "run", "--steps", 4, plugin=plugin, status=1)
    assert re.search(reason, refused), refused
    assert not (tmp_path / "run").exists()
