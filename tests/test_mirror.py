"""Tests stand where the modules stand that they try.

A module has a test of its name, or the tests of its folder name it or a module beside it that uses it, or it stands in
the table of those that are tried elsewhere.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

import gantk

ROOT = Path(__file__).parents[1]

TREES = {
    "gantk": "tests/gantk",
    "plugins/gantk_plugins": "tests/plugins",
    "datasets/gantk_datasets": "tests/datasets",
    "exports/gantk_exports": "tests/exports",
}
"""The trees, and where each is mirrored."""

ELSEWHERE = {
    # By the commands, as a user gives them.
    "gantk.cli.data": "tests/gantk/data/test_command.py",
    "gantk.cli.data_report": "tests/gantk/data/test_command_findings.py",
    "gantk.cli.direction": "tests/gantk/data/test_command.py",
    "gantk.cli.encode": "tests/gantk/runtime/test_encode_score.py",
    "gantk.cli.generate": "tests/gantk/runtime/test_generate.py",
    "gantk.cli.report": "tests/gantk/runs/test_report.py",
    "gantk.cli.size": "tests/gantk/training/test_rectangles.py",
    "gantk.cli.step": "tests/gantk/runs/test_best.py",
    "gantk.cli.train*": "tests/gantk/training/test_train_command.py",
    "gantk.data.checks": "tests/gantk/data/test_command_findings.py",
    "gantk.plan.combinations": "tests/gantk/cli/test_plugins.py",
    "gantk.plan.tricks": "tests/plugins/test_tricks.py",
    "gantk.runtime.image_writer": "tests/gantk/runtime/test_generate.py",
    "gantk_exports.serve": "tests/exports/server",
    # By whole runs and models.
    "gantk.plan.changes": "tests/gantk/steering/test_replay.py",
    "gantk.plan.device": "tests/gantk/training/test_train_command.py",
    "gantk.plan.moved": "tests/gantk/training/test_going_on.py",
    "gantk.plan.proportion": "tests/gantk/runs/test_checkpoints_refused.py",
    "gantk.training.display": "tests/gantk/training/test_train_command.py",
    "gantk.recipe.*": "tests/gantk/training",
    "gantk.runs.tensors": "tests/gantk/runs/test_checkpoints_refused.py",
    "gantk.runtime.arrays": "tests/gantk/runtime/test_model.py",
    "gantk.runtime.strips.*": "tests/gantk/runtime/strips/test_translate_strips.py",
    # By folders and files that are opened.
    "gantk.data.formats.*": "tests/gantk/data/formats/test_formats.py",
    "gantk.data.joined": "tests/gantk/data/test_pairs.py",
    "gantk.data.matched": "tests/gantk/data/test_pairs.py",
    "gantk.data.mixed": "tests/gantk/data/test_names.py",
    "gantk.data.two_sides": "tests/gantk/data/test_pairs.py",
    "gantk.parts.pickles": "tests/exports/imports/test_damaged.py",
    "gantk_exports.reference": "tests/exports/imports/test_networks.py",
    "gantk_datasets.quantised": "tests/datasets/test_emoji.py",
    # By plugins that pass the checks, and by some that must fail them: test_*_checks.py.
    "gantk.testing.*": "tests/gantk/testing",
    "gantk_exports.preloaded": "tests/gantk/testing/test_suite.py",
    # By the names of the plugins, all in one table.
    "gantk_plugins.losses.*": "tests/plugins/losses/test_losses.py",
    "gantk_plugins.normalizations.*": "tests/plugins/normalizations/test_normalizations.py",
    "gantk_plugins.networks.disentangled": "tests/plugins/translation/test_munit.py",
}
"""Modules that neither their folder's tests nor a module that these name make use of, and what tries them, and how."""

HOMES = {name: module for module, names in gantk._HOMES.items() for name in names}
"""The modules of what `gantk` gives."""

DOTTED = re.compile(r"\bgantk\w*(?:[.:]\w+)+")
IMPORTED = re.compile(r"^\s*from (gantk[\w.]*) import (\([^)]*\)|.*)$", re.MULTILINE)


def modules():
    """Yield each module with code, and the folder in which it is mirrored."""
    for tree, mirror in TREES.items():
        for path in sorted((ROOT / tree).rglob("*.py")):
            within = path.relative_to(ROOT / tree)
            # What scaffolds are made of is text here, and a package's own file says what is in it.
            if not path.name.startswith("__") and "templates" not in within.parts:
                yield path, ROOT / mirror / within.parent


def named_in(path: Path) -> set[str]:
    """Return the modules that a file names, in imports or in text, with what it takes of them."""
    text = path.read_text("utf-8")
    found = {name.replace(":", ".") for name in DOTTED.findall(text)}
    for module, names in IMPORTED.findall(text):
        for name in re.findall(r"\w+", names):
            found.add(f"{HOMES.get(name, module) if module == 'gantk' else module}.{name}")
    return found


@cache
def tried(folder: Path) -> frozenset[str]:
    """Return what the tests of a folder name."""
    return frozenset(set().union(*(named_in(path) for path in folder.glob("*.py"))))


@cache
def users(folder: Path) -> dict[str, list[str]]:
    """Return the modules of a folder by the names that they import."""
    found: dict[str, list[str]] = {}
    for path in folder.glob("*.py"):
        for name in named_in(path):
            found.setdefault(name, []).append(dotted(path))
    return found


def dotted(path: Path) -> str:
    tree = next(ROOT / tree for tree in TREES if path.is_relative_to(ROOT / tree))
    return ".".join((tree.name, *path.relative_to(tree).with_suffix("").parts))


def is_named(module: str, names: Iterable[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for name in names)


def mirrored(path: Path, folder: Path) -> bool:
    module, paper = dotted(path), path.stem.rpartition("_")[0]
    # The files of one paper have one test.
    names = [path.stem, *([paper] if (path.parent / f"{paper}.py").exists() else [])]
    if any((folder / f"test_{name}.py").exists() for name in names) or is_named(module, tried(folder)):
        return True
    by = [user for name, using in users(path.parent).items() if is_named(module, [name]) for user in using]
    return any(is_named(user, tried(folder)) for user in by if user != module)


def test_each_module_is_tried_in_its_folder_or_is_known_to_be_elsewhere():
    left = [dotted(path) for path, folder in modules() if not mirrored(path, folder)]
    assert [name for name in left if not any(fnmatch(name, known) for known in ELSEWHERE)] == []
    assert [known for known in ELSEWHERE if not any(fnmatch(name, known) for name in left)] == [], "entries too many"


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_what_tries_them_is_there(test):
    assert (ROOT / test).exists()
