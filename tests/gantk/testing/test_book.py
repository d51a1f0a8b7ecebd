"""The plugins that the README and the book print whole pass every check that is for them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRINTED = {
    f"{page.stem}-{number}": code
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for number, code in enumerate(re.findall(r'^```python\n(""".*?)^```', page.read_text("utf-8"), re.M | re.S), 1)
    if "@hookimpl" in code
}

IMPORTS = """
from torch import Tensor, nn
from torch.nn.functional import interpolate
from gantk import Normalization, Unsupported, hookimpl

"""
HOOKS = (ROOT / "docs" / "hooks.md").read_text("utf-8")
NORMALIZATIONS = re.findall(r"^```python\n([^`]*\(Normalization\):[^`]*)^```", HOOKS, re.M)


def test_there_are_some():
    assert len(NORMALIZATIONS) == 2
    assert {name.partition("-")[0] for name in PRINTED} == {"README", "evaluation", "recipes"}


@pytest.mark.parametrize("name", PRINTED)
def test_it_is_a_good_plugin(name, checker, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PRINTED[name], "utf-8")
    checker.check(str(path)).require()


@pytest.mark.parametrize("code", NORMALIZATIONS)
def test_a_normalization_in_the_list_of_hooks_is_a_good_one(code, check):
    check(IMPORTS + code, "hooks", "finite", "gradients", "declares", "conditions").require()
