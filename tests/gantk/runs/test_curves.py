"""The thinned course of a run's losses."""

import json
import math

from gantk.runs.curves import MOST, Curves


def test_a_short_run_is_shown_as_it_was_logged():
    curves = Curves()
    curves.add(50, {"generator/game": 0.5, "note/p": 1.0})
    curves.add(100, {"generator/game": math.nan, "critic/game": 2.0})
    assert curves.columns() == {
        "steps": [50, 100],
        "values": {"generator/game": [0.5, None], "note/p": [1.0, None], "critic/game": [None, 2.0]},
    }


def test_however_long_a_run_is_its_curves_are_short_and_keep_the_mean():
    curves = Curves()
    count = 5 * MOST + 1
    for number in range(1, count + 1):
        curves.add(number, {"loss": float(number)})
    steps, values = curves.columns()["steps"], curves.columns()["values"]["loss"]
    assert MOST / 2 < len(steps) == len(values) <= MOST
    assert steps[:2] == [8, 16]
    assert values[:2] == [4.5, 12.5]
    assert (steps[-1], values[-1]) == (count, count)


def test_what_was_logged_is_read_again(tmp_path):
    log = tmp_path / "scalars.jsonl"
    curves = Curves()
    curves.read(log)
    assert curves.columns() == {"steps": [], "values": {}}
    log.write_text(json.dumps({"step": 5, "loss": 0.25}) + '\n[]\n{"loss": 3}\n{"step": 10, "loss": "x"}\n{"step": 15')
    curves.read(log)
    assert curves.columns() == {"steps": [5], "values": {"loss": [0.25]}}
