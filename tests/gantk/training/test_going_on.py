"""`gantk train --resume` as a user types it: what has moved, what is not trusted, what is there already."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file, save_file

from gantk.cli.main import main
from gantk.runs.checkpoints import Checkpoints
from gantk.runs.checksums import write_checksums
from gantk.runs.lock import Lock
from support.commands import invoke, refusal

TINY = [
    "--plugin", "gan", "--device", "cpu", "--batch-size", "2", "--size", "8", "-s", "generator.units=4",
    "-s", "discriminator.units=4", "-s", "optimizer=adam", "--checkpoint-every", "2", "--log-every", "2",
]  # fmt: skip

PLUGIN = '''"""A listener."""

from gantk import hookimpl


@hookimpl
def run_started(run):
    print("heard")
'''


def pictures(folder: Path, count: int = 12, colour: int = 0, mode: str = "RGB") -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        Image.new(mode, (8, 8), number * 10 + colour if mode == "L" else (number * 10, colour, 0)).save(
            folder / f"{number}.png"
        )
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """Return a folder with data, a plugin's file, and a run on both that stands at step 4."""
    home = tmp_path_factory.mktemp("home")
    (home / "listener.py").write_text(PLUGIN)
    data = pictures(home / "data")
    invoke("train", *TINY, "--plugin", home / "listener.py", "--data", data, "--steps", 4, "--out", home / "run")
    return home


@pytest.fixture
def home(trained, tmp_path) -> Path:
    """Return a copy of it, in which the run names the files where they now are."""
    copy = tmp_path / "home"
    shutil.copytree(trained, copy)
    config = copy / "run" / "config.yaml"
    config.write_text(config.read_text().replace(str(trained), str(copy)))
    return copy


def configured(run: Path) -> dict:
    return yaml.safe_load((run / "config.yaml").read_text())


def test_data_that_moved_are_named_anew_and_remembered(home):
    (home / "data").rename(home / "elsewhere")
    said = refusal("train", "--resume", home / "run", "--steps", 6)
    assert f"{home / 'data'}, the data of {home / 'run'}, is not there: say where it is now, --data FOLDER" in said
    assert "nothing, the" not in refusal("train", "--resume", home / "run", "--data", home / "nothing", "--steps", 6)
    said = invoke("train", "--resume", home / "run", "--data", home / "elsewhere", "--steps", 6)
    assert "note: the images" not in said
    assert configured(home / "run")["data"] == [str(home / "elsewhere")]
    assert "from step 6 to 8" in invoke("train", "--resume", home / "run", "--steps", 8)


def test_other_data_are_said_or_refused(home):
    other = pictures(home / "other", count=14, colour=5)
    said = invoke("train", "--resume", home / "run", "--data", other, "--steps", 6)
    assert "note: the images are not those that" in said
    assert "not as it would have with those" in said
    grey = pictures(home / "grey", mode="L")
    said = refusal("train", "--resume", home / "run", "--data", grey, "--steps", 8)
    assert "the images have 1 channels (image)" in said
    assert "was trained on 3" in said


def test_a_plugin_that_moved_is_named_anew_and_remembered(home):
    (home / "listener.py").rename(home / "renamed.py")
    said = refusal("train", "--resume", home / "run", "--steps", 6)
    assert f"{home / 'listener.py'}, a plugin of {home / 'run'}, is not there: say where it is now, --plugin" in said
    said = invoke("train", "--resume", home / "run", "--plugin", home / "renamed.py", "--steps", 6)
    assert "heard" in said
    assert configured(home / "run")["plugins"][1] == str(home / "renamed.py")
    said = refusal("train", "--resume", home / "run", "--plugin", "cyclegan", "--steps", 8, status=2)
    assert "only the place of its plugin files may be said" in said
    (home / "further.py").write_text(PLUGIN)
    said = refusal("train", "--resume", home / "run", "--plugin", home / "further.py", "--steps", 8, status=2)
    assert f"is no plugin of {home / 'run'}: its plugin files are {home / 'renamed.py'}" in said


