import json

import pytest
from click.testing import CliRunner

from gantk.cli.plugins import plugins

PAPER = '''
"""Dilated U-Net (Author et al. 2024, arXiv:2401.00001).

A paragraph that is longer than a line of the terminal has room for, and which is therefore wrapped where it is shown.

    an indented line that is longer than a line of the terminal has room for stays as it was written here
"""
from gantk import AdversarialLoss, Settings, hookimpl

def dilated(spec, build, *, filters: int = 64, rates: tuple[float, float] = (0.5, 0.9)):
    """Return it.

    Args:
        filters: channels of the first layer.
    """

class Game(AdversarialLoss):
    settings = Settings(learning_rate=1e-4, batch_size=1, flip=False)

@hookimpl
def generator():
    return dilated

@hookimpl
def loss():
    return Game

@hookimpl
def run_started(run): ...
'''


def show(*arguments):
    return CliRunner().invoke(plugins, arguments)


@pytest.fixture
def installed_paper(distribution):
    return distribution(
        "dilated-gan", {"gantk": {"dilated": "dilated_gan"}}, {"dilated_gan.py": PAPER, "__init__.py": ""}
    )


def test_the_list_groups_plugins_by_what_they_bring(installed_paper):
    shown = show()
    assert shown.exit_code == 0
    recipes, generators = shown.stdout.index("Recipes ("), shown.stdout.index("Generators (--generator NAME)")
    assert recipes < shown.stdout.index("  cyclegan ") < generators < shown.stdout.index("  dilated ")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "Also: loss, run_started." in " ".join(shown.stdout.split())


def test_the_list_as_json(installed_paper):
    entries = {entry["name"]: entry for entry in json.loads(show("--json").stdout)}
    assert entries["dilated"] == {
        "name": "dilated",
        "summary": "Dilated U-Net (Author et al. 2024, arXiv:2401.00001).",
        "brings": ["generator", "loss"],
        "answers": ["run_started"],
        "distribution": "dilated-gan",
        "version": "1.0",
        "module": "dilated_gan",
    }
    assert entries["cyclegan"]["brings"] == ["recipe"]


def test_a_plugins_page(installed_paper):
    shown = show("dilated").stdout
    words = " ".join(shown.split())
    assert shown.startswith("Dilated U-Net (Author et al. 2024, arXiv:2401.00001).\n\nA paragraph")
    assert "Paper https://arxiv.org/abs/2401.00001" in words
    assert "Installed by dilated-gan 1.0 (dilated_gan)" in words
    assert "Brings generator, loss Answers run_started" in words
    assert "Generator dilated: -s generator.filters=64 channels of the first layer. [int]" in words
    assert "-s generator.rates=0.5,0.9 [tuple[float, float]]" in words
    assert "Loss Game: Settings learning_rate 0.0001, batch_size 1, flip false" in words
    assert [line for line in shown.splitlines() if len(line) > 80] == [
        "    an indented line that is longer than a line of the terminal has room for stays as it was written here"
    ]


def test_a_plugins_page_as_json(installed_paper):
    page = json.loads(show("dilated", "--json").stdout)
    generator, loss = page["parts"]
    assert page["papers"] == ["https://arxiv.org/abs/2401.00001"]
    assert page["source"] == str(installed_paper / "dilated_gan.py")
    assert generator["options"][0] == {
        "name": "generator.filters",
        "type": "int",
        "default": 64,
        "help": "channels of the first layer.",
    }
    assert loss["settings"] == {"learning_rate": 1e-4, "batch_size": 1, "flip": False}


def test_a_recipes_page_says_what_it_needs_and_uses():
    words = " ".join(show("cyclegan").stdout.split())
    assert "Kind unpaired" in words
    assert "Defaults generator resnet, discriminator patchgan, loss lsgan" in words
    assert "-s cycle=10.0" in words


def test_a_metrics_page_names_its_options_as_evaluate_takes_them():
    assert "Metrics (gantk evaluate RUN --metric NAME):" in show().stdout
    words = " ".join(show("mode-coverage").stdout.split())
    assert "Metric ModeCoverage: -s mode-coverage.points=2500" in words


def test_the_page_of_a_file(plugin_file):
    path = plugin_file("mine", "def own(*, depth: int = 3): ...\n@hookimpl\ndef dataset(): return own\n")
    shown = show(str(path)).stdout
    assert f"Source{path}" in "".join(shown.split())  # a long path is wrapped
    assert "-s data.depth=3" in shown


def test_without_what_a_plugin_needs_its_page_shows_all_but_its_options(plugin_file):
    path = plugin_file("mine", "import pillow_heif\n@hookimpl\ndef loss(): ...\n")
    shown = show(str(path))
    assert shown.exit_code == 0
    words = " ".join(shown.stdout.split())
    assert "Brings loss" in words
    assert "pip install 'gantk[heic]'" in words


def test_errors_name_the_plugin(plugin_file):
    assert "no plugin is called 'cyclegn'; did you mean 'cyclegan'?" in str(show("cyclegn").exception)
    assert "mine cannot be imported" in str(show(str(plugin_file("mine", "1 / 0\n"))).exception)
