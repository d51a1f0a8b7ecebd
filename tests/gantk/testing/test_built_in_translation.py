"""Recipes that translate, and their parts, pass every check; what they train is exported and run."""

import pytest

from support.built_in import TRANSLATION, passes_every_check


@pytest.mark.parametrize("name", sorted(TRANSLATION))
def test_it_passes_every_check_and_what_it_trains_is_exported_and_runs(name, checker, tmp_path):
    passes_every_check(name, checker, tmp_path)
