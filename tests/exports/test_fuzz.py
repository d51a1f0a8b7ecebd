"""The fuzz of files from elsewhere, for a few cases of each kind that takes no training."""

import shutil
import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).parents[2] / "benchmarks" / "fuzz"


def test_damaged_files_end_well_or_in_a_clear_error(trained_run, tmp_path):
    material = tmp_path / "material"
    material.mkdir()
    shutil.copytree(trained_run, material / "run")
    shutil.copy(trained_run / "exports" / "a_to_b.onnx", material / "model.onnx")
    kinds = "images,cards,models,manifests"
    command = [sys.executable, FUZZ, "--material", material, "--jobs", "1", "--kinds", kinds, "--count", "40"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "40 cases" in done.stdout
