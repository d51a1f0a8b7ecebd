"""`gantk runs`: what is shown of runs, in what they differ, and which checkpoints go."""

import json
import shutil

import pytest
from click.testing import CliRunner

from gantk.cli.main import main
from gantk.runs.lock import Lock

TINY = [
    "--plugin", "gan", "--data", "points:ring", "--device", "cpu", "--precision", "fp32", "-s", "generator.units=4",
    "-s", "discriminator.units=4", "-s", "batch_size=8", "--checkpoint-every", "1", "--keep", "9",
]  # fmt: skip


def invoke(*arguments, status=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("listed") / "one"
    invoke("train", *TINY, "--steps", "4", "--out", path)
    return path


@pytest.fixture
def folder(trained, tmp_path):
    """Return a folder of two runs, one of which shall be longer and has another rate."""
    for name in ("one", "two"):
        shutil.copytree(trained, tmp_path / "runs" / name)
    config = tmp_path / "runs" / "two" / "config.yaml"
    config.write_text(
        config.read_text().replace("steps: 4", "steps: 9").replace("learning_rate: 0", "learning_rate: 1")
    )
    return tmp_path / "runs"


def score(run, step, value, name="modes", better="higher", fingerprint="a"):
    line = {"metric": "mode-coverage", "name": name, "value": value, "better": better, "step": step}
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(line | {"data": {"fingerprint": fingerprint}, "graph": "generator", "size": 1}) + "\n")


def steps_of(run):
    return sorted(int(path.name) for path in (run / "checkpoints").iterdir())


def test_runs_are_listed_with_their_state_and_scores(folder):
    score(folder / "one", 3, 5)
    score(folder / "one", 4, 7)
    (folder / "three").mkdir()
    (folder / "three" / "config.yaml").write_text("plugins: [")
    held = Lock(folder / "two")
    lines = invoke("runs", "list", folder).stdout.splitlines()
    held.release()
    rows = {line.split()[0]: line.split() for line in lines[1:]}
    assert list(rows) == [str(folder / name) for name in ("one", "three", "two")]
    assert rows[str(folder / "one")][1:5] == ["gan", "points-ring", "4", "trained"]
    assert rows[str(folder / "one")][-2:] == ["modes", "7"]
    assert rows[str(folder / "two")][1:7] == ["gan", "points-ring", "4", "of", "9", "training"]
    assert "damaged" in rows[str(folder / "three")]
    assert "stopped" in invoke("runs", "list", folder / "two").stdout


def test_without_a_command_the_runs_of_the_usual_folder_are_listed(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert invoke("runs").stdout == invoke("runs", "list").stdout
    monkeypatch.chdir(folder / "one" / "previews")
    assert "there is no folder runs/ here: say where, gantk runs list FOLDER" in invoke("runs", status=2).stderr
    assert "no runs lie in" in invoke("runs", "list", ".", status=2).stderr


def test_what_runs_differ_in_stands_side_by_side(folder):
    score(folder / "one", 4, 7)
    score(folder / "two", 3, 8)
    score(folder / "two", 4, 6, fingerprint="b")
    lines = invoke("runs", "compare", folder / "one", folder / "two").stdout.splitlines()
    assert lines[0].split() == ["setting", str(folder / "one"), str(folder / "two")]
    assert sorted(line.split()[0] for line in lines[1 : lines.index("")]) == ["learning_rate", "steps"]
    assert ["steps", "4", "9"] in [line.split() for line in lines]
    rows = [" ".join(line.split()) for line in lines[lines.index("") + 2 :]]
    first = "modes of generator at 1 px (higher is better)"
    assert rows == [f"{first} 7 at step 4 8 at step 3", f"{first} 6 at step 4"]
    same = invoke("runs", "compare", folder / "one", folder / "one").stdout
    assert same.startswith("they were told the same\n")
    assert "say two runs, or more" in invoke("runs", "compare", folder / "one", status=2).stderr
    assert "no scores are recorded" in invoke("runs", "compare", *two_without_scores(folder)).stdout


def two_without_scores(folder):
    for name in ("one", "two"):
        (folder / name / "metrics.jsonl").unlink()
    return folder / "one", folder / "two"


def test_all_checkpoints_go_but_the_newest_and_the_best(folder):
    one, two = folder / "one", folder / "two"
    assert steps_of(one) == [1, 2, 3, 4]
    score(one, 1, 9, name="uneven", better="lower")
    for step, value in ((1, 5), (2, 8), (3, 6), (4, 7)):
        score(one, step, value)
        score(one, step, value, name="uneven", better="lower")
    held = Lock(two)
    dry = invoke("runs", "clean", folder, "--dry-run")
    assert steps_of(one) == [1, 2, 3, 4]
    assert f"{one}: would delete step 3, " in dry.stdout
    done = invoke("runs", "clean", folder)
    held.release()
    # 8 is the most modes, at step 2; 5 the least unevenness, at step 1.
    assert steps_of(one) == [1, 2, 4]
    assert steps_of(two) == [1, 2, 3, 4]
    assert f"{two} is being trained, and stays as it is" in done.stderr
    assert done.stdout.splitlines()[-1].endswith("are free again")
    invoke("runs", "clean", two, "--keep", "2")
    assert steps_of(two) == [3, 4]
    assert invoke("train", "--resume", two, "--steps", "5").exit_code == 0
