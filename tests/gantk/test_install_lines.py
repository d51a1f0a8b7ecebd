"""The commands that install what is missing."""

import json
import sys
from pathlib import Path

import pytest

from gantk import install_lines
from gantk.install_lines import editable_line, extra_line, install_line, models_line, newer_line, packages_line


class Installed:
    """gantk as a package that came from somewhere; it has one extra."""

    requires = ["numpy>=2", "pillow-heif>=1; extra == 'heic'", "onnx>=1.18; python_version > '3' and extra == 'tile'"]

    def __init__(self, origin):
        self.origin = origin

    def read_text(self, name):
        assert name == "direct_url.json"
        return self.origin if self.origin is None or isinstance(self.origin, str) else json.dumps(self.origin)


@pytest.fixture
def come_from(monkeypatch):
    """Return a function that says where gantk was installed from, into an environment with pip."""
    monkeypatch.setattr(sys, "executable", "/env/bin/python")
    monkeypatch.setattr(install_lines, "find_spec", lambda name: True)

    def say(origin):
        monkeypatch.setattr(install_lines, "distribution", lambda name: Installed(origin))

    return say


PIP = "/env/bin/python -m pip install"


def test_an_extra_comes_from_the_checkout_that_is_installed(come_from, tmp_path):
    folder = tmp_path / "my gantk"
    folder.mkdir()
    come_from({"url": folder.as_uri(), "dir_info": {"editable": True}})
    assert extra_line("heic") == f"{PIP} -e '{folder}[heic]'"
    assert newer_line() == f"update '{folder}' and install it again: {PIP} '{folder}'"
    come_from({"url": folder.as_uri(), "dir_info": {}})
    assert extra_line("heic") == f"{PIP} 'gantk[heic] @ {folder.as_uri()}'"


def test_an_extra_comes_from_the_wheel_or_repository_that_is_installed(come_from, tmp_path):
    wheel = tmp_path / "gantk.whl"
    wheel.touch()
    come_from({"url": wheel.as_uri(), "archive_info": {}})
    assert extra_line("heic") == f"{PIP} 'gantk[heic] @ {wheel.as_uri()}'"
    assert newer_line() == "install a newer gantk"
    come_from({"url": "https://git.example/gantk", "vcs_info": {"vcs": "git", "commit_id": "abc"}})
    assert extra_line("heic") == f"{PIP} 'gantk[heic] @ git+https://git.example/gantk@abc'"


def test_ready_models_come_from_where_gantk_did(come_from, tmp_path):
    folder = tmp_path / "exports" / "models"
    elsewhere = f"{PIP} exports/models, in a checkout of gantk"
    come_from({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    assert models_line() == elsewhere
    folder.mkdir(parents=True)
    assert models_line() == f"{PIP} {folder}"
    come_from({"url": "https://git.example/gantk", "vcs_info": {"vcs": "git", "commit_id": "abc"}})
    assert models_line() == f"{PIP} 'gantk-models @ git+https://git.example/gantk@abc#subdirectory=exports/models'"
    for origin in (None, {"url": "https://host.example/gantk-1.0.whl", "archive_info": {}}):
        come_from(origin)
        assert models_line() == elsewhere


@pytest.mark.parametrize("origin", [None, "[]", "not json", {"url": "file:///gone/gantk.whl"}, {"url": 3}])
def test_where_the_origin_is_gone_the_extra_is_spelled_out(come_from, origin):
    come_from(origin)
    assert extra_line("heic") == f"{PIP} 'pillow-heif>=1'"
    assert extra_line("tile") == f"{PIP} 'onnx>=1.18'"
    assert newer_line() == "install a newer gantk"


def test_the_tool_is_the_one_that_is_there(come_from, monkeypatch, tmp_path):
    come_from(None)
    monkeypatch.setattr(sys, "prefix", "/env")
    monkeypatch.setattr(install_lines, "find_spec", lambda name: None)
    there = {None: None, "/env/bin": None}
    monkeypatch.setattr(install_lines.shutil, "which", lambda name, path=None: there[path])
    assert packages_line("x") == "pip --python /env install x"
    there[None] = "/usr/bin/uv"
    assert packages_line("x") == "uv pip install --python /env x"
    there["/env/bin"] = "/env/bin/uv"
    assert packages_line("x>1") == "/env/bin/uv pip install --python /env 'x>1'"
    assert editable_line(Path("gantk-x")) == "/env/bin/uv pip install --python /env -e gantk-x"


@pytest.mark.parametrize("module", ["torch", "torch.nn", "albumentations", "cv2", "safetensors.torch"])
def test_what_training_needs_comes_with_the_train_extra(module):
    error = ModuleNotFoundError(f"No module named {module!r}", name=module)
    assert install_line(error) == extra_line("train")


def test_of_several_extras_it_is_the_commands_own(monkeypatch):
    requires = ["tifffile>=2025; extra == 'tile'", "tifffile>=2025; extra == 'train'", "onnx>=1; extra == 'serve'",
                "onnx>=1; extra == 'train'"]  # fmt: skip
    monkeypatch.setattr(Installed, "requires", requires)
    monkeypatch.setattr(install_lines, "distribution", lambda name: Installed(None))
    monkeypatch.setattr(install_lines, "extra_line", lambda extra: extra)
    lacking = {name: ModuleNotFoundError("missing", name=name) for name in ("onnx", "tifffile")}
    commands = ("export", "train", "bench", "serve", "translate")
    assert [install_line(lacking["onnx"], name) for name in commands] == ["train", "train", "train", "serve", "serve"]
    assert [install_line(lacking["tifffile"], name) for name in ("export", "translate")] == ["train", "tile"]


def test_what_belongs_to_every_installation_is_installed_by_itself(come_from):
    come_from(None)
    error = ModuleNotFoundError("missing", name="numpy")
    assert install_line(error, "train") == packages_line("numpy>=2")


@pytest.mark.parametrize("module", ["einops", None])
def test_other_modules_come_with_no_extra(module):
    assert install_line(ModuleNotFoundError("missing", name=module)) is None