def test_code_that_came_with_a_run_is_executed_only_where_it_is_named(home):
    inside = home / "run" / "listener.py"
    (home / "listener.py").unlink()
    inside.write_text(f"{PLUGIN}\nprint('executed')\n")
    config = home / "run" / "config.yaml"
    config.write_text(config.read_text().replace(str(home / "listener.py"), str(inside)))
    result = CliRunner().invoke(main, ["train", "--resume", str(home / "run"), "--steps", "6"])
    assert result.exit_code == 1
    assert "executed" not in result.output
    assert f"{inside} came with the run, and using the run would execute it" in result.output
    assert f"if you trust it, say so: --plugin {inside}" in result.output
    for command in ("export", "evaluate"):
        assert f"{inside} came with the run" in refusal(command, home / "run")
    assert "heard" in invoke("train", "--resume", home / "run", "--plugin", inside, "--steps", 6)


@pytest.mark.parametrize("written", ["listener.py", "./listener.py", "~/listener.py"])
def test_code_that_gantk_did_not_name_is_executed_only_where_the_user_does(home, monkeypatch, written):
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    config = home / "run" / "config.yaml"
    config.write_text(config.read_text().replace(str(home / "listener.py"), written))
    for command in (("train", "--resume"), ("export",), ("evaluate",)):
        said = refusal(*command, home / "run")
        assert f"is named as '{written}' by the run, which gantk does not write" in said
        assert f"say so: --plugin {home / 'listener.py'}" in said
        assert "heard" not in said


def test_a_plugin_that_has_changed_is_said_before_it_is_imported(home):
    assert "has changed" not in invoke("train", "--resume", home / "run", "--steps", 6)
    (home / "listener.py").write_text(PLUGIN.replace("heard", "heard anew"))
    said = invoke("train", "--resume", home / "run", "--steps", 8)
    assert f"note: {home / 'listener.py'} has changed since {home / 'run'} was started" in said
    assert said.index("has changed") < said.index("heard")
    for command in ("export", "evaluate"):
        # In a place of its own, since a module is imported once.
        moved = home / command / "listener.py"
        moved.parent.mkdir()
        moved.write_text(f"{PLUGIN}\nraise ValueError('imported')\n")
        said = invoke(command, home / "run", "--plugin", moved, status=1)
        assert said.index("has changed") < said.index("imported")


def test_options_that_make_far_larger_networks_are_refused_before_these_are_made(home):
    config = home / "run" / "config.yaml"
    changed = config.read_text().replace("generator.units: 4", "generator.units: 4000")
    assert changed != config.read_text()
    config.write_text(changed)
    said = refusal("train", "--resume", home / "run", "--steps", 6)
    assert "and the options of the run make networks of" in said


def test_a_run_that_is_being_trained_is_not_trained_twice(home):
    held = Lock(home / "run")
    assert "is being trained by process" in refusal("train", "--resume", home / "run", "--steps", 6)
    held.release()
    invoke("train", "--resume", home / "run", "--steps", 6)


def test_an_earlier_checkpoint_is_gone_on_from_and_the_later_ones_are_kept(home):
    run = home / "run"
    torn = run / "checkpoints" / "000004" / "generator.safetensors"
    torn.write_bytes(torn.read_bytes()[:-1] + b"x")
    said = refusal("train", "--resume", run, "--steps", 6)
    assert f"{torn} is damaged: its checksum is not that of what was saved" in said
    assert f"{run / 'checkpoints' / '000002'} is whole: say --step 2" in said
    said = invoke("train", "--resume", run, "--steps", 6, "--step", 2)
    kept = run / "checkpoints" / "000004.aside"
    assert f"note: what was saved after step 2 is kept as {kept}, until you delete it" in said
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == [
        "000002",
        "000004",
        "000004.aside",
        "000006",
    ]
    steps = [json.loads(line)["step"] for line in (run / "scalars.jsonl").read_text().splitlines()]
    assert steps == [2, 4, 6]
    assert "only of 2, 4, 6" in refusal("train", "--resume", run, "--steps", 9, "--step", 3, status=2)
    assert "say --resume RUN" in refusal("train", *TINY, "--step", 3, status=2)


def test_a_run_beyond_the_steps_that_are_asked_for_says_where_it_is(home):
    said = invoke("train", "--resume", home / "run", "--steps", 3)
    assert (
        said.splitlines()[-1] == f"{home / 'run'} stands at step 4 already; say --steps with a number above 4 to go on"
    )


