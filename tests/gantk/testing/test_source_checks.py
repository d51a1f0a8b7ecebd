"""Plugins with one fault each in their hooks, options, docstring or imports."""

import pytest

LOSS = """
from gantk import AdversarialLoss, hookimpl

class Margin(AdversarialLoss):
    def __init__(self, {options}):
        super().__init__()

    def discriminator(self, real_scores, fake_scores):
        return (fake_scores - real_scores).mean()

    def generator(self, fake_scores, real_scores=None):
        return -fake_scores.mean()

@hookimpl
def loss():
    return Margin
"""

OPTIONS = ("hooks", "paper", "option-kinds", "option-help")


def loss(options="", before=""):
    return before + LOSS.format(options=options)


def test_a_hook_with_a_wrong_argument(caught):
    body = "from gantk import hookimpl\n\n@hookimpl\ndef step_ended(step, loss): ...\n"
    assert "hook step_ended has no argument 'loss'; it takes run, step, losses" in caught(body, "hooks")


def test_a_misspelled_hook(caught):
    body = "from gantk import hookimpl\n\n@hookimpl\ndef generater(): ...\n"
    assert "did you mean 'generator'" in caught(body, "hooks")


def test_a_hook_that_forgets_to_return(caught):
    body = "from gantk import hookimpl\n\n@hookimpl\ndef generator(): ...\n"
    assert "hook generator returned nothing" in caught(body, "hooks")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("import nowhere_to_be_found\n", "line 2: ModuleNotFoundError"),
        ('gantk_api = ">=9"\n', "was written for hook API >=9"),
        ('gantk_api = ">=" + "9"\n', "was written for hook API >=9"),
    ],
)
def test_a_plugin_that_cannot_be_imported_fails_once_and_skips_the_rest(before, said, check):
    report = check(loss(before=before))
    assert [outcome.check for outcome in report.failures] == ["hooks"]
    assert said in report["hooks"].reason
    assert {outcome.reason for outcome in report.outcomes[1:]} == {"hooks did not pass"}
    assert said in check(loss(before=before), "import-state")["import-state"].reason


@pytest.mark.parametrize(
    ("options", "fails", "said"),
    [
        ("*, margin: float = 1.0", "option-help", "option margin of loss Margin"),
        ("margin: float = 1.0", "option-kinds", "option margin of loss Margin"),
        ("*, margin=1.0", "option-kinds", "option margin of Margin has no type"),
        ("*, margin: float", "option-kinds", "option margin of Margin has no default"),
        ('*, margin: float = "wide"', "option-kinds", "the default 'wide' is not of its type, float"),
        ("*, margin: object = None, other: 'Nothing' = 1", "option-kinds", "its type cannot be evaluated"),
    ],
)
def test_an_option_that_is_undocumented_positional_or_untyped(options, fails, said, check):
    report = check(loss(options), *OPTIONS)
    assert fails in [outcome.check for outcome in report.failures]
    assert said in report[fails].reason
    assert report["hooks"].status == report["paper"].status == "pass"


def test_a_positional_option_is_named_with_its_line(caught, line):
    reason = caught(loss("margin: float = 1.0"), "option-kinds")
    assert f"({line('def __init__')}) is positional" in reason
    assert "(*, margin: int = 1)" in reason


def test_a_recipes_option_that_bears_a_settings_name(caught):
    body = """
    from gantk import Recipe, hookimpl

    class Mine(Recipe):
        def __init__(self, build, *, learning_rate: float = 1.0): ...

    @hookimpl
    def recipe():
        return Mine
    """
    assert "option learning_rate" in caught(body, "option-names")


@pytest.mark.parametrize(
    ("docstring", "status"),
    [
        ('"""A loss that I like."""\n', "FAIL"),
        ("", "FAIL"),
        ('"""My loss, unpublished."""\n', "pass"),
        ('"""The margin game (Zhao et al. 2016)."""\n', "pass"),
        ('"""See doi:10.1109/TIP.2003.819861."""\n', "pass"),
        ('"""See arXiv:1609.03126."""\n', "pass"),
    ],
)
def test_a_paper_is_cited_or_missed(docstring, status, check):
    assert check(loss(), "paper", docstring=docstring)["paper"].status == status


def test_a_package_that_is_imported_needlessly(caught, line):
    reason = caught(loss(before="import iniconfig\n"), "imports")
    assert f"{line('iniconfig')} imports iniconfig" in reason


def test_a_data_set_that_loads_torch(caught, line):
    body = "import torch\nfrom gantk import hookimpl\n\n@hookimpl\ndef dataset():\n    return torch.nn.Module\n"
    reason = caught(body, "imports")
    assert f"{line('import torch')} loads torch, which data sets do without" in reason


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("from pathlib import Path\nPath(__file__).with_name('log.txt').write_text('x')", "writes the file"),
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''])", "starts a process"),
        (
            "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))",
            "opens a connection",
        ),
        ("import threading\nthreading.Thread(target=threading.Event().wait, args=(1,)).start()", "starts a thread"),
        ("print('hello')", "prints 'hello'"),
    ],
)
def test_an_import_with_effects(code, said, caught):
    reason = caught(loss(before=f"{code}\n"), "import-effects")
    assert said in reason
    if said not in ("starts a thread", "prints 'hello'"):
        assert "mine.py:3: " in reason


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import torch\ntorch.set_default_dtype(torch.float64)",
            "torch's default dtype: torch.float32 became torch.float64",
        ),
        ("import torch\ntorch.set_num_threads(7)", "became 7"),
        ("import torch\ntorch.manual_seed(0)", "the random numbers of torch were drawn or seeded"),
        ("import numpy\nnumpy.random.seed(0)", "the random numbers of NumPy (numpy.random) were drawn or seeded"),
        ("import os\nos.environ['OMP_DYNAMIC'] = '1'", "environment variable OMP_DYNAMIC: unset became 1"),
        ("import warnings\nwarnings.simplefilter('ignore')", "the warnings filters have changed"),
    ],
)
def test_an_import_that_changes_what_all_code_shares(code, said, caught):
    assert said in caught(loss(before=f"{code}\n"), "import-state")
