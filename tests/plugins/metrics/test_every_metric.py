"""What every built-in metric owes beyond the suite's checks: a source in its first line."""

import re
from importlib.metadata import entry_points

import pytest

METRICS = sorted(e.name for e in entry_points(group="gantk") if e.value.startswith("gantk_plugins.metrics."))


def module_of(name):
    (entry,) = entry_points(group="gantk", name=name)
    return entry.load()


def test_all_are_there():
    assert METRICS == ["code-error", "kid", "l1", "mode-coverage", "one-nn", "pair-agreement", "parzen", "psnr", "ssim"]


@pytest.mark.parametrize("name", METRICS)
def test_it_cites_its_source_in_the_first_line(name):
    first = module_of(name).__doc__.splitlines()[0]
    assert re.search(r"(et al\.|and \w+) (19|20)\d\d.*(arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4}/)", first)
