"""Where a training stands by its own scores."""

import json

import pytest

from gantk.runs.run import Run
from gantk.runs.standing import standing


def record(step, value, *, metric="kid", name="kid", better="lower", protocol="so"):
    own = {"metric": metric, "name": name, "value": value, "better": better, "step": step, "protocol": protocol}
    return own | {"data": {"fingerprint": "ab"}}


@pytest.fixture
def written(tmp_path):
    def write(*records):
        (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
        return Run(tmp_path)

    return write


def test_nothing_recorded_is_no_standing(written, tmp_path):
    assert standing(Run(tmp_path), "kid", 100) is None
    assert standing(written(record(9, 1.0)), "kid", 8) is None
    assert standing(written(record(9, 1.0)), "ssim", 9) is None


def test_the_best_is_the_first_of_several_alike(written):
    stands = standing(written(*(record(step, value) for step, value in ((2, 3), (4, 1), (6, 1), (8, 2)))), "kid", 8)
    assert (stands.newest.step, stands.best.step, stands.stale) == (8, 4, 2)
    assert str(stands) == "kid 2 at step 8, best 1 at step 4"


def test_a_score_may_be_better_when_higher(written):
    run = written(*(record(step, value, better="higher") for step, value in ((2, 3), (4, 1), (6, 5))))
    stands = standing(run, "kid", 6)
    assert (stands.best.step, stands.stale, str(stands)) == (6, 0, "kid 5 at step 6, the best so far")


def test_only_what_was_measured_alike_counts_and_a_step_once(written):
    run = written(
        record(2, 0.1, protocol="on fewer"), record(4, 3), record(4, 2), record(6, 2.5), record(6, 9, name="x")
    )
    stands = standing(run, "kid", 6)
    assert (stands.best.step, stands.best.value, stands.stale) == (4, 2.0, 1)
