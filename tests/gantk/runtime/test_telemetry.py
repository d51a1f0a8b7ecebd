"""ONNX Runtime's telemetry is off, unless a user wants it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gantk
from gantk.runtime.telemetry import switch_off


def test_running_a_model_leaves_nothing_in_the_users_cache(make_model: Callable[..., Path], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    # A machine of continuous integration would be spared without gantk.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LANG")}
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "GANTK_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", f"import gantk; gantk.load({str(make_model())!r})"]
    subprocess.run(command, env={**kept, **places}, check=True)
    assert list(home.rglob("*")) == []


def test_what_a_user_set_stays(make_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    gantk.load(make_model())
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    switch_off()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "0"
