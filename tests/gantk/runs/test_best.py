"""The best checkpoint: by the scores that are recorded, of those that are still there, and that compare."""

import json

import pytest
from click.testing import CliRunner

from gantk.cli.main import main
from gantk.errors import GantkError, UsageError
from gantk.runs.best import best_checkpoint
from gantk.runs.checksums import identity, write_checksums


def record(step, value, metric="l1", *, name=None, better="lower", **others):
    data = {"name": "emoji", "summary": "", "fingerprint": "ab", "share": "held-out", "counts": {"held-out": 4}}
    own = {"metric": metric, "name": name or metric, "value": value, "better": better, "step": step, "data": data}
    return own | {"graph": "a_to_b", "size": 64, "seed": 0} | others


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "my run"
    for step in (2, 4, 6):
        folder = path / "checkpoints" / f"{step:06d}"
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(str(step))
        write_checksums(folder)
    (path / "config.yaml").write_text("plugins: [gan]")
    return path


def write(run, *records):
    (run / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))


def test_a_metric_knows_whether_higher_is_better(run):
    write(run, *(record(step, value) for step, value in ((2, 0.3), (4, 0.1), (6, 0.2))))
    best = best_checkpoint(run)
    assert str(best) == "step 4, the best by l1: 0.1, lower is better (of 2, 4, 6)"
    write(run, *(record(step, value, better="higher") for step, value in ((2, 0.3), (4, 0.1), (6, 0.2))))
    assert best_checkpoint(run).step == 2


def test_unsaid_it_is_the_metric_that_was_measured_last(run):
    write(run, record(2, 0.1), record(4, 0.2), record(2, 9.0, "psnr", better="higher"),
          record(4, 10.0, "psnr", better="higher"))  # fmt: skip
    assert (best_checkpoint(run).step, best_checkpoint(run, "l1").step) == (4, 2)


def test_unsaid_it_is_the_first_that_measured_the_training(run):
    write(run, record(2, 0.1), record(4, 0.2), record(2, 9.0, "psnr", better="higher"),
          record(4, 10.0, "psnr", better="higher"))  # fmt: skip
    (run / "config.yaml").write_text("{plugins: [gan], evaluate_every: 2, metrics: [kid, l1, psnr]}")
    assert best_checkpoint(run).step == 2
    (run / "config.yaml").write_text("{plugins: [gan], evaluate_every: 2, metrics: [kid]}")
    assert best_checkpoint(run).step == 4


def test_of_a_metric_with_several_scores_the_first_counts_or_the_one_that_is_named(run):
    scores = [("modes", "higher", (5, 3)), ("quality", "lower", (0.9, 0.2))]
    write(run, *(record(step, values[place], "mode-coverage", name=name, better=better)
                 for place, step in enumerate((2, 4)) for name, better, values in scores))  # fmt: skip
    assert [best_checkpoint(run, said).step for said in (None, "mode-coverage", "modes", "quality")] == [2, 2, 2, 4]


def test_only_what_is_there_and_still_the_same_counts(run):
    kept = identity(run / "checkpoints" / "000004")
    write(run, record(3, 0.0), record(6, 0.1, checkpoint="of another training"), record(4, 0.3, checkpoint=kept),
          record(2, 0.4))  # fmt: skip
    assert best_checkpoint(run).step == 4


def test_the_newest_of_several_measurements_counts_and_a_tie_is_the_later_checkpoints(run):
    write(run, record(2, 0.1), record(2, 0.5), record(4, 0.5))
    assert best_checkpoint(run).step == 4


@pytest.mark.parametrize(
    "other",
    [{"size": 32}, {"graph": "b_to_a"}, {"data": {"summary": "", "fingerprint": "cd", "share": "held-out"}}],
)
def test_scores_that_were_measured_otherwise_do_not_compare(run, other):
    write(run, record(2, 0.1, **other), record(4, 0.3), record(6, 0.4))
    assert best_checkpoint(run).compared == [4, 6]


def test_lines_that_are_no_scores_are_passed_over(run):
    lines = [json.dumps(record(2, None)), "[1]", "{", "null", "\udcff", json.dumps(record(None, 0.1)), ""]
    text = "\n".join([*lines, json.dumps(record(6, 0.2)), '{"metric": "l1", "val'])
    (run / "metrics.jsonl").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert best_checkpoint(run).step == 6


@pytest.mark.parametrize("command", ["export", "evaluate", "train --resume"])
def test_where_nothing_is_recorded_one_line_says_the_command_that_records(run, command):
    result = CliRunner().invoke(main, [*command.split(), str(run), "--step", "best"])
    assert result.exit_code == 2
    said = result.output.splitlines()[-1]
    assert f"Error: no score is recorded of a checkpoint of {run} that is still there: record one of each" in said
    assert said.endswith(f"step, 2, 4, 6, with: gantk evaluate '{run}' --step 6")
    write(run, record(2, 0.1))
    with pytest.raises(UsageError, match=r"no score by kid .* but by l1: .* --metric kid --step 6$"):
        best_checkpoint(run, "kid")


def test_without_a_checkpoint_none_is_the_best(run):
    (run / "checkpoints").rename(run / "elsewhere")
    with pytest.raises(GantkError, match="has no checkpoint"):
        best_checkpoint(run)


@pytest.mark.parametrize("said", ["better", "best:", "-1", "1.5", "²", ""])
def test_a_step_is_a_number_or_the_best(run, said):
    result = CliRunner().invoke(main, ["export", str(run), "--step", said])
    assert result.exit_code == 2
    assert "say a number from 0 on, best, or best:METRIC" in result.output
