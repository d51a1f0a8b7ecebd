import inspect
import re
from pathlib import Path

import pytest

from gantk import hookspecs
from gantk.plugins.hooks import hook_arguments

ROOT = Path(__file__).parents[2]
DOCUMENTED = (ROOT / "docs/hooks.md").read_text("utf-8")
HOOKS = tuple(hook_arguments())


def section(hook):
    """Return what the documentation says under a hook's heading."""
    found = re.search(rf"^### {hook}\n(.*?)(?=^##|\Z)", DOCUMENTED, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_is_documented_with_its_exact_signature(hook):
    # The annotations are text, which the signature shows in quotes.
    signature = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    assert f"```python\ndef {hook}{signature}\n```" in section(hook)


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_is_documented_with_an_example(hook):
    example = re.search(rf"^@hookimpl\ndef {hook}\(([\w, ]*)\):\n", section(hook), re.MULTILINE)
    assert example
    assert set(re.findall(r"\w+", example[1])) <= set(hook_arguments()[hook])


def test_no_hook_is_documented_that_is_none():
    assert re.findall(r"^### (\w+)$", DOCUMENTED, re.MULTILINE) == list(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_has_a_test_of_its_name(hook):
    tests = (ROOT / "tests").rglob("test_*.py")
    assert any(re.search(rf"^def test_hook_{hook}\(", path.read_text("utf-8"), re.MULTILINE) for path in tests)


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_is_said_in_one_sentence(hook):
    assert re.fullmatch(r"[A-Z][^\n]*\.", inspect.getdoc(getattr(hookspecs, hook)))
