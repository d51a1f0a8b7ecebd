"""`gantk evaluate` from end to end: a run of two steps, and the model exported from it."""

import json
import shutil
from time import sleep

import pytest
from click.testing import CliRunner

from gantk.cli.main import main
from gantk.cli.status_line import waiting
from gantk.evaluation.evaluation import Unmeasured
from gantk.install_lines import install_line

TINY = [
    "--plugin", "pix2pix", "--data", "emoji:line,flat", "--size", "16", "--device", "cpu", "--precision", "fp32",
    "-s", "generator.filters=4", "-s", "discriminator.filters=4", "-s", "discriminator.layers=1",
]  # fmt: skip
TRUTH = ["--metric", "l1", "--metric", "psnr", "--metric", "ssim"]


def invoke(*arguments, status=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result


def records(*arguments):
    return {record["name"]: record for record in json.loads(invoke("evaluate", *arguments, "--json").stdout)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("evaluated") / "run"
    invoke("train", *TINY, "--steps", "2", "--checkpoint-every", "1", "--out", path)
    return path


@pytest.fixture(scope="module")
def model(run):
    invoke("export", run)
    return run / "exports" / "source_to_target.onnx"


def written(run):
    path = run / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_run_and_model_agree_to_the_rounding_of_pixels(run, model):
    of_run = records(run, *TRUTH)
    of_model = records(model, "--data", "emoji:line,flat", "--size", "16", *TRUTH)
    for name, tolerance in {"l1": 0.004, "psnr": 0.05, "ssim": 0.01}.items():
        assert of_model[name]["value"] == pytest.approx(of_run[name]["value"], abs=tolerance)
        assert of_model[name]["details"]["doing_nothing"] == of_run[name]["details"]["doing_nothing"]
        assert (of_run[name]["form"], of_model[name]["form"]) == ("torch fp32", "onnxruntime")
        assert (of_run[name]["step"], of_model[name]["step"]) == (2, None)
        assert of_run[name]["data"]["counts"] == {"held-out": 236}


def test_scores_are_told_and_appended(run):
    before = len(written(run))
    told = invoke("evaluate", run, "--metric", "l1").stdout.splitlines()
    value = written(run)[-1]["value"]
    assert len(written(run)) == before + 1
    assert told[0].startswith(f"l1  {value:.4g} ± ")
    assert told[0].endswith("(lower is better)")
    assert "mean absolute difference" in told[1]
    assert told[2].startswith("  doing nothing ")
    assert told[3] == "  236 held-out images of emoji; source_to_target of step 2, torch fp32 on cpu, seed 0"


def test_another_checkpoint_and_other_data(run, tmp_path):
    newest, first = records(run, "--metric", "l1"), records(run, "--metric", "l1", "--step", "1")
    assert first["l1"]["step"] == 1
    assert first["l1"]["value"] != newest["l1"]["value"]
    better = min((first["l1"], newest["l1"]), key=lambda record: record["value"])
    said = invoke("evaluate", run, "--metric", "l1", "--step", "best")
    assert (
        f"{run}: step {better['step']}, the best by l1: {better['value']:.4g}, lower is better (of 1, 2)" in said.stderr
    )
    assert written(run)[-1]["checkpoint"] == better["checkpoint"]
    out = tmp_path / "scores.jsonl"
    other = records(run, "--metric", "l1", "--data", "emoji:flat,3d", "--out", out)["l1"]
    assert "flat -> 3d" in other["data"]["summary"]
    assert other["value"] != newest["l1"]["value"]
    assert json.loads(out.read_text()) == written(run)[-1] == other


def test_without_a_metric_all_that_apply_are_measured(run):
    few = [f"{name}.images=6" for name in ("kid", "fid", "precision-recall", "density-coverage")]
    result = invoke("evaluate", run, "-s", "kid.subsets=2", *(word for said in few for word in ("-s", said)))
    measured = [line.split()[0] for line in result.stdout.splitlines() if line.endswith("is better)")]
    assert measured == ["density", "coverage", "fid", "kid", "l1", "precision", "recall", "psnr", "ssim"]
    assert "warning: of fewer than 2,000 images a side it is too large" in result.stdout
    told = result.stderr.splitlines()
    assert told[0] == f"opening {run} and its data"
    assert "measuring kid" in told
    prefix = "not measured: "
    reasons = dict(line.removeprefix(prefix).split(": ", 1) for line in told if line.startswith(prefix))
    assert reasons["parzen"] == "needs a graph that generates; here: source_to_target (translates)"
    assert reasons.keys() == {
        "parzen",
        "mode-coverage",
        "one-nn",
        "code-error",
        "pair-agreement",
        "scene-relations",
        "nll",
        "inception-score",
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--metric", "parzen"], "metric parzen needs a graph that generates"),
        (["--metric", "l1", "--graph", "target"], "has no graph 'target'; known: source_to_target"),
        (["--metric", "l1", "--step", "7"], "has no checkpoint of step 7, only of 1, 2"),
        (["--metric", "l1", "-s", "data.size=3"], "no option is called data.size"),
        (["--metric", "l1", "-s", "size=3"], "say METRIC.NAME=VALUE"),
        (["--metric", "l1", "--data", "emoji:3d"], "needs paired batches; emoji serves images"),
        (["--metric", "kid", "-s", "kid.reference=none"], "'none' is not one of held-out, training"),
    ],
)
def test_wrong_use_of_a_run_ends_with_one_line(run, arguments, told):
    before = written(run)
    result = invoke("evaluate", run, *arguments, status=2)
    assert told in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert written(run) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say what to measure"),
        (["--data", "emoji:line,flat"], "takes images of any size: say --size"),
        (["--data", "emoji:line,flat", "--size", "16", "--step", "1"], "a model is one already"),
    ],
)
def test_wrong_use_of_a_model_ends_with_one_line(model, arguments, told):
    assert told in invoke("evaluate", model, *TRUTH, *arguments, status=2).stderr
    assert not (model.parent / "metrics.jsonl").exists()


