"""The folder that `gantk app` writes, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from gantk import load
from gantk.cli.main import main
from gantk.errors import UsageError
from gantk.training.trained import Trained
from gantk_exports.app import write_app
from gantk_exports.onnxruntime_web import FILES

Export = Callable[..., Path]


def test_the_folder_holds_the_page_the_models_and_onnxruntime(
    exported: Export, residual: Trained, drawn: Trained, tmp_path: Path
) -> None:
    models = [exported("residual", residual), exported("generator", drawn, graph="generator")]
    out = tmp_path / "page"
    done = CliRunner().invoke(main, ["app", *map(str, models), "--out", str(out), "--title", "Cats & dogs"])
    assert done.exit_code == 0, done.output
    assert f"python -m http.server --bind 127.0.0.1 --directory {out}" in done.output
    listed = json.loads((out / "models.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in listed] == [model.stem for model in models]
    for entry, model in zip(listed, models, strict=True):
        assert (out / "models" / f"{entry['name']}.onnx").read_bytes() == model.read_bytes()
        assert entry["bytes"] == model.stat().st_size
        assert (out / "models" / f"{entry['name']}.json").read_bytes() == model.with_suffix(".json").read_bytes()
    assert all((out / "onnxruntime" / name).stat().st_size > 10_000 for name in FILES)
    assert "Copyright (c) Microsoft Corporation" in (out / "onnxruntime" / "LICENSE").read_text(encoding="utf-8")
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<title>Cats &amp; dogs</title>" in page
    assert "{{" not in page
    assert "://" not in page


def test_a_page_is_written_anew_and_nothing_else_is_touched(
    exported: Export, residual: Trained, drawn: Trained, tmp_path: Path
) -> None:
    out = tmp_path / "page"
    write_app({"one": load(exported("residual", residual))}, out)
    (out / "mine.html").write_text("mine")
    write_app({"two": load(exported("generator", drawn, graph="generator"))}, out)
    assert sorted(path.name for path in (out / "models").iterdir()) == ["two.json", "two.onnx"]
    assert (out / "mine.html").read_text() == "mine"
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    with pytest.raises(UsageError, match="holds something else than a page"):
        write_app({"two": load(exported("generator", drawn, graph="generator"))}, tmp_path / "photos")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.png"]


def test_what_a_browser_cannot_show_is_refused(
    exported: Export, residual: Trained, deep: Trained, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"3 channels of float32 \(NCHW\).*export it without --io float"):
        write_app({"one": load(exported("residual", residual, "float"))}, tmp_path / "page")
    with pytest.raises(UsageError, match=r"1 channels of uint16 \(NHWC\), and a browser knows .* of 8 bits$"):
        write_app({"one": load(exported("deep", deep))}, tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_without_npm_one_line_says_what_is_needed(
    exported: Export, residual: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANTK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    command = ["app", str(exported("residual", residual)), "--out", str(tmp_path / "page")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    assert "onnxruntime-web 1.30.0 could not be fetched: npm was not found" in done.output
    assert not (tmp_path / "page" / "index.html").exists()
