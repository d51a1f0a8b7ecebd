"""What `gantk train` refuses in one line, and leaves no run of."""

import sys

import pytest
from click.testing import CliRunner

from gantk.cli.main import main
from support.commands import refusal

TINY = [
    "--plugin", "gan", "--device", "cpu", "--batch-size", "2", "--size", "8", "-s", "generator.units=4",
    "-s", "discriminator.units=4",
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (["-s", "generator.units=100000000000"], "not enough memory|cannot be made"),
        (["--steps", "9" * 30], "steps"), (["--batch-size", "9" * 12], "batch_size"), (["--size", "999999"], "size"),
        (["--workers", "999999"], "workers"), (["--keep", "9" * 20], "keep"), (["-s", "jitter=1e300"], "jitter"),
        (["-s", "accumulate=999999"], "accumulate"), (["-s", "critic_steps=999999"], "critic_steps"),
        (["--seed", "9" * 40], "seed"), (["-s", "ema={generator: 2}"], "ema"), (["--log-every", "9" * 40], "log_every"),
        (["-s", "latent=" + "9" * 5000], "latent"),
    ],
)  # fmt: skip
def test_absurd_numbers_are_one_line_and_leave_no_run(tmp_path, monkeypatch, said, message):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["train", *TINY, "--steps", "1", *said])
    assert result.exit_code in (1, 2), result.output
    line = result.output.splitlines()[-1]
    assert "Error: " in line
    assert any(word in line for word in message.split("|")), line
    assert len(line) < 500
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("where", "hook"), [("run_started(run)", "run_started"), ("step_ended(run)", "step_ended")])
def test_a_hook_that_ends_the_process_is_an_error(tmp_path, where, hook):
    plugin = tmp_path / "quitter.py"
    plugin.write_text(f"import sys\nfrom gantk import hookimpl\n\n\n@hookimpl\ndef {where}:\n    sys.exit(0)\n")
    out = ["--out", tmp_path / "run"]
    said = refusal("train", *TINY, "--plugin", plugin, *out, "--steps", 2)
    assert f"plugin quitter: hook {hook} failed: {plugin}, line 7: SystemExit: 0" in said


def test_a_preview_of_an_image_that_there_is_not_is_refused_by_a_dry_run_too(tmp_path):
    for how in (["--dry-run"], ["--out", tmp_path / "run"]):
        said = refusal("train", *TINY, "--preview-images", "0,999", *how, status=2)
        assert "preview_images: there is no held-out image 999; emoji has 236, counted from 0" in said
    assert not list(tmp_path.iterdir())


def test_what_is_no_run_is_refused_before_torch_is_imported(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gantk.training.launch", None)
    assert "is not a run: it has no config.yaml" in refusal("train", "--resume", tmp_path, status=2)
    (tmp_path / "config.yaml").write_text("plugins: [gan]\n")
    assert "has no checkpoint: it stopped before its first was saved" in refusal("train", "--resume", tmp_path)


def test_a_recipe_that_ends_the_process_is_an_error(tmp_path):
    plugin = tmp_path / "leaving.py"
    plugin.write_text(
        "import sys\nfrom gantk import hookimpl\nfrom gantk_plugins.gan.gan import GAN\n\n\n"
        "class Leaving(GAN):\n    def step(self, batches):\n        sys.exit(0)\n        yield\n\n\n"
        "@hookimpl\ndef recipe():\n    return Leaving\n"
    )
    out = ["--out", tmp_path / "run", "--size", "8", "--device", "cpu"]
    said = refusal("train", "--plugin", plugin, *out, "--steps", 2)
    assert f"{plugin}:8: " in said
    assert "sys.exit(0)" in said or "SystemExit: 0" in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE=2, but no RANK and no MASTER_ADDR and no MASTER_PORT: start several"),
        ({"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "localhost"}, "but no MASTER_PORT"),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE='two': a number is needed"), ({"WORLD_SIZE": "0"}, "WORLD_SIZE='0'"),
        ({"WORLD_SIZE": "2", "RANK": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}, "RANK is 2, beyond the 2"),
        ({"WORLD_SIZE": "2", "RANK": "-1", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}, "RANK='-1'"),
        ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "x"}, "MASTER_PORT"),
    ],
)  # fmt: skip
def test_an_environment_that_speaks_of_processes_by_half_is_one_line(monkeypatch, environment, message):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, ["train", *TINY, "--steps", "1"])
    assert result.exit_code in (1, 2), result.output
    assert message in result.output
    assert "Traceback" not in result.output
