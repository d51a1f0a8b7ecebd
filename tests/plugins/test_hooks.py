"""What every built-in plugin owes beyond the suite's checks: a citation in its first line."""

import re
from importlib.metadata import entry_points

import pytest

BUILT_IN = sorted(
    entry.name
    for entry in entry_points(group="gantk")
    if entry.value.startswith("gantk_plugins.") and ".metrics." not in entry.value
)
CITATION = r"\(.+ et al\. (19|20)\d\d, arXiv:\d{4}\.\d{4,5}|\(\w+ (and|&) \w+ 20\d\d, arXiv:\d{4}\.\d{4,5}"


def module_of(name):
    (entry,) = entry_points(group="gantk", name=name)
    return entry.load()


def test_all_are_there():
    assert len(BUILT_IN) == 29


@pytest.mark.parametrize("name", BUILT_IN)
def test_cites_its_paper_in_the_first_line(name):
    assert re.search(CITATION, module_of(name).__doc__.splitlines()[0])
