"""When a young run shows itself."""

import pytest

from gantk.training.early import EarlyPreviews


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.01, [256]),
        (0.36, [8, 16, 32, 64, 128, 256]),
        (1.3, [4, 8, 16, 32, 64, 128, 256]),
        (20.0, [2, 4, 8, 16, 32, 64, 128, 256]),
    ],
)
def test_previews_come_early_and_ever_further_apart_until_they_come_regularly(seconds, shown):
    early = EarlyPreviews(500)
    assert [step for step in range(1, 2000) if early.is_due(step, 1000 + seconds * step)] == shown


def test_of_regular_previews_that_come_at_once_none_is_early():
    early = EarlyPreviews(2)
    assert not any(early.is_due(step, 60.0 * step) for step in range(1, 100))


def test_a_run_that_goes_on_shows_itself_where_it_would_have():
    early = EarlyPreviews(500)
    assert [step for step in range(29, 600) if early.is_due(step, step)] == [32, 64, 128, 256]
