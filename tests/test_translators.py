"""The page that compares translators."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_is_what_the_results_say():
    command = [sys.executable, str(ROOT / "benchmarks" / "translators"), "page", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