def test_a_folder_that_is_no_run_and_a_metric_that_is_none(run, tmp_path):
    assert "is not a run" in invoke("evaluate", tmp_path, "--metric", "l1", status=2).stderr
    told = invoke("evaluate", run, "--metric", "pix2pix", status=2).stderr
    assert told.splitlines()[-1].startswith("Error: no metric is called pix2pix")


def test_images_that_have_changed_are_told(run):
    manifest = run / "manifest.json"
    kept = manifest.read_text()
    facts = json.loads(kept)
    facts["data"]["fingerprint"] = "another"
    manifest.write_text(json.dumps(facts))
    result = invoke("evaluate", run, "--metric", "l1")
    manifest.write_text(kept)
    assert "note: the images are not those that" in result.stderr


def test_scores_are_said_before_they_are_written(run, tmp_path):
    """A folder stands for a place that cannot be written, which those who run as root otherwise can."""
    kept = run / "metrics.jsonl"
    aside = kept.rename(tmp_path / "aside") if kept.exists() else None
    kept.mkdir()
    try:
        alone = invoke("evaluate", run, "--metric", "l1", "--metric", "psnr", status=1)
        elsewhere = invoke("evaluate", run, "--metric", "l1", "--json", "--out", tmp_path / "scores.jsonl")
    finally:
        kept.rmdir()
        if aside:
            aside.rename(kept)
    assert [line.split()[0] for line in alone.stdout.splitlines() if "is better" in line] == ["l1", "psnr"]
    assert f"cannot write {kept}: a folder, where a file is needed" in alone.stderr
    assert alone.stderr.splitlines()[-1].startswith("Error: the scores are not kept: --out FILE")
    assert json.loads(elsewhere.stdout)[0] == json.loads((tmp_path / "scores.jsonl").read_text())
    assert f"cannot write {kept}: a folder, where a file is needed" in elsewhere.stderr


def test_where_none_applies_the_line_that_brings_one_is_named(run, monkeypatch):
    missing = ModuleNotFoundError("No module named 'torchmetrics'", name="torchmetrics")

    def lacking(request, opened, begin):
        yield "kid", Unmeasured("needs torchmetrics", install_line(missing))
        yield "l1", Unmeasured("needs the truth")

    monkeypatch.setattr("gantk.evaluation.evaluation.evaluate", lacking)
    told = invoke("evaluate", run, status=2).stderr.splitlines()[-1]
    assert told == f"Error: no metric applies to {run}; for kid: {install_line(missing)}"


def test_minutes_are_told_in_lines_where_there_is_no_terminal(monkeypatch, capsys):
    monkeypatch.setattr("gantk.cli.status_line.EVERY", 0.02)
    with waiting() as begin:
        begin("measuring kid")
        sleep(0.2)
        begin("")
        sleep(0.1)
        told = capsys.readouterr().err.splitlines()
        sleep(0.1)
    assert (told[0], told[1]) == ("measuring kid", "still measuring kid, for 0 min")
    assert capsys.readouterr().err == ""


def test_a_configuration_that_says_no_size_has_the_scales_and_is_one_line_where_that_does_not_fit(run, tmp_path):
    copied = tmp_path / "run"
    shutil.copytree(run, copied)
    said = (copied / "config.yaml").read_text("utf-8")
    assert "  size: 16\n" in said
    (copied / "config.yaml").write_text(said.replace("  size: 16\n", ""), "utf-8")
    refused = invoke("evaluate", copied, "--metric", "l1", status=1)
    assert "it is another network, or has other options" in refused.output.splitlines()[-1]
