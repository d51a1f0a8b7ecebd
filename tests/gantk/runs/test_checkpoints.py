"""Checkpoints: complete or not there, the newest kept, a full disk survived, nothing unpickled."""

import errno

import pytest
import torch

from gantk import GantkError
from gantk.runs import checkpoints as room
from gantk.runs.checkpoints import Checkpoints
from gantk.training.processes import World


def test_everything_comes_back(tmp_path, make_state):
    saved = make_state(7)
    random = torch.get_rng_state()
    path = Checkpoints(tmp_path).save(saved, World())
    other = make_state(9)
    other.read(path, World())
    assert (other.step, other.positions) == (7, {"images": 47})
    assert torch.equal(torch.get_rng_state(), random)
    assert other.recipe.balance == 7
    for name, tensor in saved.recipe.state_dict().items():
        assert torch.equal(tensor, other.recipe.state_dict()[name]), name
    ours, theirs = (s.movers["generator"].optimizer.state_dict()["state"] for s in (saved, other))
    for index, state in ours.items():
        assert state.keys() == theirs[index].keys()
        assert all(torch.equal(state[name], theirs[index][name]) for name in state)
    assert {path.suffix for path in path.iterdir()} == {".safetensors", ".json"}


def test_only_the_newest_are_kept_and_leftovers_go(tmp_path, make_state):
    checkpoints = Checkpoints(tmp_path, keep=2)
    (tmp_path / "000099.partial").mkdir(parents=True)
    for step in (1, 2, 3):
        checkpoints.save(make_state(step), World())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000002", "000003"]
    assert checkpoints.newest().name == "000003"


def test_steps_that_are_spared_stay(tmp_path, make_state):
    for step in (1, 2, 3):
        Checkpoints(tmp_path, keep=1, spared={1}).save(make_state(step), World())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001", "000003"]


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, monkeypatch, make_state):
    checkpoints = Checkpoints(tmp_path)
    good = checkpoints.save(make_state(1), World())
    before = {path.name: path.read_bytes() for path in good.iterdir()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(room, "flush", full)
    with pytest.raises(
        GantkError,
        match="the disk is full; make room; the last good checkpoint is .*000001; go on with: gantk",
    ) as caught:
        checkpoints.save(make_state(2), World())
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]
    assert {path.name: path.read_bytes() for path in good.iterdir()} == before


def test_no_checkpoint_is_one_clear_line(tmp_path):
    with pytest.raises(GantkError, match="has no checkpoint.*start anew with: gantk train --config .*config.yaml"):
        Checkpoints(tmp_path / "checkpoints").newest()


def test_going_on_is_said_only_where_there_is_a_checkpoint(tmp_path, monkeypatch, make_state):
    monkeypatch.setattr(room, "flush", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(
        GantkError, match="no checkpoint had been saved; start anew with: gantk train --config"
    ) as caught:
        Checkpoints(tmp_path / "checkpoints").save(make_state(1), World())
    assert "--resume" not in str(caught.value)


def test_links_among_checkpoints_are_none_and_what_they_name_stays(tmp_path, make_state):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "kept.txt").write_text("kept")
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    for name in ("000000", "000001", "000002", "000009.partial"):
        (folder / name).symlink_to(precious)
    (folder / "²").mkdir()
    checkpoints = Checkpoints(folder, keep=1)
    checkpoints.save(make_state(1), World())
    checkpoints.save(make_state(2), World())
    assert [path.name for path in checkpoints.all()] == ["000002"]
    assert (precious / "kept.txt").read_text() == "kept"
    assert list(precious.iterdir()) == [precious / "kept.txt"]


def test_a_checkpoint_that_is_being_deleted_is_none(tmp_path, monkeypatch, make_state):
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(make_state(1), World())
    monkeypatch.setattr(room.shutil, "rmtree", lambda *_, **__: None)  # killed before its first file went
    checkpoints.save(make_state(2), World())
    assert [path.name for path in checkpoints.all()] == ["000002"]
    monkeypatch.undo()
    checkpoints.save(make_state(3), World())
    assert [path.name for path in tmp_path.iterdir()] == ["000003"]


def test_going_back_keeps_what_came_after_under_another_name(tmp_path, make_state):
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 3):
        checkpoints.save(make_state(step), World())
    assert [path.name for path in checkpoints.set_aside(1)] == ["000002.aside", "000003.aside"]
    assert checkpoints.newest().name == "000001"
    checkpoints.save(make_state(2), World())
    assert [path.name for path in checkpoints.set_aside(1)] == ["000002-2.aside"]
