"""A run's folder belongs to one training, and nothing is written or deleted outside it."""

import errno
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from gantk.errors import GantkError, UsageError
from gantk.runs import lock
from gantk.runs.config import Config
from gantk.runs.folder import new_run, taken
from gantk.runs.lock import HeldError, Lock
from gantk.runs.run import WRITTEN, Run, open_run
from gantk.runs.scalars import ScalarLog
from gantk.text import printable
from gantk.training.launch import _shared_run
from gantk.training.previews import save_preview
from gantk.training.processes import World


def started(path: Path) -> Run:
    run = Run(path)
    run.start(Config(plugins=["gan"]), {})
    return run


def test_of_two_trainings_in_one_folder_the_second_hears_who_is_first(tmp_path):
    run = started(tmp_path / "run")
    with taken(run):
        said = rf"run is being trained by process {os.getpid()} on \S+ since 20.*: wait for it, or stop it first"
        with pytest.raises(GantkError, match=said), taken(run):
            pass
    with taken(run):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_lock_ends_with_its_process_and_not_with_those_that_it_forked(tmp_path):
    (tmp_path / "run").mkdir()
    started_at, told = os.pipe()
    holder = os.fork()
    if holder == 0:
        Lock(tmp_path / "run")
        loader = os.fork()  # as a process that loads images, which outlives a killed training
        if loader == 0:
            time.sleep(60)
        os.write(told, b"%d" % loader)
        time.sleep(60)
    loader = int(os.read(started_at, 20))
    try:
        with pytest.raises(HeldError, match=f"process {holder} "):
            Lock(tmp_path / "run")
    finally:
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
    Lock(tmp_path / "run").release()
    os.kill(loader, signal.SIGKILL)


def test_trainings_that_start_together_have_a_folder_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def train(_: int) -> str:
        with new_run(None, "gan-points") as run:
            time.sleep(0.05)
            started(run.path)
            return run.path.name

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(train, range(8)))
    assert sorted(names) == sorted(["gan-points", *(f"gan-points-{number}" for number in range(2, 9))])


def test_of_trainings_that_are_told_one_folder_one_has_it(tmp_path):
    def train(_: int) -> str:
        try:
            with new_run(tmp_path / "run", "") as run:
                time.sleep(0.05)
                started(run.path)
                return "trained"
        except GantkError as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(train, range(6)))
    assert told.count("trained") == 1
    assert all("is being trained" in text or "is there already" in text for text in told if text != "trained")


def test_a_folder_in_which_nothing_was_begun_is_gone_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for out in (None, Path("deep/er/run")):
        with pytest.raises(ZeroDivisionError), new_run(out, "gan-points"):
            raise ZeroDivisionError
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / lock.NAME).touch()  # what a kill before the first step leaves
    with new_run(tmp_path / "empty", "") as run:
        started(run.path)


def test_a_folder_that_a_killed_start_left_is_taken_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    left = tmp_path / "runs" / "gan-points"
    left.mkdir(parents=True)
    (left / lock.NAME).write_text("{}")
    with pytest.raises(ZeroDivisionError), new_run(None, "gan-points"):
        raise ZeroDivisionError
    assert not left.exists()
    left.mkdir()
    (tmp_path / "runs" / "gan-points-2").symlink_to(tmp_path)
    with new_run(None, "gan-points") as run, new_run(None, "gan-points") as other:
        names = [started(one.path).path.name for one in (run, other)]
    assert names == ["gan-points", "gan-points-3"]


def test_going_on_is_offered_only_where_there_is_a_checkpoint(tmp_path):
    started(tmp_path / "run")
    with pytest.raises(UsageError, match=r"choose another --out$"), new_run(tmp_path / "run", ""):
        pass
    (tmp_path / "run" / "checkpoints" / "000001").mkdir(parents=True)
    with pytest.raises(UsageError, match="or go on with: gantk train --resume"), new_run(tmp_path / "run", ""):
        pass