def test_an_optimizer_of_other_shapes_is_refused(home):
    checkpoint = home / "run" / "checkpoints" / "000004"
    (checkpoint / "checksums.json").unlink()
    path = checkpoint / "optimizers.safetensors"
    state = load_file(path)
    save_file({name: value.new_zeros(1) if "exp_avg" in name else value for name, value in state.items()}, path)
    said = refusal("train", "--resume", home / "run", "--steps", 6)
    assert f"cannot load the optimizers from {path}: discriminator/0/exp_avg is (1,) there and" in said


@pytest.mark.parametrize("recorded", [True, False])
def test_an_optimizer_that_lacks_a_parameter_is_refused(home, recorded):
    checkpoint = home / "run" / "checkpoints" / "000004"
    if not recorded:
        facts = json.loads((checkpoint / "state.json").read_text())
        del facts["moved"]
        (checkpoint / "state.json").write_text(json.dumps(facts))
    path = checkpoint / "optimizers.safetensors"
    state = load_file(path)
    save_file({name: value for name, value in state.items() if not name.startswith("generator/0/")}, path)
    write_checksums(checkpoint)
    said = refusal("train", "--resume", home / "run", "--steps", 6)
    assert f"cannot load the optimizers from {path}: it has no generator/0/" in said
    assert said.endswith(f"{home / 'run' / 'checkpoints' / '000002'} is whole: say --step 2")


@pytest.mark.parametrize("positions", [{}, {"other": 3}, {"images": 0}])
def test_a_checkpoint_that_has_lost_its_place_in_the_data_says_so(home, positions):
    state = home / "run" / "checkpoints" / "000004" / "state.json"
    facts = json.loads(state.read_text())
    assert facts["positions"].keys() == {"images"}
    state.write_text(json.dumps(facts | {"positions": positions}))
    write_checksums(state.parent)
    lost = "warning: the checkpoint of step 4 does not say how far the data had been read (images)"
    assert lost in invoke("train", "--resume", home / "run", "--steps", 6)
    assert "how far the data had been read" not in invoke("train", "--resume", home / "run", "--steps", 8)


def test_what_was_logged_before_a_checkpoint_is_on_the_disk_with_it(home, monkeypatch):
    saved = []

    def saving(self, state, world):
        (board,) = (path for path in (home / "run" / "tensorboard").iterdir() if path not in before)
        saved.append(board.stat().st_size)
        raise KeyboardInterrupt

    before = list((home / "run" / "tensorboard").iterdir())
    monkeypatch.setattr(Checkpoints, "save", saving)
    CliRunner().invoke(main, ["train", "--resume", str(home / "run"), "--steps", "6"])
    # More than the head that every file of events has.
    assert saved
    assert saved[0] > 100


def test_a_run_of_version_0_2_goes_on(home):
    """Such a run has no lock, no checksums, and no plugins in its manifest; its state tells of the optimizers."""
    run = home / "run"
    (run / ".lock").unlink()
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["plugins"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    for checkpoint in (run / "checkpoints").iterdir():
        (checkpoint / "checksums.json").unlink()
        facts = json.loads((checkpoint / "state.json").read_text())
        kept = {key: facts[key] for key in ("step", "positions", "processes")}
        (checkpoint / "state.json").write_text(json.dumps(kept | {"optimizers": {}}))
    assert "from step 4 to 6" in invoke("train", "--resume", run, "--steps", 6)


def test_a_manifest_or_configuration_that_is_damaged_is_one_line(home):
    whole = {name: (home / "run" / name).read_text() for name in ("manifest.json", "config.yaml")}
    for name, texts in {
        "manifest.json": ["[1]", "null", "", "{}", "[" * 5000],
        "config.yaml": ["a: [", "[1]", "plugins: 7", "set: {batch_size: 1000000000000}", "set: {cycle: " + "[" * 900],
    }.items():
        for text in texts:
            (home / "run" / name).write_text(text)
            result = CliRunner().invoke(main, ["train", "--resume", str(home / "run"), "--steps", "6"])
            assert result.exit_code in (1, 2)
            *doing, said = result.output.splitlines()
            assert all(line.endswith(" ...") for line in doing), result.output
            assert said.startswith("Error: ")
            assert len(said) < 600
        (home / "run" / name).write_text(whole[name])
