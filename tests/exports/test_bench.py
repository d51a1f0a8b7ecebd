"""`gantk bench export`: what it measures, what it prints and writes, and what it leaves alone."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gantk.errors import UsageError
from gantk_exports.bench import bench
from gantk_exports.bench_measure import Benchmark, Figures, in_turns
from gantk_exports.bench_page import MARK, machine, page, table

PYTORCH = Figures("PyTorch", None, 123.4, 1.0, 2.0, None)
EIGHT = Figures("int8", 11.54, 61.74, 0.5, 1.0, (35.67, 31.23, 50))


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(bench, ["export", *map(str, arguments)], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_calls_take_turns_after_two_that_are_not_counted() -> None:
    called: list[str] = []
    names = ("a", "b")
    taken = in_turns({name: lambda name=name: called.append(name) for name in names}, 0.0)
    assert called == ["a", "b"] * 7
    assert {name: len(values) for name, values in taken.items()} == {"a": 5, "b": 5}
    assert len(in_turns({"a": lambda: None}, 0.05)["a"]) > 100


def test_a_row_says_what_was_measured() -> None:
    drawn = table([Benchmark("resnet, blocks 9", "graph `a_to_b`", 64, (PYTORCH, EIGHT))], 256).splitlines()
    assert drawn[2] == "| resnet, blocks 9, at 64 px | PyTorch |  | 123 | 2.00 | 1.00 |  |  |"
    assert drawn[3] == "| resnet, blocks 9, at 64 px | int8 | 11.5 | 61.7 | 1.00 | 0.50 | 35.7 | 31.2 |"
    assert len({line.count("|") for line in drawn}) == 1


def test_a_page_names_the_machine_and_what_was_trained() -> None:
    written = page([Benchmark("unet", "graph `generator` after 150 steps", 256, (EIGHT,))], 256, machine(2))
    assert written.startswith(MARK)
    assert "- unet: graph `generator` after 150 steps.\n" in written
    assert re.search(r"2 threads; ONNX Runtime \d.*, PyTorch \d", written)


def test_every_form_of_a_trained_graph_is_measured(trained_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.md"
    before = sorted(trained_run.rglob("*"))
    said = run(trained_run, "--size", 32, "--seconds", 0, "--least-psnr", 20, "--out", out).stdout
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in said.splitlines() if line.startswith("| resnet")
    ]
    assert [row[1] for row in rows] == ["PyTorch", "fp32", "fp16", "int8"]
    assert {row[0] for row in rows} == {"resnet, blocks 1, filters 8"}
    megabytes, milliseconds, of_full, of_torch = ([float(row[place] or 0) for row in rows] for place in (2, 3, 4, 5))
    assert megabytes[0] == 0 < megabytes[2] <= megabytes[1]
    assert min(milliseconds) > 0
    assert (of_full[1], of_torch[0]) == (1.0, 1.0)
    assert [row[6] == "" for row in rows] == [True, True, False, False]
    assert 20 <= float(rows[3][7]) <= float(rows[3][6]) < float(rows[2][6])
    assert out.read_text().startswith(MARK)
    assert "graph `a_to_b` of cyclegan" in out.read_text()
    assert str(tmp_path) not in out.read_text()
    assert sorted(trained_run.rglob("*")) == before, "it leaves nothing in the run"


def test_a_page_that_somebody_wrote_is_not_replaced(trained_run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("# Mine\n")
    with pytest.raises(UsageError, match="mine.md: is there, and not such a page"):
        run(trained_run, "--out", tmp_path / "mine.md")
    assert (tmp_path / "mine.md").read_text() == "# Mine\n"