def test_a_file_in_the_way_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("")
    with pytest.raises(GantkError, match="cannot make the run's folder runs: a file"), new_run(None, "gan-points"):
        pass
    with pytest.raises(UsageError, match="is there already"), new_run(tmp_path / "runs", ""):
        pass


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_run_that_cannot_be_written_says_what_to_do(tmp_path, monkeypatch, code):
    run = started(tmp_path / "run")

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(lock.os, "open", refuse)
    with pytest.raises(GantkError, match=f"cannot go on in .*run: {os.strerror(code)}; copy it"), taken(run):
        pass


def test_a_file_system_without_locks_is_trained_on(tmp_path, monkeypatch):
    run = started(tmp_path / "run")

    def refuse(_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", refuse)
    with taken(run):
        pass


@pytest.mark.parametrize("name", WRITTEN)
def test_links_in_a_run_are_not_followed(tmp_path, name):
    run = started(tmp_path / "run")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "000001").mkdir()
    (run.path / name).unlink(missing_ok=True)
    target = precious if name in ("checkpoints", "previews", "tensorboard") else precious / "file"
    (precious / "file").write_text("kept")
    (run.path / name).symlink_to(target)
    with pytest.raises(GantkError, match=f"{name} is a link to .*precious") as caught, taken(run):
        pass
    assert "\n" not in str(caught.value)
    assert (precious / "file").read_text() == "kept"
    assert (precious / "000001").is_dir()


def test_a_preview_takes_a_links_place(tmp_path):
    (tmp_path / "photo.png").write_text("kept")
    (tmp_path / "000001.png").symlink_to(tmp_path / "photo.png")
    save_preview(Image.new("RGB", (2, 2)), tmp_path / "000001.png")
    assert (tmp_path / "photo.png").read_text() == "kept"
    assert not (tmp_path / "000001.png").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001.png", "photo.png"]


LINES = [b'{"step": 2, "a": 1.0}\n', b'{"step": 4, "a": 1.0}\n', b'{"step": 6, "a": 1.0}\n']


def test_scalars_after_the_step_and_torn_lines_are_dropped(tmp_path):
    path = tmp_path / "scalars.jsonl"
    path.write_bytes(b"".join(LINES) + b'\xff\n[1]\n{"step": 1e999}\n' + b"[" * 5000 + b"\n" + b'{"step": 4, "a"')
    ScalarLog(tmp_path, 4).close()
    assert path.read_bytes() == b"".join(LINES[:2])


def test_a_kill_while_scalars_are_rewritten_loses_none(tmp_path, monkeypatch):
    path = tmp_path / "scalars.jsonl"
    path.write_bytes(b"".join(LINES))
    moments = []

    def watched(function):
        def call(*arguments, **options):
            with FileIO(path) as file:
                moments.append(file.readall())
            return function(*arguments, **options)

        return call

    for name in ("unlink", "replace", "open"):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))
    monkeypatch.setattr(os, "fsync", watched(os.fsync))
    ScalarLog(tmp_path, 4).close()
    assert len(moments) > 3
    assert all(moment.startswith(b"".join(LINES[:2])) for moment in moments)


def test_scalars_that_are_a_pipe_are_one_line(tmp_path):
    os.mkfifo(tmp_path / "scalars.jsonl")
    with pytest.raises(GantkError, match="scalars.jsonl is no regular file"):
        ScalarLog(tmp_path, 4)


def test_a_run_in_a_folder_whose_name_is_not_utf_8_says_what_to_do(tmp_path):
    run = started(tmp_path / "run").path.rename(tmp_path / "p\udcff")
    with pytest.raises(UsageError, match=r"p\\xff: checkpoints are read from folders whose names are UTF-8"):
        open_run(run)


def test_the_bytes_of_a_name_that_is_not_utf_8_are_no_backslashes_in_a_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    named = SimpleNamespace(
        plugins=SimpleNamespace(leading="plugins/gan.py"), dataset=SimpleNamespace(name=printable("nu\udcff"))
    )
    with _shared_run(None, named, World()) as run:
        assert run.path == Path("runs/gan-nu_xff")
