import pytest
import torch
from torch import nn

from gantk.errors import PluginError, Unsupported, UsageError
from gantk.plugins.manager import load_plugins

LOG = """
calls = []
@hookimpl
def run_started(run): calls.append(run)
@hookimpl
def generator(): return lambda spec, build: None
"""


def loaded(*paths):
    return load_plugins([str(path) for path in paths])


def test_the_first_plugin_leads(plugin_file):
    plugins = loaded(plugin_file("one", LOG), plugin_file("two", LOG))
    assert (plugins.leading, plugins.names) == ("one", ("one", "two"))


def test_no_plugin_at_all_is_refused():
    with pytest.raises(UsageError, match=r"say --plugin NAME; installed recipes: .*cyclegan"):
        load_plugins([])


def test_life_hooks_reach_the_plugins_in_play_in_their_order_and_no_lender(plugin_file):
    body = "@hookimpl\ndef step_ended(run, step): run.append(('{0}', step))\n@hookimpl\ndef dataset(): return len\n"
    one, two, lender = (plugin_file(name, body.format(name)) for name in ("one", "two", "lender"))
    plugins, run = loaded(one, two), []
    assert plugins.factory(str(lender), "dataset") is len
    plugins.hook.step_ended(run=run, step=7, losses={})
    assert run == [("one", 7), ("two", 7)]


def test_a_life_hook_that_fails_names_plugin_and_line(plugin_file):
    path = plugin_file("mine", "@hookimpl\ndef run_started(run):\n    run.missing\n")
    with pytest.raises(PluginError) as caught:
        loaded(path).hook.run_started(run=object())
    assert str(caught.value).startswith(f"plugin mine: hook run_started failed: {path}, line 4: AttributeError: ")


def test_a_hook_that_does_not_exist_cannot_be_called(plugin_file):
    with pytest.raises(AttributeError):
        loaded(plugin_file("mine", LOG)).hook.run_paused(run=None)


def test_a_plugin_without_the_part_answers_none(plugin_file):
    plugins = loaded(plugin_file("mine", LOG))
    assert plugins.factory("mine", "loss") is None
    assert plugins.factory("mine", "generator")(None, None) is None


def test_a_factory_of_an_installed_plugin_that_is_not_in_play(plugin_file):
    plugins = loaded(plugin_file("mine", LOG))
    assert plugins.factory("lsgan", "loss")().settings is not None
    assert plugins.names == ("mine",)
    assert plugins.found["lsgan"].distribution == "gantk"


@pytest.mark.parametrize(
    ("hook", "answer", "reason"),
    [
        ("generator", "nn.Identity()", "returned an object of type Identity; return the class or function"),
        ("dataset", "3", "returned an object of type int; return the class or function"),
        ("recipe", "None", "returned nothing; return the class or function that makes it"),
        ("recipe", "nn.Module", "returned the class Module; return a subclass of gantk.Recipe"),
        ("loss", "len", "returned the function len; return a subclass of gantk.AdversarialLoss"),
        ("normalization", "nn.BatchNorm2d", "returned the class BatchNorm2d; return a subclass of gantk.Normalization"),
    ],
)
def test_a_wrong_answer_names_plugin_hook_and_what_is_wanted(plugin_file, hook, answer, reason):
    path = plugin_file("mine", f"from torch import nn\n@hookimpl\ndef {hook}(): return {answer}\n")
    with pytest.raises(PluginError) as caught:
        loaded(path).factory("mine", hook)
    assert str(caught.value).startswith(f"plugin mine ({path}): hook {hook} {reason}")


def test_a_part_hook_that_raises_names_plugin_and_line(plugin_file):
    path = plugin_file("mine", "@hookimpl\ndef loss():\n    raise KeyError('x')\n")
    with pytest.raises(PluginError, match=f"plugin mine: hook loss failed: {path}, line 4: KeyError: 'x'"):
        loaded(path).factory("mine", "loss")


def test_each_plugin_sees_the_network_that_the_one_before_it_returned(plugin_file):
    wrap = "from torch import nn\n@hookimpl\ndef network_built(network): return nn.Sequential(network, nn.{0}())\n"
    keep = "@hookimpl\ndef network_built(): return None\n"
    plugins = loaded(
        plugin_file("one", wrap.format("ReLU")), plugin_file("two", keep), plugin_file("three", wrap.format("Tanh"))
    )
    changed = plugins.network_built(nn.Identity(), "generator", None)
    assert str(changed[1]) == "Tanh()"
    assert str(changed[0][1]) == "ReLU()"
    assert torch.equal(changed(torch.tensor([-1.0, 1.0])), torch.tanh(torch.tensor([0.0, 1.0])))


def test_a_network_hook_must_return_a_network(plugin_file):
    path = plugin_file("mine", "@hookimpl\ndef network_built(network): return network, 1\n")
    with pytest.raises(PluginError, match=r"network_built returned an object of type tuple; return an nn"):
        loaded(path).network_built(nn.Identity(), "generator", None)


def test_a_network_hook_may_say_that_it_cannot(plugin_file):
    body = "from gantk import Unsupported\n@hookimpl\ndef network_built(): raise Unsupported('not this one')\n"
    with pytest.raises(Unsupported, match=r"^not this one$"):
        loaded(plugin_file("mine", body)).network_built(nn.Identity(), "generator", None)


def test_the_trace_says_once_who_answered_what(plugin_file, monkeypatch, capsys):
    monkeypatch.setenv("GANTK_TRACE", "1")
    body = "def small(): ...\n@hookimpl\ndef generator(): return small\n@hookimpl\ndef run_started(): ...\n"
    plugins = loaded(plugin_file("mine", body))
    for _ in range(3):
        plugins.hook.run_started(run=None)
    plugins.factory("mine", "generator")
    plugins.factory("mine", "loss")
    assert capsys.readouterr().err == "gantk: run_started: mine\ngantk: generator: mine -> mine.small\n"


def test_without_the_trace_nothing_is_printed(plugin_file, monkeypatch, capsys):
    monkeypatch.delenv("GANTK_TRACE", raising=False)
    loaded(plugin_file("mine", LOG)).hook.run_started(run=None)
    assert capsys.readouterr() == ("", "")


def test_a_part_that_another_name_answers_for_is_held_against_the_hook_too(plugin_file):
    file = plugin_file("renamed", '@hookimpl(specname="loss")\ndef game():\n    return 3\n')
    with pytest.raises(PluginError, match=r"plugin renamed .*: hook loss returned an object of type int"):
        load_plugins([str(file)]).factory("renamed", "loss")


def test_a_name_that_is_no_answer_is_not_taken_for_one(plugin_file):
    body = 'from os import path as loss\n\n@hookimpl(specname="generator")\ndef made():\n    return lambda: None\n'
    assert load_plugins([str(plugin_file("borrowed", body))]).factory("borrowed", "loss") is None
