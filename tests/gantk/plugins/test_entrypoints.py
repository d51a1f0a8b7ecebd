import sys

import pytest

from gantk.errors import PluginError, UsageError
from gantk.plugins.entrypoints import InstalledPlugin, bringing, default, find, from_file, installed

BOMB = 'raise RuntimeError("this must not be imported")\n'
PLUGIN = '"""Swirls (Author et al. 2024).\n\nMore."""\nfrom gantk import hookimpl\n@hookimpl\ndef loss(): ...\n' + BOMB


def test_an_installed_plugin_is_described_without_importing_it_or_its_packages(distribution):
    site = distribution(
        "swirl-gan",
        {"gantk": {"swirl": "swirl_gan.papers.swirl"}},
        {"swirl_gan/__init__.py": BOMB, "swirl_gan/papers/__init__.py": BOMB, "swirl_gan/papers/swirl.py": PLUGIN},
    )
    plugin = installed()["swirl"]
    assert (plugin.distribution, plugin.version) == ("swirl-gan", "1.0")
    assert plugin.source == site / "swirl_gan/papers/swirl.py"
    assert plugin.summary == "Swirls (Author et al. 2024)."
    assert plugin.hooks == ("loss",)
    assert not [name for name in sys.modules if name.startswith("swirl_gan")]


def test_modules_at_the_top_packages_and_namespace_packages_are_found(distribution):
    site = distribution(
        "three",
        {"gantk": {"top": "three_top", "package": "three_package", "space": "three_space.inner"}},
        {"three_top.py": PLUGIN, "three_package/__init__.py": PLUGIN, "three_space/inner.py": PLUGIN},
    )
    found = installed()
    assert found["top"].source == site / "three_top.py"
    assert found["package"].source == site / "three_package/__init__.py"
    assert found["space"].source == site / "three_space/inner.py"


def test_two_distributions_with_one_name_are_both_named(distribution):
    distribution("first-gan", {"gantk": {"swirl": "first.swirl"}})
    distribution("second-gan", {"gantk": {"swirl": "second.swirl"}})
    with pytest.raises(PluginError, match=r"'swirl'") as caught:
        installed()
    assert "first-gan 1.0 (first.swirl)" in str(caught.value)
    assert "second-gan 1.0 (second.swirl)" in str(caught.value)


def test_what_cannot_be_read_says_so_and_spoils_nothing(distribution):
    distribution(
        "broken-gan",
        {"gantk": {"nowhere": "broken_gan.nowhere", "unreadable": "broken_file", "inside": "broken_file.x"}},
        {"broken_file.py": "def f(:\n"},
    )
    found = installed()
    assert found["nowhere"].source is None
    assert found["nowhere"].summary == "(its module broken_gan.nowhere has no source file)"
    assert found["inside"].source is None
    assert "line 1" in found["unreadable"].summary
    assert bringing("loss", {"unreadable": found["unreadable"]}) == ()


def test_a_compiled_module_has_no_source():
    assert InstalledPlugin("fast", "pydantic_core._pydantic_core").source is None


def test_bringing_names_the_plugins_that_answer_a_hook(distribution):
    distribution("swirl-gan", {"gantk": {"swirl": "swirl_loss"}}, {"swirl_loss.py": PLUGIN})
    assert "swirl" in bringing("loss")
    assert "swirl" not in bringing("generator")


def test_the_default_is_the_one_that_a_package_names(distribution):
    assert default("data") == "emoji"
    distribution("other-data", {"gantk.defaults": {"data": "clouds", "colour": "red"}})
    with pytest.raises(PluginError, match=r"clouds \(other-data\)") as caught:
        default("data")
    assert "emoji (gantk)" in str(caught.value)


def test_a_file_is_a_plugin_called_like_the_file(plugin_file):
    path = plugin_file("my_loss", "@hookimpl\ndef loss(): ...\n")
    plugin = from_file(path)
    assert (plugin.name, plugin.source, plugin.hooks) == ("my_loss", path, ("loss",))
    assert find(str(path)) == plugin


@pytest.mark.parametrize(("name", "reason"), [("gone.py", "does not exist"), ("notes.txt", "not a Python file")])
def test_what_is_no_python_file_is_refused(tmp_path, name, reason):
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(PluginError, match=reason) as caught:
        from_file(tmp_path / name)
    assert name in str(caught.value)


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(PluginError, match=r"not a Python file"):
        from_file(tmp_path / "folder.py")


def test_a_file_of_another_kind_is_said_to_be_no_plugin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.npz").touch()
    with pytest.raises(UsageError, match=r"^pairs.npz is no plugin: that is a .py file, or the name of one"):
        find("pairs.npz")


def test_an_unknown_name_gives_the_nearest(distribution):
    distribution("swirl-gan", {"gantk": {"swirling": "swirl_loss"}})
    with pytest.raises(UsageError, match=r"no plugin is called 'swirlin'; did you mean 'swirling'"):
        find("swirlin")
    with pytest.raises(UsageError, match=r"'Swirling'; did you mean 'swirling'"):
        find("Swirling")
    with pytest.raises(UsageError, match=r"'qqq'; of \d+ known, the nearest are .*; gantk plugins lists all"):
        find("qqq")
