"""Schedules in a run: what a recipe states and what a user says is shown, followed, and exact after a resume."""

import re
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from support.commands import invoke

TINY = ["--data", "emoji", "--size", "8", "--device", "cpu", "--checkpoint-every", "3", "--precision", "fp32"]
SMALL = ["-s", "generator.units=4", "-s", "discriminator.units=4"]


@pytest.fixture
def scheduled(plugin_file) -> Path:
    """A recipe whose default game states a beta of its own, which the recipe's function stands above."""
    return plugin_file(
        "scheduled",
        """
        from gantk import AdversarialLoss, Cosine, Defaults, Exponential, Linear, Player, Schedule, Settings
        from gantk_plugins.gan.gan import GAN
        from gantk_plugins.losses.non_saturating import NonSaturating

        def heavier(fraction):
            return 0.1 + fraction / 2

        def waking(fraction):
            return 0.3 if fraction < 0.5 else 1.0

        def doubled(fraction):
            return 2 if fraction < 0.6 else 4

        class Game(NonSaturating):
            settings = Settings(betas=(0.0, 0.9), batch_size=3)

        class Scheduled(GAN):
            defaults = Defaults(generator="gan", discriminator="gan", normalization=GAN.defaults.normalization)
            settings = Settings(
                optimizer="sgd", learning_rate=0.1, schedule=waking, betas=(heavier, 0.99), batch_size=doubled,
                ema={"generator": heavier},
            )

            def players(self):
                own = Player(self.generator, weight_decay=Linear(start=0.1, end=0.0), optimizer="adam")
                return {**super().players(), "generator": own}

        @hookimpl
        def recipe():
            return Scheduled

        @hookimpl
        def loss():
            return Game
        """,
    )


def tensors(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {
        f"{path.name}/{name}": tensor
        for path in sorted(checkpoint.glob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


def gone_on(run: Path, before=lambda run: None) -> None:
    """Go on from step 3 of 6, and hold the last checkpoint against what it was."""
    whole = shutil.copytree(run / "checkpoints" / "000006", run.with_name("whole"))
    before(run)
    invoke("train", "--resume", run, "--step", 3)
    found, expected = tensors(run / "checkpoints" / "000006"), tensors(whole)
    assert found.keys() == expected.keys()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []
    assert (run / "checkpoints" / "000006" / "state.json").read_text() == (whole / "state.json").read_text()


def test_functions_that_a_recipe_states_are_shown_by_name_and_exact_after_a_resume(scheduled, tmp_path):
    said = ["train", "--plugin", scheduled, *TINY, *SMALL, "--scale", "paper", "--steps", 6]
    shown = invoke(*said, "--dry-run")
    stated = {"schedule": "waking", "betas": "(heavier", "batch_size": "doubled", "ema": "{generator: heavier"}
    for name, function in stated.items():
        (line,) = (line for line in shown.splitlines() if line.startswith(f"  {name} "))
        assert f"{function}, a function of the progress" in line
        assert line.endswith("recipe scheduled")
    run = tmp_path / "run"
    invoke(*said, "--out", run)
    written = yaml.safe_load((run / "config.yaml").read_text())["set"]
    assert not {"schedule", "betas", "batch_size", "ema"} & written.keys()
    gone_on(run)


def test_schedules_that_a_user_says_are_kept_and_exact_after_a_resume(tmp_path):
    betas = {"name": "linear", "start": 0.0, "end": 0.7, "begin": 0.0, "finish": 1.0}
    said = ["-s", f"betas=[{yaml.safe_dump(betas, default_flow_style=True).strip()}, 0.9]", "-s", "schedule=cosine"]
    half = {"name": "half-life", "share": 0.4, "ramp": 0.5, "begin": 0.0}
    said += ["-s", "ema={generator: {name: half-life, share: 0.4, ramp: 0.5}}"]
    run = tmp_path / "run"
    invoke("train", "--plugin", "gan", *TINY, *SMALL, *said, "--batch-size", 2, "--steps", 6, "--out", run)
    written = yaml.safe_load((run / "config.yaml").read_text())["set"]
    assert (written["schedule"], written["decay_from"], written["betas"]) == ("cosine", 0.0, [betas, 0.9])
    assert written["ema"] == {"generator": half}
    gone_on(run)


def test_a_run_of_version_0_2_follows_the_schedule_that_it_states(tmp_path):
    """It states the numbers that the recipe had then, and they hold, whatever the recipe states now."""
    old = ["-s", "schedule=linear", "-s", "decay_from=0.5", "-s", "betas=0.5,0.999"]
    run = tmp_path / "run"
    invoke("train", "--plugin", "gan", *TINY, *SMALL, *old, "--batch-size", 2, "--steps", 6, "--out", run)
    written = yaml.safe_load((run / "config.yaml").read_text())["set"]
    assert (written["schedule"], written["decay_from"], written["betas"]) == ("linear", 0.5, [0.5, 0.999])
    gone_on(run)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "schedule=cosin",
            "option schedule: 'cosin' is not one of constant, linear, cosine, step, exponential, warm-up",
        ),
        ("schedule={name: cosine, ends: 3}", "schedule cosine has no 'ends'; known: start, end"),
        ("betas=[{name: linear, start: 0.5, end: 1.5}, 0.9]", "setting betas: .* comes to 1.0, which is not a pair"),
        ("learning_rate=cosine", "option learning_rate: 'cosine' is not a float"),
    ],
)
def test_a_wrong_schedule_is_one_line(said, message):
    out = invoke("train", "--plugin", "gan", *TINY, "-s", said, "--dry-run", status=2)
    assert re.search(message, out.splitlines()[-1])
    assert "Traceback" not in out
