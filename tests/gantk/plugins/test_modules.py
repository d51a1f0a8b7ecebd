import json
import multiprocessing
import sys

import pytest

from gantk.errors import PluginError
from gantk.install_lines import extra_line
from gantk.plugins.manager import load_plugins

LOSS = "@hookimpl\ndef loss(): ...\n"


def refusal(*names):
    with pytest.raises(PluginError) as caught:
        load_plugins([str(name) for name in names])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_only_the_named_plugins_are_imported(distribution):
    marked = f"from gantk import hookimpl\n{LOSS}"
    distribution(
        "two-losses",
        {"gantk": {"wanted": "two_wanted", "unwanted": "two_unwanted"}},
        {"two_wanted.py": marked, "two_unwanted.py": marked},
    )
    load_plugins(["wanted"])
    assert "two_wanted" in sys.modules
    assert "two_unwanted" not in sys.modules


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        ("import json\n\njson.loads('{')\n", 4, "JSONDecodeError: Expecting property name"),
        ("import no_such_package\n", 2, "ModuleNotFoundError: No module named 'no_such_package'"),
        ("def broken(:\n", 2, "SyntaxError: invalid syntax"),
        ("raise SystemExit('bye')\n", 2, "SystemExit: bye"),
        ("raise ValueError('one\\ntwo')\n", 2, "ValueError: one"),
    ],
)
def test_a_failing_import_names_plugin_file_line_and_reason(plugin_file, body, line, reason):
    path = plugin_file("mine", body)
    assert f"plugin mine cannot be imported: {path}, line {line}: {reason}" in refusal(path)


def test_a_failing_import_in_an_installed_plugin_names_its_line(distribution):
    site = distribution("bad-gan", {"gantk": {"bad": "bad_gan.bad"}}, {"bad_gan/bad.py": "x = 1\nx / 0\n"})
    assert f"{site}/bad_gan/bad.py, line 2: ZeroDivisionError" in refusal("bad")


def test_an_entry_point_to_nowhere_is_named(distribution):
    distribution("bad-gan", {"gantk": {"bad": "bad_gan_nowhere"}})
    assert refusal("bad") == "plugin bad cannot be imported: ModuleNotFoundError: No module named 'bad_gan_nowhere'"


def test_a_module_of_an_extra_is_told_with_its_install_line(plugin_file, without):
    without("pillow_heif")
    assert refusal(plugin_file("mine", "import pillow_heif\n")).endswith(f"it comes with: {extra_line('heic')}")


def test_a_misspelled_hook_is_told_with_the_nearest(plugin_file):
    path = plugin_file("mine", "@hookimpl\ndef generater(): ...\n")
    assert refusal(path) == f"plugin mine ({path}): there is no hook 'generater'; did you mean 'generator'?"


def test_a_misspelled_specname_is_told_too(plugin_file):
    path = plugin_file("mine", "@hookimpl(specname='losss')\ndef mine(): ...\n")
    assert "there is no hook 'losss'; did you mean 'loss'?" in refusal(path)


def test_an_optional_hook_of_a_later_gantk_is_let_be(plugin_file):
    body = "@hookimpl(optionalhook=True)\ndef rewound(run, step): ...\n"
    assert load_plugins([str(plugin_file("mine", body))]).names == ("mine",)


def test_a_wrong_argument_is_told_with_the_right_ones(plugin_file):
    path = plugin_file("mine", "@hookimpl\ndef network_built(net, role): ...\n")
    assert "hook network_built has no argument 'net'; it takes network, role, build" in refusal(path)


def test_a_plugin_that_marks_nothing_is_refused(plugin_file):
    assert "answers no hook: mark its functions" in refusal(plugin_file("mine", "def generator(): ...\n"))


def test_a_file_can_import_its_neighbours(plugin_file, tmp_path):
    (tmp_path / "my_neighbour.py").write_text("weight = 3.0\n")
    body = "from my_neighbour import weight\n@hookimpl\ndef generator(): return lambda: weight\n"
    assert load_plugins([str(plugin_file("mine", body))]).factory("mine", "generator")() == 3.0


def test_what_a_file_defines_reaches_spawned_processes(plugin_file):
    body = "def triple(x):\n    return 3 * x\n@hookimpl\ndef generator(): return triple\n"
    triple = load_plugins([str(plugin_file("mine", body))]).factory("mine", "generator")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(triple, [1, 2]) == [3, 6]


def test_a_file_named_like_another_module_is_loaded_beside_it(plugin_file):
    first = plugin_file("json", "value = 1\n" + LOSS, folder="first")
    second = plugin_file("mine", "value = 2\n@hookimpl\ndef generator(): return lambda: value\n", folder="second")
    third = plugin_file("mine", "value = 3\n@hookimpl\ndef generator(): return lambda: value\n", folder="third")
    assert load_plugins([str(first)]).names == ("json",)
    assert sys.modules["json"] is json
    assert load_plugins([str(second)]).factory("mine", "generator")() == 2
    assert load_plugins([str(third)]).factory("mine", "generator")() == 3


def test_two_plugins_in_play_cannot_share_a_name(plugin_file):
    first, second = plugin_file("mine", LOSS, folder="a"), plugin_file("mine", LOSS, folder="b")
    assert refusal(first, second) == f"two plugins are called 'mine': {first} and {second}; rename the file"


def test_a_plugin_that_is_named_twice_is_there_once(plugin_file):
    path = str(plugin_file("mine", LOSS))
    assert load_plugins([path, path, "mine"]).names == ("mine",)
