"""A plugin that states which hook API it was written for."""

import re
from pathlib import Path

import pytest

import gantk
from gantk.errors import PluginError
from gantk.install_lines import newer_line, packages_line
from gantk.plugins.api import mismatch
from gantk.plugins.entrypoints import InstalledPlugin, from_file
from gantk.plugins.manager import load_plugins

LOSS = "@hookimpl\ndef loss(): ...\n"


def refusal(name):
    with pytest.raises(PluginError) as caught:
        load_plugins([str(name)])
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("has", "stated", "fits"),
    [
        ("1.0", ">=1,<2", True),
        ("1.4", ">=1,<2", True),
        ("1.4", ">=1.5,<2", False),
        ("1.10", ">=1.9", True),
        ("2.0", ">=1,<2", False),
        ("1.0", "==1", True),
        ("1.1", "==1", False),
        ("1.1", "<=1.1", True),
        ("1.1", " > 1.0 , < 1.2 ", True),
        ("1.1", ">1.1", False),
    ],
)
def test_a_range_is_compared_number_by_number(has, stated, fits, monkeypatch):
    monkeypatch.setattr(gantk, "HOOK_API", has)
    assert (mismatch(InstalledPlugin("mine", "mine"), stated) is None) == fits


def test_a_plugin_for_this_api_and_one_that_states_nothing_are_loaded(plugin_file):
    assert load_plugins([str(plugin_file("one", f"gantk_api = '>={gantk.HOOK_API}'\n{LOSS}"))]).leading == "one"
    assert load_plugins([str(plugin_file("other", LOSS))]).leading == "other"


def test_a_plugin_for_a_newer_api_is_refused_before_it_is_imported(plugin_file):
    path = plugin_file("mine", f"gantk_api: str = '>=9'\nfrom gantk import Unheard\n{LOSS}")
    assert refusal(path) == (
        f"plugin mine ({path}) was written for hook API >=9, and gantk {gantk.__version__} has {gantk.HOOK_API}: "
        f"{newer_line()}"
    )


def test_a_package_for_an_older_api_is_told_how_to_renew_it(distribution):
    distribution("old-gan", {"gantk": {"old": "old_gan"}}, {"old_gan.py": "gantk_api = '>=0.3,<1'\n"})
    assert refusal("old").endswith(
        f"{packages_line('-U', 'old-gan')}, or adapt it to docs/hooks.md and change its gantk_api"
    )


def test_a_range_that_is_computed_is_read_after_the_import(plugin_file):
    path = plugin_file("mine", f"gantk_api = '>=' + str(9)\n{LOSS}")
    assert from_file(path).gantk_api is None
    assert "was written for hook API >=9" in refusal(path)


@pytest.mark.parametrize("stated", ["'1'", "'>=1,'", "'~=1.0'", "''", "1.0"])
def test_what_is_no_range_is_said_so(stated, plugin_file):
    said = refusal(plugin_file("mine", f"gantk_api = {stated}\n{LOSS}"))
    assert f"its gantk_api is {stated}, which is no range: write it like gantk_api = '>=1,<2'" in said


def test_the_command_ends_with_the_line_and_no_traceback(plugin_file, capsys):
    from gantk.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["plugins", str(plugin_file("mine", f"gantk_api = '<1'\n{LOSS}"))])
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert shown.err.startswith("Error: plugin mine (")
    assert shown.err.count("\n") == 1


def test_the_version_is_documented_as_it_is():
    text = (Path(__file__).parents[3] / "docs/hooks.md").read_text("utf-8")
    assert f"It is {gantk.HOOK_API} here." in text
    stated = re.search(r'^gantk_api = "(.*)"$', text, re.MULTILINE)[1]
    assert mismatch(InstalledPlugin("mine", "mine"), stated) is None
