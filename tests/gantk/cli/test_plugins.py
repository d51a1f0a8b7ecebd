import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gantk.cli.plugins import plugins
from gantk.install_lines import extra_line

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
    family, generators = (
        shown.stdout.index("Recipes that translate"),
        shown.stdout.index("Generators (--generator NAME)"),
    )
    assert family < shown.stdout.index("  cyclegan ") < generators < shown.stdout.index("  dilated ")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert max(map(len, shown.stdout.splitlines())) <= 80
    (cut,) = (line for line in lines if line[:3] == ["cut", "one-sided", "unpaired"])
    assert cut[-2:] == ["…", "(2020)"]
    assert ["dilated", "Dilated", "U-Net", "(Author", "et", "al.", "2024)", "Also:", "run_started."] in lines
    assert re.search(r"also by +began, dilated, ebgan, ", " ".join(shown.stdout.split()))


def test_the_list_as_json(installed_paper):
    entries = {entry["name"]: entry for entry in json.loads(show("--json").stdout)}
    assert entries["dilated"] == {
        "name": "dilated",
        "summary": "Dilated U-Net (Author et al. 2024, arXiv:2401.00001).",
        "family": "",
        "brings": ["generator", "loss"],
        "answers": ["run_started"],
        "gantk_api": None,
        "fits": True,
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
        "choices": None,
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


def test_without_what_a_plugin_needs_its_page_shows_all_but_its_options(plugin_file, without):
    without("pillow_heif")
    path = plugin_file("mine", "import pillow_heif\n@hookimpl\ndef loss(): ...\n")
    shown = show(str(path))
    assert shown.exit_code == 0
    words = "".join(shown.stdout.split())
    assert "Bringsloss" in words
    assert extra_line("heic").replace(" ", "") in words


def test_errors_name_the_plugin(plugin_file):
    assert "no plugin is called 'cyclegn'; did you mean 'cyclegan'?" in str(show("cyclegn").exception)
    assert "mine cannot be imported" in str(show(str(plugin_file("mine", "1 / 0\n"))).exception)


def test_papers_are_named_once_by_their_addresses(plugin_file):
    path = plugin_file("mine", "@hookimpl\ndef dataset(): return len\n__doc__ = ''\n")
    text = '"""A game (arXiv:2401.00001, arXiv: 2401.00001; doi:10.1109/X.2.3, and arXiv:hep-th/9901001)."""\n'
    path.write_text(text + path.read_text())
    assert json.loads(show(str(path), "--json").stdout)["papers"] == [
        "https://arxiv.org/abs/2401.00001",
        "https://doi.org/10.1109/X.2.3",
        "https://arxiv.org/abs/hep-th/9901001",
    ]


def test_a_plugin_for_another_hook_api_stands_in_the_list_with_what_it_was_written_for(distribution):
    distribution(
        "new-gan",
        {"gantk": {"new": "new_gan"}},
        {"new_gan.py": "from gantk import hookimpl\ngantk_api = '>=9'\n@hookimpl\ndef loss(): ...\n"},
    )
    entries = {entry["name"]: entry for entry in json.loads(show("--json").stdout)}
    assert (entries["new"]["gantk_api"], entries["new"]["fits"]) == (">=9", False)
    assert "(Written for another hook API: >=9.)" in " ".join(show().stdout.split())


RECIPE = """
from typing import Literal
from torch import nn
from gantk import Build, Defaults, DiscriminatorSpec, GeneratorSpec, Recipe, UsageError

class Small(Recipe):
    kind = "images"
    defaults = Defaults(
        generator="gan", discriminator="gan", loss="hinge", normalization={"generator": "none", "discriminator": "none"}
    )
    def __init__(self, build: Build, *, way: Literal["up", "down"] = "up"):
        super().__init__()
        if build.parts["loss"].plugin == "wgan":
            raise UsageError("plays another game")
        self.generator = build.generator(GeneratorSpec(latent=4, size=build.data.size))
        self.discriminator = build.discriminator(DiscriminatorSpec(channels=3, size=build.data.size))
    def players(self): ...
    def step(self, batches): ...
    def preview(self, batch): ...
    def graphs(self): ...

@hookimpl
def recipe(): return Small
"""


def test_a_recipes_combinations_are_found_by_building_it(plugin_file):
    path = str(plugin_file("small", RECIPE))
    found = json.loads(show(path, "--json", "--combinations").stdout)["combinations"]
    assert found["size"] == 64
    assert set(found["slots"]) == {
        "generator",
        "discriminator",
        "loss",
        "normalization.generator",
        "normalization.discriminator",
    }
    generator, loss = found["slots"]["generator"], found["slots"]["loss"]
    assert {"gan", "dcgan"} <= set(generator["accepts"])
    assert generator["refuses"]["resnet"] == "takes no latent vector"
    assert loss["refuses"]["wgan"] == "plays another game"
    assert {"hinge", "lsgan", "wgan-gp"} <= set(loss["accepts"])
    assert not set(loss["accepts"]) & set(loss["refuses"])
    shown = " ".join(show(path, "--combinations").stdout.split())
    assert re.search(r"not [\w, -]*resnet, [\w, -]*unet: takes no latent vector", shown)
    assert "[one of up, down]" in shown


def test_a_recipes_page_says_how_its_combinations_are_shown(plugin_file):
    path = str(plugin_file("small", RECIPE))
    assert f"gantkplugins{path}--combinations" in "".join(show(path).stdout.split())
    assert "gantk plugins pix2pix --combinations" in show("pix2pix").stdout
    assert json.loads(show(path, "--json").stdout)["combinations"] is None


def test_combinations_are_those_of_one_recipe(plugin_file):
    assert "--combinations is for one recipe" in str(show("--combinations").exception)
    assert "--combinations is for recipes: hinge brings loss" in str(show("hinge", "--combinations").exception)
    unable = RECIPE.replace('generator="gan"', 'generator="resnet"')
    said = str(show(str(plugin_file("unable", unable)), "--combinations").exception)
    assert said.startswith("recipe unable cannot be built on its own: takes no latent vector")


def test_every_key_of_the_json_is_documented_and_no_other(plugin_file):
    page = json.loads(show(str(plugin_file("small", RECIPE)), "--json", "--combinations").stdout)
    text = (Path(__file__).parents[3] / "docs/new-plugin.md").read_text("utf-8")
    documented = {
        title: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        for title, section in re.findall(r"^### (.*?)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    }
    entry = list(json.loads(show("--json").stdout)[0])
    assert documented["An entry"] == entry
    assert documented["A page"] == [key for key in page if key not in entry]
    assert documented["A part"] == list(page["parts"][0])
    assert documented["An option"] == list(page["parts"][0]["options"][0])
    assert documented["Combinations"] == list(page["combinations"])
