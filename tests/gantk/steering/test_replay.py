"""A run repeated, and a run that is told otherwise while it goes on."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from support.commands import invoke, refusal

TINY = [
    "--plugin", "pix2pix", "--size", "16", "--device", "cpu", "--precision", "fp32", "--batch-size", "2", "-s",
    "generator.filters=4", "-s", "generator.depth=3", "-s", "discriminator.filters=4", "-s", "discriminator.layers=1",
    "--log-every", "2", "--checkpoint-every", "2",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("first") / "run"
    invoke("train", *TINY, "--steps", 4, "-s", "weight_decay=0.1", "--out", path)
    return path


def test_a_run_comes_out_the_same_and_says_so(run, tmp_path):
    said = invoke("train", "--replay", run, "--out", tmp_path / "again")
    assert f"note: versions, machine and data are those that {run} was trained with" in said
    assert f"step 4 is that of {run}, bit for bit" in said


def test_what_differs_is_said_before_and_after(run, tmp_path):
    before = json.loads((run / "manifest.json").read_text())
    changed = before | {
        "versions": before["versions"] | {"torch": "1.0"},
        "python": "3.0",
        "changed": ["from step 3 on x"],
    }
    (run / "manifest.json").write_text(json.dumps(changed))
    weights = run / "checkpoints" / "000004" / "generator.safetensors"
    kept = weights.read_bytes()
    weights.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    try:
        said = invoke("train", "--replay", run, "--out", tmp_path / "again")
    finally:
        weights.write_bytes(kept)
        (run / "manifest.json").write_text(json.dumps(before))
    assert f"note: torch is {before['versions']['torch']}, where it was 1.0" in said
    assert "where it was 3.0" in said
    assert "it was told otherwise while it was trained (from step 3 on x)" in said
    assert f"step 4 is not that of {run}: generator differ" in said


def test_nothing_else_may_be_said_beside_it(run, tmp_path):
    assert "leave out --steps" in refusal("train", "--replay", run, "--steps", 3, status=2).replace("--set", "--steps")
    assert "leave out --resume" in refusal("train", "--replay", run, "--resume", run, status=2)
    assert "is not a run" in refusal("train", "--replay", tmp_path, status=2)


def test_a_rate_or_a_batch_changes_on_resume_by_saying_so(run, tmp_path):
    import shutil

    copied = Path(shutil.copytree(run, tmp_path / "run"))
    start = load_file(copied / "checkpoints" / "000004" / "generator.safetensors")
    settings = ["-s", "learning_rate=1e-12", "-s", "schedule=constant", "--batch-size", 3]
    said = invoke("train", "--resume", copied, "--steps", 6, *settings)
    assert "note: from step 4 on learning_rate is 1e-12, where it was 0.0" in said
    assert "note: from step 4 on batch_size is 3, where it was 2: the run no longer is what it would have been" in said
    found = load_file(copied / "checkpoints" / "000006" / "generator.safetensors")
    weights = [name for name in start if "running" not in name and "tracked" not in name]
    assert all((start[name] - found[name]).abs().max() < 1e-6 for name in weights)
    assert json.loads((copied / "manifest.json").read_text())["changed"][0].startswith("from step 4 on learning_rate")
    positions = json.loads((copied / "checkpoints" / "000006" / "state.json").read_text())["positions"]
    assert positions == {"paired": 4 * 2 + 2 * 3}
    # What was changed once stays, and is no change any more.
    assert "from step" not in invoke("train", "--resume", copied, "--steps", 7).replace("from step 6 to 7", "")
    assert "leave out optimizer" in refusal("train", "--resume", copied, "-s", "optimizer=sgd", status=2)


def test_weights_decay_by_the_setting(run, tmp_path):
    plain = tmp_path / "plain"
    invoke("train", *TINY, "--steps", 4, "--out", plain)
    decayed, kept = (load_file(path / "checkpoints" / "000004" / "generator.safetensors") for path in (run, plain))
    assert any((decayed[name] - kept[name]).abs().max() > 0 for name in kept)
