"""The demo in the book: the page of the ready models that are installed, and none where there are none."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sphinx.errors import ExtensionError
from sphinx.util.tags import Tags

import gantk.runtime.named_models
from gantk.errors import GantkError
from gantk.runtime.named_models import NamedModel

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "tests" / "version_0_2" / "pix2pix" / "exports" / "source_to_target.onnx"


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what ends a build of the book with these ready models, and returns where the demo is and its tags."""

    def build(*models: NamedModel, exception: Exception | None = None) -> tuple[Path, Tags]:
        named = {model.name: model for model in models}
        monkeypatch.setattr(gantk.runtime.named_models, "named_models", lambda: named)
        tags = Tags(["demo"])
        book = runpy.run_path(str(ROOT / "docs" / "conf.py"), {"tags": tags})
        book["write_demo"](
            SimpleNamespace(builder=SimpleNamespace(format="html"), tags=tags, outdir=tmp_path), exception
        )
        return tmp_path / "demo", tags

    return build


def test_the_demo_has_the_ready_models(build: Any) -> None:
    demo, tags = build(NamedModel("flat-to-3d", MODEL, "models", "1"))
    assert tags.has("demo")
    (entry,) = json.loads((demo / "models.json").read_text("utf-8"))
    assert entry["name"] == "flat-to-3d"
    assert (demo / "models" / "flat-to-3d.onnx").read_bytes() == MODEL.read_bytes()
    assert (demo / "index.html").is_file()


def test_without_ready_models_nothing_links_to_it(build: Any) -> None:
    demo, tags = build()
    assert not tags.has("demo")
    assert not demo.exists()
    assert "```{only} demo" in (ROOT / "docs" / "index.md").read_text("utf-8")


def test_a_demo_that_cannot_be_written_ends_the_build_with_a_line(build: Any, tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("something else")
    with pytest.raises(ExtensionError, match="no demo: .*demo: holds something else than a page"):
        build(NamedModel("flat-to-3d", MODEL, "models", "1"))
    # A build that failed has no demo, and its own reason is the one that is seen.
    build(NamedModel("flat-to-3d", MODEL, "models", "1"), exception=GantkError("a page is broken"))
