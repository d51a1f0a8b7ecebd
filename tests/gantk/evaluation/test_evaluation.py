"""Metrics that are computed, and what is recorded of them."""

import json
import math

import pytest
import torch

from gantk import Unsupported, UsageError
from gantk.errors import PluginError
from gantk.evaluation.evaluation import Measured, evaluate, keep
from gantk.evaluation.target import EvaluationRequest, OpenedTarget
from gantk.runs.records import append, plain


def test_records_are_appended_and_half_a_line_is_cut(tmp_path):
    path = tmp_path / "new" / "metrics.jsonl"
    append(path, [{"value": 1}])
    with path.open("a") as file:
        file.write('{"value": 2, "er')
    append(path, [{"value": 3}, {"value": "é"}])
    assert [json.loads(line)["value"] for line in path.read_text("utf-8").splitlines()] == [1, 3, "é"]


def test_numbers_that_are_not_finite_become_null():
    assert plain({"a": math.inf, "b": [math.nan, 1.5], "c": ("x", None)}) == {
        "a": None,
        "b": [None, 1.5],
        "c": ["x", None],
    }


METRIC = """
import torch
from gantk import Metric, Score, Unsupported

class Drawn(Metric):
    def __init__(self, *, times: float = 1.0):
        self.times = times

    def measure(self, subject):
        if self.times < 0:
            raise Unsupported("needs a positive factor")
        if self.times == 0:
            return [self.times]
        subject.generated(2)
        subject.images("image", test=True)
        value = self.times * float(torch.rand(()))
        return [Score(name="drawn", value=value, better="lower", protocol="a draw", details={"worst": float("inf")})]

@hookimpl
def metric():
    return Drawn
"""


@pytest.fixture
def measured(rows, graph, plugin_file, tmp_path):
    """Return a function that measures by the metric above, and keeps it; it gives names, with records or reasons."""
    path = plugin_file("drawn", METRIC)

    def measure(metrics=(str(path),), seed=0, **options):
        made = graph(compute=lambda noise: noise[:, :, None, None])
        dataset = rows()
        opened = OpenedTarget(
            functions={"made": made},
            dataset=dataset,
            fingerprint="f",
            size=4,
            channels={"image": 3},
            device=torch.device("cpu"),
        )
        said = {name.replace("__", "."): value for name, value in options.items()}
        out = tmp_path / "out.jsonl"
        request = EvaluationRequest(target=tmp_path, metrics=metrics, options=said, seed=seed, out=out)
        given = []
        for name, outcome in evaluate(request, opened, lambda name: None):
            known = isinstance(outcome, Measured)
            assert not known or keep(outcome, request, opened) == {}
            given.append((name, outcome.records if known else outcome))
        return given

    return measure


def test_a_score_is_recorded_with_all_that_it_depends_on(measured, tmp_path):
    [(name, [record])] = measured(drawn__times="2")
    torch.manual_seed(0)
    assert record["value"] == pytest.approx(2 * float(torch.rand(())))
    assert (name, record["metric"], record["name"], record["better"]) == ("drawn", "drawn", "drawn", "lower")
    assert record["data"] == {
        "name": "rows",
        "summary": "rows of images",
        "fingerprint": "f",
        "share": "held-out",
        "counts": {"held-out": 7},
    }
    assert (record["graph"], record["step"], record["size"], record["seed"]) == ("made", None, 4, 0)
    assert (record["form"], record["device"]) == ("torch fp32", "cpu")
    assert record["details"] == {"worst": None}
    assert {"gantk", "torch", "numpy"} <= record["versions"].keys()
    assert json.loads((tmp_path / "out.jsonl").read_text()) == record


def test_the_seed_decides_and_the_random_numbers_of_others_are_left_alone(measured):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    values = [measured(seed=seed)[0][1][0]["value"] for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]
    assert torch.equal(torch.get_rng_state(), before)


def test_what_does_not_apply_is_an_error_where_it_was_named(measured):
    with pytest.raises(Unsupported, match="metric drawn needs a positive factor"):
        measured(drawn__times="-1")


def test_wrong_names_and_answers_are_told(measured, plugin_file):
    with pytest.raises(UsageError, match="no metric is called kit; did you mean 'kid'"):
        measured(["kit"])
    with pytest.raises(UsageError, match="no metric is called unet"):
        measured(["unet"])
    with pytest.raises(UsageError, match=r"no option is called drawn\.time; did you mean 'drawn\.times'"):
        measured(drawn__time="1")
    with pytest.raises(UsageError, match=r"no option is called l1\.size; known: l1\.border, l1\.brightness"):
        measured(["l1"], l1__size="1")
    with pytest.raises(UsageError, match=r"option drawn\.times: 'much' is not a float"):
        measured(drawn__times="much")
    with pytest.raises(PluginError, match=r"drawn returned a float: gantk\.Score objects are needed"):
        measured(drawn__times="0")
    failing = plugin_file("failing", METRIC.replace("subject.generated(2)", "1 / 0"))
    with pytest.raises(PluginError, match=r"metric failing failed: .*failing\.py:\d+: ZeroDivisionError"):
        measured([str(failing)])
