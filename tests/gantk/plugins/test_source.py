from pathlib import Path

import pytest

from gantk.errors import PluginError
from gantk.plugins.source import describe, docstring

EVERY_FORM = '''
"""A paper (Author et al. 2024, arXiv:2401.00001).

More of it.
"""
import sys

import gantk
from gantk import hookimpl as mark
from gantk import hookimpl

raise RuntimeError("reading must not run this")

@hookimpl
def generator(): ...

@gantk.hookimpl
def loss(): ...

@hookimpl(specname="recipe")
def my_recipe(): ...

@mark(tryfirst=True)
def dataset(): ...

if sys.platform:
    @hookimpl
    def run_started(run): ...

def discriminator():
    @hookimpl
    def run_ended(): ...

@staticmethod
def normalization(): ...

class Inner:
    @hookimpl
    def network_built(self): ...
'''


def test_every_form_of_the_mark_is_seen_and_nothing_else(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(EVERY_FORM)
    summary, hooks = describe(path)
    assert summary == "A paper (Author et al. 2024, arXiv:2401.00001)."
    assert hooks == ("generator", "loss", "recipe", "dataset", "run_started")
    assert docstring(path).endswith("arXiv:2401.00001).\n\nMore of it.")


def test_without_a_docstring_the_summary_is_empty(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("x = 1\n")
    assert describe(path) == ("", ())
    assert docstring(path) == ""


@pytest.mark.parametrize(
    ("content", "reason"), [(b"x = 1\ndef broken(:\n", "line 2: "), (b"x = '\xff'\n", "decode"), (b"x\0", "null bytes")]
)
def test_what_is_not_python_is_named(tmp_path, content, reason):
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    with pytest.raises(PluginError, match=reason) as caught:
        describe(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named():
    with pytest.raises(PluginError, match=r"gone.py cannot be read: No such file"):
        describe(Path("gone.py"))


def test_a_file_that_has_changed_is_read_again(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text('"""One."""\n')
    assert describe(path) == ("One.", ())
    path.write_text('"""Another."""\n')
    assert describe(path) == ("Another.", ())
