"""What every built-in metric owes beyond the suite's checks: a source in its first line."""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

METRICS = sorted(e.name for e in entry_points(group="gantk") if e.value.startswith("gantk_plugins.metrics."))


def module_of(name):
    (entry,) = entry_points(group="gantk", name=name)
    return entry.load()


def test_all_are_there():
    declared = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
    plugins = declared["project"]["entry-points"]["gantk"]
    assert sorted(name for name, module in plugins.items() if ".metrics." in module) == METRICS


@pytest.mark.parametrize("name", METRICS)
def test_it_cites_its_source_in_the_first_line(name):
    first = module_of(name).__doc__.splitlines()[0]
    assert re.search(r"(et al\.|and \w+) (19|20)\d\d.*(arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4}/)", first)
