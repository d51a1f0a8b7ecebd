"""`gantk plugin new`: what it writes, and what it refuses."""

import ast
import os
import subprocess
import sys
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from click.testing import CliRunner

import gantk
from gantk.cli.plugin import plugin
from gantk.cli.scaffold import module_text
from gantk.errors import UsageError
from gantk.plugins.kinds import KINDS
from gantk.plugins.manager import load_plugins
from gantk.plugins.source import describe, stated
from gantk.testing import Checker
from gantk.testing.checks import CHECKS
from support.commands import UV

PARTS = tuple(KINDS)
EVERYTHING = ",".join(PARTS)


@pytest.fixture
def new(tmp_path, monkeypatch):
    """Return a function that runs the command in an empty folder; what it raises comes through."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(plugin, ["new", *arguments], catch_exceptions=False).stdout


@pytest.fixture(scope="module")
def checker():
    """Return what checks all of them in the same processes."""
    with Checker() as checker:
        yield checker


def ruff(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "ruff", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_every_set_of_parts_is_a_module_that_ruff_finds_nothing_wrong_with(tmp_path):
    for count in range(1, len(PARTS) + 1):
        for parts in combinations(PARTS, count):
            path = tmp_path / f"{'_'.join(parts)}.py"
            path.write_text(module_text("Stripes", "stripes", parts))
            assert describe(path)[1] == parts
            assert stated(path, "gantk_api") == f">={gantk.HOOK_API},<{int(gantk.HOOK_API.split('.')[0]) + 1}"
    checked = ruff("check", "--isolated", "--select", "B,E,F,I,UP,W", "--target-version", "py311", ".", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    formatted = ruff("format", "--isolated", "--check", ".", cwd=tmp_path)
    assert formatted.returncode == 0, formatted.stdout


@pytest.mark.usefixtures("_forgotten")
def test_a_recipes_defaults_are_the_parts_that_come_with_it(new):
    new("bare", "--single")
    new("full", "--single", "--brings", "recipe,generator,discriminator,loss,normalization")
    bare = load_plugins(["./bare.py"]).factory("bare", "recipe").defaults
    assert (bare.generator, bare.discriminator, bare.loss) == ("resnet", "patchgan", "non-saturating")
    full = load_plugins(["./full.py"]).factory("full", "recipe").defaults
    assert (full.generator, full.discriminator, full.loss) == (None, None, None)
    assert full.normalization == {"generator": "full", "discriminator": "full"}


def test_a_package_installs_and_trains_on_its_own_images(new, tmp_path):
    first, *others = EVERYTHING.split(",")
    said = new("many-parts", "--brings", first, "--brings", ",".join(others))
    assert "gantk train --plugin many-parts\n" in said
    site = tmp_path / "site"
    install = [UV, "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--offline", "--target", site]
    subprocess.run([*install, "--python", sys.executable, "./gantk-many-parts"], check=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "gantk", "train", "--plugin", "many-parts"]
    small = ["--data", "many-parts", "-s", "data.count=4", "--size", "16", "--steps", "2", "--out", "run"]
    done = subprocess.run([*command, *small], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path("run/checkpoints/000002").is_dir()


@pytest.mark.parametrize("part", PARTS)
def test_each_part_by_itself_passes_the_checks_that_need_no_training(part, new, checker):
    new(f"a_{part}", "--single", "--brings", part)
    only = {
        "recipe": ("hooks", "paper", "option-kinds", "option-names", "option-help"),
        "loss": ("hooks", "paper", "option-help", "scalars", "sides"),
        "metric": ("hooks", "paper", "measures"),
        "augmentation": ("hooks", "paper", "option-help", "differentiable", "maps"),
        "dataset": ("hooks", "opens", "batches", "same-twice", "held-out"),
    }
    networks = ("hooks", "paper", "option-help", "finite", "responds", "gradients")
    checker.check(f"./a_{part}.py", only=only.get(part, networks)).require()


def test_all_parts_together_pass_every_check_that_there_is(new, checker):
    new("whole", "--single", "--brings", EVERYTHING)
    report = checker.check("./whole.py", options={"size": "16"})
    report.require()
    assert {outcome.check for outcome in report.outcomes} == {check.name for check in CHECKS}
    assert {outcome.check for outcome in report.outcomes if outcome.status == "skip"} <= {"conditions"}


def test_the_files_of_a_package(new, tmp_path):
    new("soft-labels", "--brings", "loss", "--out", "made")
    folder = tmp_path / "made" / "gantk-soft-labels"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        ".gitignore",
        ".github/workflows/test.yml",
        "gantk_soft_labels.py",
        "tests/test_gantk_soft_labels.py",
    }
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["gantk"] == {"soft-labels": "gantk_soft_labels"}
    assert project["dependencies"] == [f"gantk[train]>={gantk.__version__}"]
    assert project["license"] == "MIT"
    text = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "gantk train --plugin pix2pix --loss soft-labels" in text
    assert "${{ matrix.python }}" in text
    assert "$name" not in text
    test = ast.parse((folder / "tests/test_gantk_soft_labels.py").read_text())
    assert ast.unparse(test.body[-1].body[-1]) == "check_plugin('soft-labels').require()"


def test_what_brings_images_alone_needs_torch_for_its_test_only(new):
    new("discs", "--brings", "dataset")
    project = tomllib.loads(Path("gantk-discs/pyproject.toml").read_text())["project"]
    assert project["dependencies"] == [f"gantk>={gantk.__version__}"]
    assert "gantk[train]" in project["optional-dependencies"]["test"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["Stripes"], "'Stripes' is no name for a plugin"),
        (["two_words"], "with - between words"),
        (["../up"], "is no name for a plugin"),
        (["x" * 41], "at most 40"),
        (["gantk-stripes"], "leave gantk out of the name"),
        (["cyclegan"], "a plugin called cyclegan is installed already"),
        (["plugins"], "a Python module called gantk_plugins is there already"),
        (["soft-labels", "--single"], "no name for a plugin's file"),
        (["class", "--single"], "no name for a plugin's file"),
        (["random", "--single"], "a Python module called random is there already"),
        (["torch", "--single"], "a Python module called torch is there already"),
        (["mine", "--brings", "recipe,los"], "--brings los: there is no such part; did you mean 'loss'?"),
        (["mine", "--brings", "loss,loss"], "a plugin brings at most one loss"),
        (["mine", "--brings", "run_started"], "this hook brings no part"),
        (["mine", "--brings", ","], "--brings says no part"),
    ],
)
def test_what_is_refused_leaves_nothing(arguments, reason, new, tmp_path):
    with pytest.raises(UsageError) as caught:
        new(*arguments)
    assert reason in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("arguments", "there"), [([], "gantk-mine/mine.txt"), (["--single"], "mine.py")])
def test_nothing_is_written_over(arguments, there, new):
    Path(there).parent.mkdir(exist_ok=True)
    Path(there).write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        new("mine", *arguments)
    assert [path for path in Path().rglob("*") if path.is_file()] == [Path(there)]
    assert Path(there).read_text() == "mine"


def test_it_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom gantk.cli.main import main\n"
        f"main({['plugin', 'new', 'mine', '--brings', EVERYTHING]!r}, standalone_mode=False)\n"
        "sys.exit(', '.join({'torch', 'onnxruntime', 'numpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
